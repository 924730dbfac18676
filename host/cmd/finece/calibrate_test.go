package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract/record"
)

// tooSure returns JSON Lines: one answer to each of questions, correct with a probability of
// 10 to 90 %. Its confidences are far too high at its beginning and right at its end. With
// counts, the lines have k and N instead of correct.
func tooSure(questions int, counts bool) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for q := range questions {
		truth := 0.1 + 0.8*rng.Float64()
		row := func(position string, tokens int, share float64) {
			p := min(truth+share*(1-truth)+0.05*rng.Float64(), 1)
			label := fmt.Sprintf(`"correct":%t`, rng.Float64() < truth)
			if counts {
				k := 0
				for range 10 {
					if rng.Float64() < truth {
						k++
					}
				}
				label = fmt.Sprintf(`"k":%d,"N":10`, k)
			}
			fmt.Fprintf(&b, `{"id":"q%d","position":"p(%s)","tokens":%d,"confidence":%v,%s}`+"\n", q, position, tokens, p, label)
		}
		row("0", 0, 0.7)
		row("1", 30+q%7, 0.5)
		row("2", 100+q%9, 0.3)
		row("z", 150, 0)
	}
	return b.String()
}

type calibrationFile struct {
	Version  int `json:"finece_calibration"`
	Source   string
	Boundary int
	Maps     map[string]struct {
		Method string
		N      int
	}
	Report struct {
		Seed  uint64
		Parts []struct {
			Part          string
			Before, After struct {
				ECE, NLL struct{ Value, Low, High float64 }
			}
			Threshold *struct{ Threshold, Calibrated, Bound *float64 }
		}
	}
}

func TestCalibrateLearnsAMap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	plot := filepath.Join(t.TempDir(), "map.svg")
	in := tooSure(400, true)
	args := []string{"calibrate", "--per-band", "--target-risk", "0.3", "--resamples", "100", "--source", "a test", "-o", path, "-"}
	r := finece(t, in, append(args, "--plot", plot)...)
	r.wants(t, 0)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f calibrationFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	if f.Version != 1 || f.Source != "a test" || f.Boundary != 100 || len(f.Maps) != 3 || f.Maps["late"].N != 8000 || len(f.Report.Parts) != 3 {
		t.Errorf("%+v", f)
	}
	for _, p := range f.Report.Parts {
		if !(p.After.NLL.Value < p.Before.NLL.Value) || !(p.After.ECE.Value < p.Before.ECE.Value) || p.Threshold == nil {
			t.Errorf("%+v", p)
		}
	}
	question := f.Report.Parts[0]
	if question.Before.ECE.Value < 0.25 || question.After.ECE.Value > 0.05 {
		t.Errorf("p(0): ECE %v, then %v", question.Before.ECE, question.After.ECE)
	}
	lines := linesOf(r.out)
	if !strings.HasPrefix(lines[0], "positions  n     questions  method") || !strings.HasPrefix(lines[1], "question   4000  400") ||
		!strings.Contains(r.out, "NLL of") || strings.Count(r.out, ": threshold ") != 3 {
		t.Errorf("the table is\n%s", r.out)
	}
	if c, _, err := calibration.Parse(text); err != nil || c.Boundary != f.Boundary {
		t.Errorf("%v", err)
	}
	svg, err := os.ReadFile(plot)
	if err != nil || !strings.Contains(string(svg), "Before: ECE") || !strings.Contains(string(svg), "After: ECE") {
		t.Errorf("the plot: %v", err)
	}
	// The same rows, method and seed give the same file, also where the rows are CSV.
	again := finece(t, in, args...)
	again.wants(t, 0)
	if second, err := os.ReadFile(path); err != nil || string(second) != string(text) || again.out != r.out {
		t.Errorf("a second run differs: %v", err)
	}
	fromCSV := finece(t, asCSV(t, in), args...)
	fromCSV.wants(t, 0)
	if second, err := os.ReadFile(path); err != nil || string(second) != string(text) {
		t.Errorf("as CSV: %v", err)
	}
}

