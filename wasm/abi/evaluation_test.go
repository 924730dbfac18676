package abi

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/metrics"
)

// The worked example in the comment of Evaluation.
func TestTheDocumentedEvaluationHolds(t *testing.T) {
	e, err := Evaluate([]float64{0.75}, []bool{true}, metrics.Binning{Bins: 1})
	if err != nil {
		t.Fatal(err)
	}
	answer := AppendEvaluation(nil, &e)
	rows, size := binary.LittleEndian.Uint32(answer), binary.LittleEndian.Uint32(answer[4:])
	if int(rows) != len(metrics.Figures) || len(answer) != evaluationHeader+int(size)+binSize {
		t.Fatalf("%d rows in %d bytes, %d bytes in all", rows, size, len(answer))
	}
	got := hex.EncodeToString(answer[evaluationHeader:])
	for _, part := range []string{
		"18000000 01000001 000000000000f03f 6e00000000000000",
		"18000000 06000205 010000000000f87f 6175726f63000000",
		"0000000000000000 000000000000f03f 0100000000000000 0100000000000000 000000000000e83f 000000000000f03f",
	} {
		if at := strings.Index(got, strings.ReplaceAll(part, " ", "")); at < 0 {
			t.Errorf("%s\nhas not %s", got, part)
		} else {
			got = got[at:]
		}
	}
}

func TestAnEvaluationOfOneClassHasNoAUROC(t *testing.T) {
	e, err := Evaluate([]float64{0.2, 0.8}, []bool{true, true}, metrics.DefaultBinning())
	if err != nil {
		t.Fatal(err)
	}
	auroc, ok1 := e.Value("auroc")
	ece, ok2 := e.Value("ece")
	if !ok1 || !ok2 || !math.IsNaN(auroc) || math.Abs(ece-0.5) > 1e-15 {
		t.Errorf("AUROC %v, ECE %v", auroc, ece)
	}
	for _, r := range e.Rows {
		if (r.Why == metrics.ErrOneClass) != (r.Name == "auroc" || r.Name == "brier_skill") || (r.Why != 0) != math.IsNaN(r.Value) {
			t.Errorf("%+v", r)
		}
	}
	if _, ok := e.Value("auprc"); ok {
		t.Error("there is a row for a figure that the core does not compute")
	}
}

func TestAnEvaluationOfNothingSaysSo(t *testing.T) {
	e, err := Evaluate(nil, nil, metrics.DefaultBinning())
	if err != nil || len(e.Bins) > 0 {
		t.Fatalf("%+v, %v", e, err)
	}
	for _, r := range e.Rows {
		count := r.Name == "n" || r.Name == "correct"
		if count && (r.Value != 0 || r.Why != 0) || !count && (!math.IsNaN(r.Value) || r.Why != metrics.ErrEmpty) {
			t.Errorf("%+v", r)
		}
	}
}

func TestAWrongInputHasNoEvaluation(t *testing.T) {
	for _, c := range []struct {
		name    string
		conf    []float64
		binning metrics.Binning
		want    string
	}{
		{"a confidence over 1", []float64{1.5}, metrics.DefaultBinning(), "confidence 0 is 1.5"},
		{"no bins", []float64{0.5}, metrics.Binning{}, "1 to 65536 bins"},
		{"too many bins", []float64{0.5}, metrics.Binning{Bins: metrics.MaxBins + 1}, "1 to 65536 bins"},
		{"no such rule", []float64{0.5}, metrics.Binning{Rule: 200, Bins: 10}, "a known binning rule"},
	} {
		if e, err := Evaluate(c.conf, make([]bool, len(c.conf)), c.binning); err == nil || !strings.Contains(err.Error(), c.want) || len(e.Rows) > 0 {
			t.Errorf("%s: %v, %v", c.name, e, err)
		}
	}
}

func TestEvaluationsAreReadAsTheyWereWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		n := 1 + rng.IntN(50)
		conf, correct := make([]float64, n), make([]bool, n)
		for i := range conf {
			conf[i], correct[i] = rng.Float64(), rng.IntN(2) == 0
		}
		correct[0] = !correct[n-1] || n == 1 // both correct and wrong answers, so that no figure is NaN
		binning := metrics.Binning{Rule: metrics.Rule(rng.IntN(6)), Bins: 1 + rng.IntN(20)}
		want, err := Evaluate(conf, correct, binning)
		if err != nil {
			t.Fatal(err)
		}
		data := AppendEvaluation(nil, &want)
		got, err := ReadEvaluation(data)
		if err != nil || len(got.Rows) != len(want.Rows) || len(got.Bins) != len(want.Bins) {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
		if again := AppendEvaluation(nil, &got); string(again) != string(data) {
			t.Fatalf("read and written again\n%x\nwant\n%x", again, data)
		}
		input := AppendEvaluateInput(nil, conf, correct, binning)
		if most := EvaluationSize(input); len(data) > most {
			t.Fatalf("%d bytes, EvaluationSize says %d", len(data), most)
		}
		for cut := range data {
			if e, err := ReadEvaluation(data[:cut]); err == nil {
				t.Fatalf("%d of %d bytes were read as %+v", cut, len(data), e)
			}
		}
	}
}

// A future core may have more figures, longer rows and longer bins.
func TestMoreThanIsKnownIsRead(t *testing.T) {
	data := words(nil, 2, 24+32, 1, 56)
	data = append(words(data, 24), 77, 1, 0, 3) // id 256+77
	data = append(floats(data, 0.25), "new\x00\x00\x00\x00\x00"...)
	data = append(words(data, 32), 3, 0, 0, 3)
	data = append(floats(data, 0.5), "ece\x00\x00\x00\x00\x00"...)
	data = floats(data, 99)
	data = integers(floats(data, 0, 1), 2, 1)
	data = floats(data, 0.5, 0.25, 99)
	got, err := ReadEvaluation(data)
	want := Evaluation{
		Rows: []Row{{333, "new", 0.25, 0}, {3, "ece", 0.5, 0}},
		Bins: []metrics.Bin{{Low: 0, High: 1, Count: 2, Correct: 1, Confidence: 0.5, Accuracy: 0.25}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func FuzzReadEvaluation(f *testing.F) {
	e, err := Evaluate([]float64{0.25, 0.75}, []bool{false, true}, metrics.Binning{Bins: 2})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(AppendEvaluation(nil, &e))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ReadEvaluation(data)
		if err != nil {
			return
		}
		again, err := ReadEvaluation(AppendEvaluation(nil, &e))
		if err != nil || len(again.Rows) != len(e.Rows) || len(again.Bins) != len(e.Bins) {
			t.Fatalf("%+v, written and read again %+v (%v)", e, again, err)
		}
	})
}
