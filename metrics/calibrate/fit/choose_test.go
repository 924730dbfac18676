package fit

import (
	"math"
	"slices"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
)

// trueNLL is the NLL of a map where confidences are uniform and calibrated.
func trueNLL(m *calibrate.Map) float64 {
	const steps = 1000
	sum := 0.0
	for i := range steps {
		p := (float64(i) + 0.5) / steps
		q := m.Apply(p)
		sum -= p*math.Log(q) + (1-p)*math.Log(1-q)
	}
	return sum / steps
}

// TestAfterIsWhatNewQuestionsHave compares the reported NLL of a map with its true NLL. The
// data hardly show which method is the best.
func TestAfterIsWhatNewQuestionsHave(t *testing.T) {
	const repeats = 300
	sum, squares, said, worth, lowest := 0.0, 0.0, 0.0, 0.0, 0.0
	for seed := range uint64(repeats) {
		c, r, err := Calibrate(drawn(seed, 30, calibrated), options(func(o *Options) { o.Resamples, o.Seed = 1, seed }))
		if err != nil {
			t.Fatal(seed, err)
		}
		after, truth := r.Parts[0].After.NLL.Value, trueNLL(&c.Maps[0])
		best := slices.MinFunc(r.Parts[0].Candidates, func(x, y Candidate) int { return compare(x.NLL, y.NLL) })
		sum, squares = sum+(after-truth), squares+(after-truth)*(after-truth)
		said, worth, lowest = said+after, worth+truth, lowest+best.NLL
	}
	mean := sum / repeats
	deviation := math.Sqrt((squares/repeats - mean*mean) / (repeats - 1))
	t.Logf("after %.4f, truth %.4f, the lowest candidate %.4f, difference %.4f +- %.4f", said/repeats, worth/repeats, lowest/repeats, mean, deviation)
	if !(mean > -2*deviation) {
		t.Errorf("after is below the truth by %.4f, with a standard error of %.4f", -mean, deviation)
	}
}

// TestAFoldDoesNotKnowItsOutcomes inverts the outcomes of one fold. That changes the choice on
// all rows, but it must not change the values of the fold's own rows.
func TestAFoldDoesNotKnowItsOutcomes(t *testing.T) {
	o := DefaultOptions()
	choices := 0
	for seed := range uint64(10) {
		rows := drawn(seed, 60, calibrated)
		fold, err := folds(rows, o.Folds, seed)
		if err != nil {
			t.Fatal(err)
		}
		before, err := nested(Methods, rows, fold, &o)
		if err != nil {
			t.Fatal(err)
		}
		for f := range o.Folds {
			turned := slices.Clone(rows)
			for i := range turned {
				if fold[i] == f {
					turned[i].Correct = 1 - turned[i].Correct
				}
			}
			after, err := nested(Methods, turned, fold, &o)
			if err != nil {
				t.Fatal(err)
			}
			if after.method != before.method {
				choices++
			}
			for i := range rows {
				if fold[i] == f && after.values[i] != before.values[i] {
					t.Fatalf("seed %d, fold %d, row %d: %v, was %v", seed, f, i, after.values[i], before.values[i])
				}
			}
		}
	}
	if choices == 0 {
		t.Error("no choice changed: the test shows nothing")
	}
}

// TestTooFewQuestionsToChooseBy has two cases. Without a fold, one question remains; or without
// two folds, only correct or only wrong outcomes remain.
func TestTooFewQuestionsToChooseBy(t *testing.T) {
	var two, rare []Row
	for i := range 40 {
		two = append(two, Row{Confidence: float64(i) / 40, Correct: i / 5 % 2, N: 1, Group: i % 2})
		rare = append(rare, Row{Confidence: float64(i) / 40, Correct: 1, N: 1, Group: i})
	}
	fold, err := folds(rare, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	rare[slices.Index(fold, 0)].Correct, rare[slices.Index(fold, 1)].Correct = 0, 0
	for name, c := range map[string]struct {
		rows  []Row
		folds int
	}{"two questions": {two, 2}, "wrong in two folds": {rare, 5}} {
		_, r, err := Calibrate(c.rows, options(func(o *Options) { o.Folds, o.Resamples = c.folds, 5 }))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if name == "two questions" && r.Parts[0].After.NLL.Value != r.Parts[0].Before.NLL.Value {
			t.Errorf("%s: the simplest method, identity, is not taken: %+v", name, r.Parts[0].After)
		}
	}
}
