package construct_test

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

const data = "../../../shared/data"

// unpacked opens a file of real data. The test is skipped if the file is absent.
func unpacked(t testing.TB, path string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join(data, path))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no real data here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
