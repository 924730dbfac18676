package settings

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// compiled are the files of compiled code in a cache folder.
func compiled(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func start(t *testing.T) {
	t.Helper()
	engine, err := StartCore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	engine.Close()
}

func TestTheCompiledCoreIsKept(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	start(t)
	files := compiled(t, dir)
	if len(files) != 1 {
		t.Fatalf("%q after the first start, want one file", files)
	}
	before, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	start(t)
	after, err := os.Stat(files[0])
	if err != nil || !os.SameFile(before, after) || len(compiled(t, dir)) != 1 {
		t.Errorf("the second start has written %q, %v", compiled(t, dir), err)
	}
	code, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{
		"cut": code[:len(code)/2], "empty": {}, "one byte is wrong": append(append([]byte{}, code[:len(code)-1]...), code[len(code)-1]^1),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(files[0], damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			start(t)
		})
	}
}

func TestNoCacheWhereOthersMayWrite(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	if err := os.Mkdir(filepath.Join(dir, "finece"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "finece"), 0o777); err != nil {
		t.Fatal(err)
	}
	start(t)
	if files := compiled(t, dir); len(files) != 0 {
		t.Errorf("%q", files)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	start(t)
}
