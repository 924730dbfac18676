package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// TestEvalPublishedFigures recomputes with the command what the authors of the
// LLM Calibration Study published: ten bins by the Guo rule, in float32.
func TestEvalPublishedFigures(t *testing.T) {
	published := readCSV(t, needs(t, data+"/mmlu-pro-conf/published_ece_auroc.csv"))
	columns := map[string][]string{} // that have a figure, of a model and category
	for _, p := range published {
		key := p["model_file"] + "/" + p["category"]
		columns[key] = append(columns[key], p["confidence_column"])
	}
	rows := map[string][]map[string]string{}
	for _, p := range published {
		model := p["model_file"]
		if rows[model] == nil {
			rows[model] = readCSV(t, data+"/mmlu-pro-conf/"+model+".csv.gz")
		}
		var in strings.Builder
		in.WriteString("p,ok\n")
		for _, row := range rows[model] {
			blank := func(column string) bool { return row[column] == "" || row[column] == "nan" }
			if row["category"] == p["category"] && !slices.ContainsFunc(columns[model+"/"+p["category"]], blank) {
				fmt.Fprintf(&in, "%s,%t\n", row[p["confidence_column"]], row["correct_answer"] == row["extracted_answer"])
			}
		}
		// In this process: there are hundreds of them.
		var out, stderr bytes.Buffer
		root := newRoot()
		root.SetArgs([]string{"eval", "--mode", "guo", "--format", "json", "--resamples", "1", "--confidence", "p", "--correct", "ok", "-"})
		root.SetIn(strings.NewReader(in.String()))
		root.SetOut(&out)
		root.SetErr(&stderr)
		if err := root.Execute(); err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		var got struct{ N, Accuracy, ECE, AUROC float64 }
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name      string
			got, most float64
		}{{"n", got.N, 0}, {"published_accuracy", got.Accuracy, 1e-12}, {"published_ece", got.ECE, 3e-6}, {"published_auroc", got.AUROC, 1e-9}} {
			if want, err := strconv.ParseFloat(p[c.name], 64); err != nil || !(math.Abs(c.got-want) <= c.most) {
				t.Errorf("%s %s %s: %s is %v, published %s", model, p["category"], p["confidence_column"], c.name, c.got, p[c.name])
			}
		}
	}
	if len(published) != 275 {
		t.Errorf("%d published figures, expected 275", len(published))
	}
}

func readCSV(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if filepath.Ext(path) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, v := range record {
			row[records[0][i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

func TestEvalBadInput(t *testing.T) {
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		says     string
	}{
		{"deep JSON", `{"confidence":` + strings.Repeat("[", 100_000) + "\n", nil, exit.Faults, "line 1"},
		{"invalid UTF-8", "confidence,correct\n0.5,\xff\n", nil, exit.Faults, `correct is "\xff"`},
		{"an enormous line", `{"confidence":0.5,"x":"` + strings.Repeat("x", 17<<20) + `"}` + "\n", nil, exit.Faults, "longer than 16777216 bytes: 1 (line 1)"},
		{"a quote that never closes", "confidence,correct\n\"" + strings.Repeat("0.5,1\n", 4<<20), nil, exit.Faults, "is a quote missing?"},
		{"cut gzip", "\x1f\x8b\x08\x00\x00\x00", nil, exit.IO, "standard input: this is gzip: unexpected EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			finece(t, c.in, append([]string{"eval", "-"}, c.args...)...).wants(t, c.code, c.says)
		})
	}
}
