package metrics

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// pairsFrom reads pairs of 9 bytes: the bits of a confidence and a label whose
// upper bits may map the confidence to a multiple of 1/10 or 1/30.
func pairsFrom(data []byte) (conf []float64, correct []bool) {
	for ; len(data) >= 9; data = data[9:] {
		b := binary.LittleEndian.Uint64(data)
		v := math.Float64frombits(b)
		switch data[8] >> 1 % 4 {
		case 1:
			v = float64(b%11) / 10
		case 2:
			v = float64(b%31) / 30
		case 3:
			v = float64(b>>11) / (1 << 53)
		}
		conf = append(conf, v)
		correct = append(correct, data[8]&1 == 1)
	}
	return conf, correct
}

func FuzzMetrics(f *testing.F) {
	f.Add([]byte{})
	for kind := range byte(8) {
		seed := make([]byte, 0, 9*40)
		for i := range byte(40) {
			seed = append(seed, i*37, i*91, i, 255-i, i, i*3, i*5, 63, kind<<1|i&1)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		conf, correct := pairsFrom(data)
		var s Sample
		if err := s.ResetValid(conf, correct); err != nil {
			t.Fatal(err)
		}
		invalid := uint64(0)
		for _, v := range conf {
			if !(v >= 0 && v <= 1) {
				invalid++
			}
		}
		if s.Rejected() != invalid || s.N() != uint64(len(conf))-invalid {
			t.Fatalf("%d pairs, %d rejected; want %d rejected of %d", s.N(), s.Rejected(), invalid, len(conf))
		}
		if _, err := AUROC(conf, correct); invalid > 0 {
			if v, ok := err.(*ValueError); !ok || conf[v.Index] >= 0 && conf[v.Index] <= 1 {
				t.Fatalf("%d invalid values, but the error is %v", invalid, err)
			}
		}
		if s.N() == 0 {
			return
		}
		for rule := range ruleCount {
			b := Binning{rule, 1 + len(data)%31}
			checkBinning(t, &s, b)
			if rule != EqualMass {
				checkMerge(t, b, conf, correct, s.N())
			}
		}
		checkRanking(t, &s)
		checkPermutation(t, &s, conf, correct)
	})
}

func inUnit(t *testing.T, what string, v float64, err error) {
	t.Helper()
	if err != nil || !(v >= 0 && v <= 1+1e-12) {
		t.Errorf("%s = %v, %v", what, v, err)
	}
}

func checkBinning(t *testing.T, s *Sample, b Binning) {
	ece, err := s.ECE(b)
	inUnit(t, "ECE", ece, err)
	mce, err := s.MCE(b)
	inUnit(t, "MCE", mce, err)
	rms, err := s.RMSCE(b)
	inUnit(t, "RMSCE", rms, err)
	debiased, err := s.DebiasedECE(b)
	inUnit(t, "debiased ECE", debiased, err)
	if ece > mce+1e-12 || ece > rms+1e-12 || rms > mce+1e-12 || debiased > rms+1e-12 {
		t.Errorf("%v: ECE %v, RMSCE %v, debiased %v, MCE %v are out of order", b, ece, rms, debiased, mce)
	}
	bins, err := s.Reliability(b)
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	rounding := 1e-15
	if b.Rule == Guo {
		rounding = 1e-7 // Guo's rule rounds confidences to float32
	}
	for _, bin := range bins {
		n += bin.Count
		if bin.Count > 0 && !(bin.Confidence >= bin.Low-rounding && bin.Confidence <= bin.High+rounding) {
			t.Errorf("%v: mean confidence outside of the bin %+v", b, bin)
		}
	}
	if n != s.N() && b.Rule != Guo {
		t.Errorf("%v: %d pairs in bins, %d in all", b, n, s.N())
	}
	d, err := s.BrierDecomposition(b)
	inUnit(t, "Brier", d.Brier, err)
	if sum := d.Reliability - d.Resolution + d.Uncertainty + d.WithinVariance - d.WithinCovariance; math.Abs(sum-d.Brier) > 1e-12 {
		t.Errorf("%v: the parts of the Brier score add up to %v: %+v", b, sum, d)
	}
}

