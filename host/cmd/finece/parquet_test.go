package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// TestParquet gives a Parquet file to commands that read pairs and answers.
func TestParquet(t *testing.T) {
	type row struct {
		ID         string    `parquet:"id"`
		Answer     string    `parquet:"answer,zstd"`
		Gold       int64     `parquet:"gold"`
		Confidence float64   `parquet:"confidence"`
		Correct    bool      `parquet:"correct"`
		Other      float64   `parquet:"other"`
		Logprobs   []float64 `parquet:"logprobs"`
	}
	path := filepath.Join(t.TempDir(), "pairs.parquet")
	if err := parquet.WriteFile(path, []row{
		{"a", "It is 18.", 18, 0.9, true, 0.5, []float64{-0.5, -0.25}},
		{"b", "It is 17.", 18, 0.25, false, 0.75, []float64{-0.5}},
	}); err != nil {
		t.Fatal(err)
	}
	r := finece(t, "", "eval", "--format", "json", path)
	if !strings.Contains(r.out, `"n":2,`) || !strings.Contains(r.out, `"auroc":1,`) {
		t.Errorf("eval: %s", r.out)
	}
	r = finece(t, "", "eval", "--against", "other", "--by", "gold", "--format", "json", path)
	if !strings.Contains(r.out, `"groups":[{"group":{"gold":"18"},"n":2,`) || !strings.Contains(r.out, `"auroc":1,"auroc_ci":[1,1],"auprc":0.5`) {
		t.Errorf("eval --against --by: %s", r.out)
	}
	finece(t, "", "eval", "--by", "model", path).wants(t, exit.Faults, `no column "model"; the file has`, "name the column with --by")
	r = finece(t, "", "grade", "--overwrite", path)
	r.wants(t, 0)
	if !strings.Contains(r.out, `"id":"a"`) || strings.Count(r.out, `"correct":true}`) != 1 {
		t.Errorf("grade: %s", r.out)
	}
	r = finece(t, "", "score", "--overwrite", path)
	r.wants(t, 0)
	if strings.Count(r.out, `"state":"final"`) != 2 {
		t.Errorf("score: %s", r.out)
	}
	finece(t, "PAR1\x15\x04", "eval", "-").wants(t, exit.IO, "this is Parquet: it cannot be read from standard input; give the file")
}
