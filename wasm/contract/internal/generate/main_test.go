package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const root = "../../../.."

// This test fails if a table was changed without generating the files again.
func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := all(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run go generate ./wasm/contract", path)
		}
	}
}

func TestMarkersAreFilled(t *testing.T) {
	for text, want := range map[string]string{
		"no marker":                            "no marker",
		"a\n<!-- x -->\nold\n<!-- /x -->\nb\n": "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n",
		"<!-- x -->\n<!-- /x -->":              "<!-- x -->\nnew\n<!-- /x -->",
	} {
		if got, err := between([]byte(text), "x", "new\n"); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := between([]byte("<!-- x -->\n"), "x", ""); err == nil {
		t.Error("a marker that is not closed was accepted")
	}
}