// checkMerge splits the pairs in two and merges them in both orders. The state and the ECE
// must be those of one pass.
func checkMerge(t *testing.T, b Binning, conf []float64, correct []bool, n uint64) {
	whole := accumulate(t, b, conf, correct)
	cut := len(conf) / 3
	x, y := accumulate(t, b, conf[:cut], correct[:cut]), accumulate(t, b, conf[cut:], correct[cut:])
	back, err := ParseAccumulator(state(t, y))
	if err != nil {
		t.Fatal(err)
	}
	if err := y.Merge(x); err != nil {
		t.Fatal(err)
	}
	if err := x.Merge(back); err != nil {
		t.Fatal(err)
	}
	want := state(t, whole)
	if !bytes.Equal(state(t, x), want) || !bytes.Equal(state(t, y), want) {
		t.Errorf("%v: merging is not one pass", b)
	}
	if whole.N() != n {
		t.Errorf("%d pairs accumulated of %d", whole.N(), n)
	}
	// A folded state has the same digits as an exact one.
	folded := accumulate(t, b, conf, correct)
	e1, _ := folded.ECE()
	if folded.Exact() {
		folded.fold()
	}
	if e2, _ := folded.ECE(); e1 != e2 {
		t.Errorf("%v: ECE %v exact, %v folded", b, e1, e2)
	}
}

func checkRanking(t *testing.T, s *Sample) {
	aurc, err := s.AURC()
	inUnit(t, "AURC", aurc, err)
	augrc, err := s.AUGRC()
	inUnit(t, "AUGRC", augrc, err)
	auroc, err := s.AUROC()
	if err != nil {
		return
	}
	inUnit(t, "AUROC", auroc, nil)
	ap, err := s.AveragePrecision()
	inUnit(t, "average precision", ap, err)
	if prr, err := s.PRR(); err != nil || !(prr <= 1+1e-12) {
		t.Errorf("PRR = %v, %v", prr, err)
	}
	acc, _ := s.Accuracy()
	if want := (1-auroc)*acc*(1-acc) + (1-acc)*(1-acc)/2; math.Abs(augrc-want) > 1e-12 {
		t.Errorf("AUGRC = %v, from AUROC it is %v", augrc, want)
	}
	// 1-c reverses the order and keeps ties only where it is exact. So it is tested on ranks.
	var ranks Sample
	groups := s.tied()
	for i := len(groups) - 1; i >= 0; i-- {
		ranks.groups = append(ranks.groups, groups[i])
	}
	ranks.right, ranks.wrong = s.right, s.wrong
	if reversed, err := ranks.AUROC(); err != nil || math.Abs(auroc+reversed-1) > 1e-15 {
		t.Errorf("AUROC %v, of the reverse %v, %v", auroc, reversed, err)
	}
}

// checkPermutation reverses the pairs. The bits must be the same.
func checkPermutation(t *testing.T, s *Sample, conf []float64, correct []bool) {
	c, y := slices.Clone(conf), slices.Clone(correct)
	slices.Reverse(c)
	slices.Reverse(y)
	var r Sample
	if err := r.ResetValid(c, y); err != nil {
		t.Fatal(err)
	}
	for m := range metricCount {
		a, errA := s.Value(m, DefaultBinning())
		b, errB := r.Value(m, DefaultBinning())
		if errA != errB || !sameBits(a, b) {
			t.Errorf("metric %d is %v, %v, of the reversed pairs %v, %v", m, a, errA, b, errB)
		}
	}
}

func FuzzParseAccumulator(f *testing.F) {
	f.Add([]byte(codecMagic))
	for _, n := range []int{0, 3, 1500} {
		conf, correct := simulated(n, shapes[0].draw)
		for _, rule := range []Rule{RightClosed, Guo} {
			f.Add(state(f, accumulate(f, Binning{rule, 3}, conf, correct)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseAccumulator(data)
		if err != nil {
			if err != ErrFormat || a != nil {
				t.Fatalf("%v, %v", a, err)
			}
			return
		}
		if !bytes.Equal(state(t, a), data) {
			t.Fatal("what was read is written back differently")
		}
		if a.N() == 0 {
			return
		}
		ece, err := a.ECE()
		inUnit(t, "ECE", ece, err)
		if b, err := a.AUROC(); err == nil {
			inUnit(t, "AUROC", b.Value, nil)
			if !(b.Low >= 0 && b.Low <= b.Value && b.Value <= b.High && b.High <= 1) {
				t.Errorf("AUROC %+v", b)
			}
		}
		if !a.Exact() {
			r, err := a.Evaluate(DefaultOptions())
			inUnit(t, "Brier", r.Brier, err)
			inUnit(t, "mean confidence", r.MeanConfidence, err)
		}
		if err := a.Merge(a); err != nil && err != ErrOverflow {
			t.Error(err)
		}
	})
}
