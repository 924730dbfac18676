package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// Four answers: figures that one can work out by hand. The bins have (0.9, 1),
// (0.6, 0) and (0.4, 0 of 1 and 1 of 1).
const fourPairs = "confidence,correct\n0.9,1\n0.6,0\n0.4,1\n0.4,0\n"

func TestEvalFigures(t *testing.T) {
	r := finece(t, fourPairs, "eval", "--format", "json", "-")
	r.wants(t, 0)
	var got map[string]any
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatal(err)
	}
	keys := slices.Sorted(maps.Keys(got))
	if want := strings.Fields("accuracy auprc aurc auroc auroc_ci brier ece ece_mass mce n nll smooth_ece"); !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	for name, want := range map[string]float64{
		"n": 4, "accuracy": 0.5,
		"ece":   (0.1 + 0.6 + 2*0.1) / 4,
		"mce":   0.6,
		"brier": (0.01 + 0.36 + 0.36 + 0.16) / 4,
		"nll":   -(math.Log(0.9) + 2*math.Log(0.4) + math.Log(0.6)) / 4,
		"auroc": (1 + 1 + 0 + 0.5) / 4,
	} {
		if v, ok := got[name].(float64); !ok || math.Abs(v-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	lines := linesOf(finece(t, fourPairs, "eval", "-").out)
	if len(lines) != 12 || lines[0] != "n           4" || lines[7] != "auroc       0.6250" {
		t.Errorf("the table is\n%s", strings.Join(lines, "\n"))
	}
	jsonLines := `{"id":1,"correct":true,"confidence":0.9}` + "\n" + `{"confidence":0.6,"correct":0}` + "\n" + `{"confidence":0.4,"correct":1}` + "\n" + `{"confidence":0.4,"correct":false}`
	if other := finece(t, jsonLines, "eval", "--format", "json", "-"); other != r {
		t.Errorf("as JSON Lines: %+v", other)
	}
}

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

func TestEvalModesDifferWhereLibrariesDo(t *testing.T) {
	in := "confidence,correct\n0,1\n0.3,1\n0.3,0\n1,1\n"
	seen := map[string]bool{}
	for _, mode := range []string{"default", "guo"} {
		r := finece(t, in, "eval", "--format", "json", "--mode", mode, "-")
		r.wants(t, 0)
		seen[r.out] = true
	}
	if len(seen) != 2 {
		t.Errorf("a confidence of 0 counts in one of the modes only: %v", seen)
	}
}

func TestEvalLeavesOutWhatIsNoConfidence(t *testing.T) {
	in := strings.Replace(fourPairs, "0.6,0\n", "0.6,0\nvery sure,1\nNaN,0\n,1\n1.5,1\n-0.1,0\n", 1)
	r := finece(t, in, "eval", "--format", "json", "-")
	r.wants(t, exit.Faults, "not a number: 1 (line 4)", "NaN: 1 (line 5)", "blank: 1 (line 6)", "above 1: 1 (line 7)", "below 0: 1 (line 8)", "4 pairs", "5 were left out")
	if want := finece(t, fourPairs, "eval", "--format", "json", "-").out; r.out != want {
		t.Errorf("%s\nwant the figures of the rest\n%s", r.out, want)
	}
}

func TestEvalWithOneClassHasNoAUROC(t *testing.T) {
	const in = "confidence,correct\n0.9,1\n0.5,1\n"
	r := finece(t, in, "eval", "--format", "json", "-")
	r.wants(t, 0, "auroc does not exist: all answers are correct or all are wrong")
	if !strings.Contains(r.out, `"auroc":null,"auroc_ci":[null,null]`) || !strings.Contains(r.out, `"accuracy":1,`) {
		t.Error(r.out)
	}
}

func TestEvalBadInput(t *testing.T) {
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		says     string
	}{
		{"empty", "", nil, exit.Faults, "no pairs"},
		{"a missing column", "a,b\n1,2\n", nil, exit.Faults, `no column "confidence" in the header, which has "a", "b": name the column with --confidence`},
		{"a missing key", `{"p":0.5,"correct":1}`, nil, exit.Faults, `no key "confidence": 1 (line 1)`},
		{"a JSON array", `[{"confidence":0.5,"correct":1}]`, nil, exit.Faults, "JSON Lines"},
		{"deep JSON", `{"confidence":` + strings.Repeat("[", 100_000) + "\n", nil, exit.Faults, "line 1"},
		{"invalid UTF-8", "confidence,correct\n0.5,\xff\n", nil, exit.Faults, `correct is "\xff"`},
		{"an enormous line", `{"confidence":0.5,"x":"` + strings.Repeat("x", 17<<20) + `"}` + "\n", nil, exit.Faults, "longer than 16777216 bytes: 1 (line 1)"},
		{"a quote that never closes", "confidence,correct\n\"" + strings.Repeat("0.5,1\n", 4<<20), nil, exit.Faults, "is a quote missing?"},
		{"cut gzip", "\x1f\x8b\x08\x00\x00\x00", nil, exit.IO, "standard input: gzip: unexpected EOF"},
		{"no such mode", "", []string{"--mode", "x"}, exit.Usage, "want default, guo, sklearn, netcal or torchmetrics"},
		{"no bins", "", []string{"--bins", "0"}, exit.Usage, "want 1 to 65536"},
		{"no such plot", "", []string{"--plot", "x.pdf"}, exit.Usage, ".svg or .png"},
		{"a plot that cannot be written", fourPairs, []string{"--plot", "no/such/folder/x.svg"}, exit.IO, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			finece(t, c.in, append([]string{"eval", "-"}, c.args...)...).wants(t, c.code, c.says)
		})
	}
}

func TestEvalPlots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reliability")
	for _, ext := range []string{".svg", ".png"} {
		finece(t, fourPairs, "eval", "--plot", path+ext, "-").wants(t, 0)
	}
	drawn, err := os.Open(path + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer drawn.Close()
	if picture, err := png.Decode(drawn); err != nil || picture.Bounds().Dx() < 1000 {
		t.Errorf("the PNG: %v", err)
	}
	svg, err := os.ReadFile(path + ".svg")
	if err != nil {
		t.Fatal(err)
	}
	words := ""
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			words += string(text)
		}
	}
	for _, want := range []string{"ECE 0.2250, n = 4", "AURC", "confidence", "accuracy", "coverage", "risk"} {
		if !strings.Contains(words, want) {
			t.Errorf("the SVG does not say %q", want)
		}
	}
}
