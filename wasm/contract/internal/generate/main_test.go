package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A table was changed and the files made from it were not.
func TestGeneratedFilesAreFresh(t *testing.T) {
	for path, write := range generated {
		want, err := write()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := os.ReadFile(filepath.Join("../../../..", path))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run go generate ./wasm/contract", path)
		}
	}
}
