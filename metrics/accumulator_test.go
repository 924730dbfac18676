package metrics

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

var fixedRules = []Rule{RightClosed, Guo, Sklearn, Netcal, Torchmetrics}

func accumulate(t testing.TB, b Binning, conf []float64, correct []bool) *Accumulator {
	t.Helper()
	a, err := NewAccumulator(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range conf {
		a.Add(v, correct[i])
	}
	return a
}

func state(t testing.TB, a *Accumulator) []byte {
	t.Helper()
	buf, err := a.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return buf
}

// drawn returns n pairs with at most distinct different confidences. Edges of bins and invalid
// values are among them.
func drawn(rng *rand.Rand, n, distinct int) ([]float64, []bool) {
	conf, correct := make([]float64, n), make([]bool, n)
	for i := range conf {
		switch k := rng.IntN(distinct); {
		case k < 11:
			conf[i] = float64(k) / 10
		case k%50 == 0:
			conf[i] = math.Ldexp(1, -k)
		case k == 13:
			conf[i] = math.NaN()
		default:
			conf[i] = float64(k) / float64(distinct)
		}
		correct[i] = rng.Float64() < conf[i]
	}
	return conf, correct
}

// TestMergeInAnyOrder shuffles pairs, deals them to workers, encodes and merges the states in
// any order. The bytes of the result are those of one pass.
func TestMergeInAnyOrder(t *testing.T) {
	for _, distinct := range []int{12, 900, 1100, 50_000} { // exact, exact, around the limit, folded
		for _, rule := range fixedRules {
			rng := rand.New(rand.NewPCG(31, uint64(distinct)))
			b := Binning{rule, 1 + rng.IntN(20)}
			conf, correct := drawn(rng, 6000, distinct)
			want := state(t, accumulate(t, b, conf, correct))
			for range 4 {
				rng.Shuffle(len(conf), func(i, j int) {
					conf[i], conf[j] = conf[j], conf[i]
					correct[i], correct[j] = correct[j], correct[i]
				})
				var parts []*Accumulator
				for at := 0; at < len(conf); {
					end := min(len(conf), at+rng.IntN(2500))
					sent := state(t, accumulate(t, b, conf[at:end], correct[at:end]))
					got, err := ParseAccumulator(sent)
					if err != nil {
						t.Fatal(err)
					}
					parts = append(parts, got)
					at = end
				}
				for len(parts) > 1 { // merge any two, in any tree
					i := rng.IntN(len(parts) - 1)
					if err := parts[i].Merge(parts[i+1]); err != nil {
						t.Fatal(err)
					}
					parts = append(parts[:i+1], parts[i+2:]...)
				}
				if !bytes.Equal(state(t, parts[0]), want) {
					t.Fatalf("rule %d, %d distinct: the merged state is not that of one pass", rule, distinct)
				}
			}
		}
	}
}

// sameBits compares all floats of two summaries by their bits, NaN included.
func sameBits(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch x.Kind() {
	case reflect.Float64:
		return math.Float64bits(x.Float()) == math.Float64bits(y.Float())
	case reflect.Struct:
		for i := range x.NumField() {
			if !sameBits(x.Field(i).Interface(), y.Field(i).Interface()) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if x.Len() != y.Len() {
			return false
		}
		for i := range x.Len() {
			if !sameBits(x.Index(i).Interface(), y.Index(i).Interface()) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

func TestAccumulatorEqualsBatch(t *testing.T) {
	for _, distinct := range []int{12, 900} {
		for _, rule := range fixedRules {
			rng := rand.New(rand.NewPCG(33, 34))
			conf, correct := drawn(rng, 3000, distinct)
			o := options(func(o *Options) { o.Binning, o.SkipInvalid, o.Resamples = Binning{rule, 10}, true, 20 })
			want, err := Evaluate(conf, correct, o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := accumulate(t, o.Binning, conf, correct).Evaluate(o)
			if err != nil {
				t.Fatal(err)
			}
			if !sameBits(got, want) {
				t.Errorf("rule %d, %d distinct: accumulator\n%+v\nbatch\n%+v", rule, distinct, got, want)
			}
		}
	}
}

// TestFoldedAccumulator: with more than MaxDistinct confidences, calibration figures have the
// digits of a Sample's, and the bounds of ranking figures contain the Sample's values.
func TestFoldedAccumulator(t *testing.T) {
	for _, shape := range shapes[:2] {
		conf, correct := simulated(20_000, shape.draw)
		conf = append(conf, 0, 0, 1, 1, 5e-324, math.NaN())
		correct = append(correct, true, false, true, false, false, true)
		for _, rule := range fixedRules {
			o := options(func(o *Options) { o.Binning, o.SkipInvalid, o.Interval = Binning{rule, 15}, true, DeLong })
			want, err := Evaluate(conf, correct, o)
			if err != nil {
				t.Fatal(err)
			}
			a := accumulate(t, o.Binning, conf, correct)
			if a.Exact() {
				t.Fatal("still exact")
			}
			got, err := a.Evaluate(o)
			if err != nil {
				t.Fatal(err)
			}
			for name, pair := range map[string][2]Bounded{
				"AUROC": {got.AUROC, want.AUROC},
				"AURC":  {got.AURC, want.AURC},
				"AUGRC": {got.AUGRC, want.AUGRC},
				"PRR":   {got.PRR, want.PRR},
			} {
				g, w := pair[0], pair[1].Value
				if !(g.Low <= w && w <= g.High && g.Low <= g.Value && g.Value <= g.High) {
					t.Errorf("%s, %s: %+v does not hold %v", shape.name, name, g, w)
				}
				if g.High-g.Low > 0.01 {
					t.Errorf("%s, %s: the bounds %+v say little", shape.name, name, g)
				}
			}
			reasons := 0
			for _, u := range got.Unavailable {
				if u.Reason == ErrTooManyDistinct {
					reasons++
				}
			}
			if reasons != 6 || !math.IsNaN(got.AUPRC) || !math.IsNaN(got.ECEMass) || !math.IsNaN(got.SmoothECE) {
				t.Errorf("%d figures unavailable: %+v", reasons, got.Unavailable)
			}
			// All other figures have the bits of a Sample's.
			got.AUROC, got.AURC, got.AUGRC, got.PRR = want.AUROC, want.AURC, want.AUGRC, want.PRR
			got.ECEMass, got.SmoothECE, got.SmoothECEWidth, got.AUPRC = want.ECEMass, want.SmoothECE, want.SmoothECEWidth, want.AUPRC
			got.CoverageAtRisk, got.RiskAtCoverage = want.CoverageAtRisk, want.RiskAtCoverage
			got.AUROCInterval, got.Unavailable = want.AUROCInterval, want.Unavailable
			if !sameBits(got, want) {
				t.Errorf("%s, rule %d:\naccumulator %+v\nbatch       %+v", shape.name, rule, got, want)
			}
		}
	}
}

func TestMergeErrors(t *testing.T) {
	a, _ := NewAccumulator(DefaultBinning())
	ten, _ := NewAccumulator(Binning{Bins: 10})
	b, _ := NewAccumulator(Binning{Bins: 11})
	if err := a.Merge(ten); err != nil {
		t.Errorf("ten bins are the default: %v", err)
	}
	if err := a.Merge(b); err != ErrMerge {
		t.Errorf("other bins: %v, want ErrMerge", err)
	}
	full := accumulate(t, DefaultBinning(), []float64{0.5}, []bool{true})
	full.exact.add(0.5, maxPairs-1, 0)
	full.right += maxPairs - 1
	before := state(t, full)
	if err := full.Merge(full); err != ErrOverflow || !bytes.Equal(state(t, full), before) {
		t.Errorf("2^53 pairs: %v, want ErrOverflow and no change", err)
	}
}

// TestCellsAreMonotone: the cells of a folded ranking never swap two confidences.
func TestCellsAreMonotone(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 36))
	edges := []float64{0, 5e-324, 0x1p-17, 0.5, 1 - 0x1p-17, 1 - 0x1p-53, 1}
	for range 200_000 {
		x, y := rng.Float64(), edges[rng.IntN(len(edges))]
		if rng.IntN(2) == 0 {
			x = math.Ldexp(x, -rng.IntN(60))
		}
		if rng.IntN(2) == 0 {
			x = 1 - x
		}
		if rng.IntN(2) == 0 {
			y = math.Nextafter(x, y)
		}
		if x > y {
			x, y = y, x
		}
		if i, j := cellOf(x), cellOf(y); i > j || i < 0 || j >= cellCount {
			t.Fatalf("cell %d of %v, cell %d of %v", i, x, j, y)
		}
	}
	for i, v := range []float64{0, 1} {
		if cellOf(v) != i*(cellCount-1) || cellOf(0.5) != cellHalf {
			t.Errorf("cell of %v is %d", v, cellOf(v))
		}
	}
}
