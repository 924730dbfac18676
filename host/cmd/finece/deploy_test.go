package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// finece serve accepts the files of settings in the examples for containers.
func TestDeployedSettings(t *testing.T) {
	compose, err := os.ReadFile("deploy/serve.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := os.Open("deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	var first struct {
		Kind string
		Data map[string]string
	}
	if err := yaml.NewDecoder(cluster).Decode(&first); err != nil || first.Kind != "ConfigMap" {
		t.Fatalf("the first object is of kind %q (%v), want ConfigMap", first.Kind, err)
	}
	for name, text := range map[string]string{"compose": string(compose), "kubernetes": first.Data["serve.yaml"]} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			finece(t, "", "key", "new", filepath.Join(dir, "keys.txt")).wants(t, 0, "keys.txt")
			path := filepath.Join(dir, "serve.yaml")
			text = strings.ReplaceAll(text, "/etc/finece/secret/", "") // the key's files are in this folder
			if err := os.WriteFile(filepath.Join(dir, "upstream-key"), []byte("sk-test\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := finece(t, "", "serve", "--config", path, "--print-config")
			r.wants(t, 0)
			for _, want := range []string{"policy: annotate", "metrics_listen: 0.0.0.0:9090"} {
				if !strings.Contains(r.out, want) {
					t.Errorf("the settings lack %s:\n%s", want, r.out)
				}
			}
		})
	}
}
