package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeBlock is a shell example of the README that this test runs.
var readmeBlock = regexp.MustCompile("(?s)<!-- run by TestReadme -->\n```sh\n(.*?)```")

// TestReadme runs the README's examples as they stand, but for the port.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := readmeBlock.FindAllStringSubmatch(string(text), -1)
	for i, c := range []struct {
		name string
		out  []string          // what the example prints, in this order
		file map[string]string // what the files that it leaves contain
	}{
		{"serve", []string{`"content":`, `"finece":{"version":1,`, `"type":"confidence"`, `"kinds":["end"]`}, nil},
		{"batch", []string{"auroc", "auroc"}, map[string]string{"scores.jsonl": `"calibrated":false`, "calibrated.jsonl": `"calibrated":true`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if i >= len(blocks) {
				t.Fatalf("the README has %d examples for this test", len(blocks))
			}
			dir := t.TempDir()
			answers, err := os.ReadFile("testdata/answers.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "answers.jsonl"), answers, 0o600); err != nil {
				t.Fatal(err)
			}
			script := strings.ReplaceAll(blocks[i][1], "127.0.0.1:8080", freeAddress(t))
			command := exec.Command("bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+script)
			command.Dir = dir
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			rest := string(out)
			for _, want := range c.out {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("the output lacks %s:\n%s", want, out)
				}
				rest = after
			}
			for name, want := range c.file {
				if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(data), want) {
					t.Errorf("%s lacks %s (%v)", name, want, err)
				}
			}
		})
	}
}

// freeAddress is a loopback address that nothing listens on now.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
