package input_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
)

func TestDatasetFolders(t *testing.T) {
	for _, c := range []struct{ name, files, want, wrong string }{
		{"shards in the order of their names", "README.md train-00001-of-00002.parquet train-00000-of-00002.parquet", "train-00000-of-00002.parquet train-00001-of-00002.parquet", ""},
		{"in the folder data", "README.md data/b.parquet data/a.parquet", "data/a.parquet data/b.parquet", ""},
		{"other files beside them", ".hidden.jsonl state.json b.jsonl.zst a.jsonl a.csv", "a.jsonl b.jsonl.zst", ""},
		{"CSV", "x.tsv y.csv.gz", "x.tsv y.csv.gz", ""},
		{"several splits", "data/test-00000-of-00001.parquet data/train-00000-of-00001.parquet", "", "has files of several splits; give those of one, such as '"},
		{"none", "notes.txt", "", "has no data files: want *.parquet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range strings.Fields(c.files) {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			set, err := input.All(&cobra.Command{}, []string{dir})
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("%v, want %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, path := range set.Paths {
				name, err := filepath.Rel(dir, path)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, filepath.ToSlash(name))
			}
			if want := strings.Fields(c.want); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
