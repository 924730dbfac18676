package wazero

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm"
)

func TestAnEngineWithACacheOnDisk(t *testing.T) {
	dir := t.TempDir()
	sum := sha256.Sum256(wasm.Core)
	for range 2 { // the second finds what the first left
		engine, err := New(t.Context(), WithCacheDir(dir))
		if err != nil {
			t.Fatal(err)
		}
		if engine.Name() != "wazero" || engine.SHA256() != hex.EncodeToString(sum[:]) {
			t.Errorf("%s %s", engine.Name(), engine.SHA256())
		}
		s, _, err := engine.Open(host.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		if MemorySize(s) == 0 {
			t.Error("an instance has no memory")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) == 0 {
		t.Error("nothing is in the cache's folder")
	}
}

func TestAnEngineThatCannotStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), WithCacheDir(file)); err == nil {
		t.Error("a file was taken for the cache's folder")
	}
	if _, err := New(t.Context(), WithCore([]byte("no module"))); err == nil {
		t.Error("bytes that are no module were taken")
	}
	engine, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	c := host.DefaultConfig()
	c.MaxChoices = 0
	if _, _, err := engine.Open(c); err == nil {
		t.Error("a setting out of range was taken")
	}
	native, _, err := host.Native().Open(host.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if MemorySize(native) != 0 {
		t.Error("a native session has an instance's memory")
	}
}
