package metrics

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

const dataFolder = "../../shared/data"

// openData opens a gzipped file of the data folder or skips the test.
func openData(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join(dataFolder, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real data here: %s is not in %s", name, dataFolder)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if filepath.Ext(name) != ".gz" {
		return f
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func readCSV(t *testing.T, name string) (rows []map[string]string) {
	t.Helper()
	records, err := csv.NewReader(openData(t, name)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1:] {
		row := make(map[string]string, len(r))
		for i, v := range r {
			row[records[0][i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

// TestPublishedFigures recomputes ECE and AUROC that the authors of the LLM Calibration Study
// published for twelve models by category. Theirs are of ten bins by the Guo rule in float32.
// A row of a category counts if all its confidences with a published figure are numbers.
func TestPublishedFigures(t *testing.T) {
	published := readCSV(t, "mmlu-pro-conf/published_ece_auroc.csv")
	columns := map[[2]string]map[string]bool{} // model, category: columns with a figure
	for _, p := range published {
		key := [2]string{p["model_file"], p["category"]}
		if columns[key] == nil {
			columns[key] = map[string]bool{}
		}
		columns[key][p["confidence_column"]] = true
	}
	models := map[string][]map[string]string{}
	var s Sample
	for _, p := range published {
		file := p["model_file"]
		if models[file] == nil {
			models[file] = readCSV(t, "mmlu-pro-conf/"+file+".csv.gz")
		}
		var conf []float64
		var correct []bool
	rows:
		for _, row := range models[file] {
			if row["category"] != p["category"] {
				continue
			}
			for c := range columns[[2]string{file, p["category"]}] {
				if v, err := strconv.ParseFloat(row[c], 64); err != nil || math.IsNaN(v) {
					continue rows
				}
			}
			v, _ := strconv.ParseFloat(row[p["confidence_column"]], 64)
			conf = append(conf, v)
			correct = append(correct, row["correct_answer"] == row["extracted_answer"])
		}
		figure := func(name string) float64 {
			v, err := strconv.ParseFloat(p[name], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if n := figure("n"); float64(len(conf)) != n {
			t.Errorf("%v: %d rows, published for %v", p, len(conf), n)
			continue
		}
		if err := s.Reset(conf, correct); err != nil {
			t.Errorf("%s %s %s: %v", file, p["category"], p["confidence_column"], err)
			continue
		}
		ece, err := s.ECE(Binning{Guo, 10})
		if err != nil || math.Abs(ece-figure("published_ece")) > 3e-6 {
			t.Errorf("%s %s %s: ECE %.9f (%v), published %.9f", file, p["category"], p["confidence_column"], ece, err, figure("published_ece"))
		}
		auroc, err := s.AUROC()
		if err != nil || math.Abs(auroc-figure("published_auroc")) > 1e-9 {
			t.Errorf("%s %s %s: AUROC %.12f (%v), published %.12f", file, p["category"], p["confidence_column"], auroc, err, figure("published_auroc"))
		}
		acc, err := s.Accuracy()
		if err != nil || math.Abs(acc-figure("published_accuracy")) > 1e-12 {
			t.Errorf("%s %s: accuracy %v (%v), published %v", file, p["category"], acc, err, figure("published_accuracy"))
		}
	}
	t.Logf("%d published figures of each kind recomputed", len(published))
	if len(published) != 275 {
		t.Errorf("%d rows of published figures, expected 275", len(published))
	}
}

// TestMonteCarloLabels has 100 sampled answers to each Game of 24 puzzle. 30 of them give the
// puzzle a confidence k/30, and the other 70 are the outcomes. The expected figures were
// computed in plain Python with bins [lo, hi).
func TestMonteCarloLabels(t *testing.T) {
	for _, c := range []struct {
		file       string
		ece, auroc float64
	}{
		{"game24_gpt-4_cot_100samples.json.gz", 0.011571, 0.852865},
		{"game24_gpt-4_io_100samples.json.gz", 0.008190, 0.962497},
	} {
		var puzzles []struct {
			Infos []struct{ R int }
			Accs  []bool
		}
		if err := json.NewDecoder(openData(t, "tot-samples/"+c.file)).Decode(&puzzles); err != nil {
			t.Fatal(err)
		}
		a, err := NewAccumulator(Binning{Netcal, 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range puzzles {
			correct := p.Accs // one file has booleans, the other records
			for _, v := range p.Infos {
				correct = append(correct, v.R == 1)
			}
			k := 0
			for _, v := range correct[:30] {
				if v {
					k++
				}
			}
			for _, v := range correct[30:] {
				a.Add(float64(k)/30, v)
			}
		}
		near(t, c.file+" ECE", must[float64](t)(a.ECE()), c.ece, 5e-7)
		near(t, c.file+" AUROC", must[Bounded](t)(a.AUROC()).Value, c.auroc, 5e-7)
	}
}