// asCSV is JSON Lines as CSV.
func asCSV(t *testing.T, text string) string {
	columns := []string{"N", "position", "confidence", "k", "tokens", "id"}
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\n")
	for _, line := range linesOf(text) {
		var row map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		for i, c := range columns {
			b.WriteString([]string{",", ""}[btoi(i == 0)] + strings.Trim(string(row[c]), `"`))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestCalibrationOnlineAndOfflineAgree scores a stream with a calibration, and
// maps the record of its raw confidences by the same file.
func TestCalibrationOnlineAndOfflineAgree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	finece(t, tooSure(200, true), "calibrate", "--per-band", "--method", "beta", "--resamples", "10", "-o", path, "-").wants(t, 0)
	r := finece(t, "", "score", "--calibration", path, "--depth", "0", "--strategy", "periodic", "--every", "20", demoStream)
	r.wants(t, 0)
	var in strings.Builder
	var want []*record.Confidence
	for i, p := range scores(t, r.out)[0].Finece.Positions {
		if !p.HasValue() {
			continue
		}
		at := fmt.Sprint(i)
		if p.Kinds&position.End != 0 {
			at = "z"
		}
		fmt.Fprintf(&in, `{"position":%q,"tokens":%d,"confidence":%v}`+"\n", at, p.Token, p.Raw)
		want = append(want, p)
	}
	r = finece(t, in.String(), "calibrate", "--apply", path, "-")
	r.wants(t, 0)
	lines := linesOf(r.out)
	bands := map[string]int{}
	for i, line := range lines {
		var got struct {
			Confidence, Calibrated float64
			Band                   string
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		bands[got.Band]++
		if w := want[i]; math.Float64bits(got.Calibrated) != math.Float64bits(w.Fused) || !w.Calibrated || w.Source.Map != "beta" || w.Source.Band != got.Band {
			t.Errorf("offline %s\nonline %s", line, w.AppendJSON(nil))
		}
	}
	if len(lines) != len(want) || bands["early"] < 1 || bands["late"] < 2 {
		t.Errorf("%d of %d positions, bands %v", len(lines), len(want), bands)
	}
}

func TestApplyFeedsEval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	in := tooSure(300, false)
	finece(t, in, "calibrate", "--method", "isotonic", "--resamples", "10", "-o", path, "-").wants(t, 0)
	mapped := finece(t, in+`{"confidence":"sure","correct":1}`+"\n", "calibrate", "--apply", path, "-")
	mapped.wants(t, exit.Faults, "not a number: 1 (line 1201)", "1200 rows were used; 1 were left out")
	figures := func(column, in string) (f struct{ ECE, AUROC float64 }) {
		r := finece(t, in, "eval", "--format", "json", "--confidence", column, "-")
		r.wants(t, 0)
		if err := json.Unmarshal([]byte(r.out), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	before, after := figures("confidence", in), figures("calibrated", mapped.out)
	if !(after.ECE < before.ECE/3) || after.AUROC != before.AUROC {
		t.Errorf("before %+v, after %+v", before, after)
	}
	// The correctness is not needed.
	r := finece(t, "confidence\n0.9\n", "calibrate", "--apply", path, "-")
	r.wants(t, 0)
	if !strings.HasPrefix(r.out, `{"line":2,"confidence":0.9,"calibrated":0.`) || strings.Contains(r.out, "correct") {
		t.Error(r.out)
	}
}

// surestBelow returns rows whose lowest confidence is the most often correct. The slope that
// fits them would be negative, so platt's slope is 0 and its map is constant.
func surestBelow() string {
	var b strings.Builder
	b.WriteString("confidence,correct\n")
	for _, c := range []struct {
		p        float64
		right, n int
	}{{0.2, 1000, 1000}, {0.5, 150, 300}, {0.9, 396, 400}} {
		for i := range c.n {
			fmt.Fprintf(&b, "%v,%t\n", c.p, i < c.right)
		}
	}
	return b.String()
}

func TestCalibratedThresholdKeepsTheSameRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	in := surestBelow()
	args := []string{"calibrate", "--target-risk", "0.05", "--resamples", "5", "-o", path, "--method"}
	for method, why := range map[string]string{"platt": "the map is level there", "histogram": "one value to a whole bin"} {
		r := finece(t, in, append(args, method, "-")...)
		r.wants(t, 0)
		if !strings.Contains(r.out, "threshold 0.5001 (raw only, no calibrated one: ") || !strings.Contains(r.out, why) {
			t.Errorf("%s:\n%s", method, r.out)
		}
	}
	for _, method := range []string{"identity", "temperature", "beta", "isotonic"} {
		r := finece(t, in, append(args, method, "-")...)
		r.wants(t, 0)
		_, text, _ := strings.Cut(r.out, "(calibrated ")
		text, _, _ = strings.Cut(text, ")")
		threshold, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%s: %v\n%s", method, err, r.out)
		}
		r = finece(t, in, "calibrate", "--apply", path, "-")
		r.wants(t, 0)
		for _, line := range linesOf(r.out) {
			var row struct{ Confidence, Calibrated float64 }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if (row.Confidence >= 0.5001) != (row.Calibrated >= threshold) {
				t.Fatalf("%s, calibrated threshold %v: %s", method, threshold, line)
			}
		}
	}
}

func TestCalibrateOutsideTheSupport(t *testing.T) {
	path := file(t, "map.json", `{"finece_calibration":1,"maps":{"all":{"method":"identity","n":10,"support":[0.2,0.8]}}}`)
	r := finece(t, "confidence,correct\n0.1,0\n0.5,1\n", "calibrate", "--apply", path, "-")
	r.wants(t, 0)
	lines := linesOf(r.out)
	if len(lines) != 2 || !strings.Contains(lines[0], `"outside_support":true`) || strings.Contains(lines[1], "outside") {
		t.Error(r.out)
	}
	r = finece(t, "", "score", "--calibration", path, demoStream)
	r.wants(t, 0)
	if !strings.Contains(r.out, `"outside":["range"]`) {
		t.Error("a confidence over 0.8 is not marked in score")
	}
}

func TestCalibrateBadInput(t *testing.T) {
	broken := file(t, "broken.json", `{"finece_calibration":2}`)
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		says     string
	}{
		{"N without end", "confidence,k,N\n0.5,4,1000000000\n", nil, exit.Faults, "N from 1 to 1000000"},
		{"a position that is none", "confidence,correct,position\n0.5,1,middle\n", nil, exit.Faults, "position: want"},
		{"tokens that are none", "confidence,correct,tokens\n0.5,1,-3\n", nil, exit.Faults, "tokens: want"},
		{"fewer questions than folds", "confidence,correct\n0.5,1\n0.6,0\n", nil, exit.Faults, "2 questions are too few for 5 folds"},
		{"a risk of NaN", "", []string{"--target-risk", "NaN"}, exit.Usage, "between 0 and 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			finece(t, c.in, append([]string{"calibrate", "-"}, c.args...)...).wants(t, c.code, c.says)
		})
	}
	for _, args := range [][]string{{"score", demoStream}, {"watch", demoStream}, {"serve"}} {
		finece(t, "", append(args, "--calibration", broken)...).wants(t, exit.Usage, "--calibration: ", "want version 1")
		finece(t, "", append(args, "--calibration", "no/such/file")...).wants(t, exit.IO, "--calibration: open")
	}
}

// TestCalibrateRealConfidences calibrates the confidences that a model stated about its own
// answers.
func TestCalibrateRealConfidences(t *testing.T) {
	const model = "gpt-4o-2024-08-06"
	var in strings.Builder
	in.WriteString("confidence,correct\n")
	for _, row := range readCSV(t, needs(t, data+"/mmlu-pro-conf/"+model+".csv.gz")) {
		if v := row["logit_perplexity_confidence"]; v != "" && v != "nan" {
			fmt.Fprintf(&in, "%s,%t\n", v, row["correct_answer"] == row["extracted_answer"])
		}
	}
	path := filepath.Join(t.TempDir(), "map.json")
	r := finece(t, in.String(), "calibrate", "--target-risk", "0.15", "--resamples", "50", "-o", path, "-")
	r.wants(t, 0)
	t.Log("\n" + r.out)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f calibrationFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	part := f.Report.Parts[0]
	if !(part.After.ECE.Value < 0.03) || !(part.Before.ECE.Value > 0.1) {
		t.Errorf("ECE %v, then %v", part.Before.ECE, part.After.ECE)
	}
}
