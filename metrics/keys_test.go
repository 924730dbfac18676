package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A sample of many different confidences has sorted keys. AUROC and ECE are computed from
// them, and have the same bits as from the tied groups.
func TestFiguresOfKeysAreThoseOfGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, repeat := range []int{1, 2, 5} { // pairs for each confidence, on average
		n := 2 * MaxDistinct * repeat
		conf, correct := make([]float64, n), make([]bool, n)
		for i := range conf {
			conf[i] = float64(rng.IntN(2*MaxDistinct)) / (2 * MaxDistinct)
			correct[i] = rng.Float64() < conf[i]
		}
		s, err := NewSample(conf, correct)
		if err != nil || s.groups != nil || len(s.keys) != n {
			t.Fatalf("%d pairs are %d groups and %d keys, %v", n, len(s.groups), len(s.keys), err)
		}
		auroc, err1 := s.AUROC()
		ece, err2 := s.ECE(DefaultBinning())
		groups := s.tied()
		if err1 != nil || err2 != nil || repeat > 1 && len(groups) >= n/2 {
			t.Fatalf("%d groups of %d pairs, %v, %v", len(groups), n, err1, err2)
		}
		wantAUROC, err1 := s.AUROC()
		wantECE, err2 := s.ECE(DefaultBinning())
		if err1 != nil || err2 != nil || math.Float64bits(auroc) != math.Float64bits(wantAUROC) || math.Float64bits(ece) != math.Float64bits(wantECE) {
			t.Errorf("%d pairs: AUROC %v and ECE %v of keys, %v and %v of groups", n, auroc, ece, wantAUROC, wantECE)
		}
		// By the definition: each group's correct answers against the wrong ones below.
		pairs, below := 0.0, 0.0
		for _, g := range groups {
			pairs += float64(g.right) * (below + float64(g.wrong)/2)
			below += float64(g.wrong)
		}
		if want := pairs / (float64(s.right) * float64(s.wrong)); math.Abs(auroc-want) > 1e-12 {
			t.Errorf("%d pairs: AUROC %v, want %v", n, auroc, want)
		}
	}
}

func TestDeLongNeedsTwoOfEachClass(t *testing.T) {
	for _, c := range []struct {
		right, wrong int
		want         error
	}{{0, 5, ErrOneClass}, {5, 0, ErrOneClass}, {1, 5, ErrTooFew}, {5, 1, ErrTooFew}, {2, 2, nil}, {2, 5, nil}, {5, 2, nil}} {
		var conf []float64
		var correct []bool
		for i := range c.right + c.wrong {
			conf = append(conf, float64(i*7%10)/10)
			correct = append(correct, i < c.right)
		}
		s, err := NewSample(conf, correct)
		if err != nil {
			t.Fatal(err)
		}
		iv, err := s.DeLong(0.9)
		if err != c.want || (err == nil) != (iv.Low <= iv.High) {
			t.Errorf("%d correct, %d wrong: %+v, %v, want %v", c.right, c.wrong, iv, err, c.want)
		}
	}
}

func TestAnAccumulatorHasTheBinsOfTheSample(t *testing.T) {
	a, err := NewAccumulator(Binning{Bins: 5})
	if err != nil {
		t.Fatal(err)
	}
	if bins, err := a.Reliability(); err != ErrEmpty || len(bins) > 0 {
		t.Errorf("no pairs: %v, %v", bins, err)
	}
	conf, correct := []float64{0.1, 0.3, 0.3, 0.9, 1}, []bool{false, true, false, true, true}
	for i := range conf {
		a.Add(conf[i], correct[i])
	}
	s, err := NewSample(conf, correct)
	if err != nil {
		t.Fatal(err)
	}
	got, err1 := a.Reliability()
	want, err2 := s.Reliability(Binning{Bins: 5})
	if err1 != nil || err2 != nil || len(got) != 5 || len(want) != 5 {
		t.Fatalf("%v (%v), want %v (%v)", got, err1, want, err2)
	}
	for i := range want {
		if got[i].Count != want[i].Count || got[i].Correct != want[i].Correct || got[i].High != want[i].High ||
			got[i].Confidence != want[i].Confidence && want[i].Count > 0 {
			t.Errorf("bin %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}
