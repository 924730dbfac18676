package input

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// kinds are the endings of data files in a folder. If a folder has several kinds, the first one
// here is read.
var kinds = [][]string{
	{".parquet"},
	{".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".ndjson.gz", ".ndjson.zst"},
	{".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst"},
}

// dataset returns the data files of a folder in the order of their names. As in Hugging Face
// datasets, the files are in the folder, or in its folder data.
func dataset(folder string) ([]string, error) {
	for _, dir := range []string{folder, filepath.Join(folder, "data")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			if dir != folder && os.IsNotExist(err) {
				break
			}
			return nil, err
		}
		for _, endings := range kinds {
			var files []string
			for _, e := range entries {
				name := e.Name()
				has := func(ending string) bool { return strings.HasSuffix(name, ending) }
				if !e.IsDir() && !strings.HasPrefix(name, ".") && slices.ContainsFunc(endings, has) {
					files = append(files, filepath.Join(dir, name))
				}
			}
			if len(files) > 0 {
				return files, oneSplit(dir, files)
			}
		}
	}
	return nil, fmt.Errorf("%s has no data files: want *.parquet, *.jsonl or *.csv in this folder or in its subfolder data", folder)
}

// ofSplit finds the split at the beginning of a shard's name, such as train-00000-of-00003.parquet.
var ofSplit = regexp.MustCompile(`^(train|test|validation|valid|val|dev)\b`)

// oneSplit returns an error if files are of several splits.
func oneSplit(dir string, files []string) error {
	var splits []string
	for _, f := range files {
		if s := ofSplit.FindString(filepath.Base(f)); !slices.Contains(splits, s) {
			splits = append(splits, s)
		}
	}
	if len(splits) < 2 {
		return nil
	}
	return fmt.Errorf("%s has files of several splits; give those of one, such as '%s'", dir, filepath.Join(dir, splits[len(splits)-1]+"*"))
}
