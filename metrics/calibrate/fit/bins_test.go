package fit

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// outcome is n answers of one confidence, of which some are correct.
func outcome(p float64, correct, n int) Row {
	return Row{Confidence: p, Correct: correct, N: n, Tokens: -1}
}

func fitted(t *testing.T, method calibrate.Method, b Bins, rows ...Row) calibrate.Map {
	t.Helper()
	m, err := Fit(method, rows, b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOneWrongAnswerSaysLittle has 12,000 answers, and the one with the lowest
// confidence is wrong. That is no reason to give everything below it 1 in 25,000.
func TestOneWrongAnswerSaysLittle(t *testing.T) {
	rows := []Row{outcome(0.05, 0, 1), outcome(0.4, 1500, 3000), outcome(0.7, 2100, 3000), outcome(0.95, 5700, 5999)}
	for _, c := range []struct {
		method calibrate.Method
		least  int
		want   float64 // of 0.01
	}{
		{calibrate.Isotonic, 1, 0.25 * (1 - level*0.8)}, // 0.01 is a fifth of the way from 0 to 0.05
		{calibrate.Isotonic, DefaultLeastInBin, 1500.0 / 3001},
		{calibrate.Histogram, 1, 0.25},
		{calibrate.Histogram, DefaultLeastInBin, 1500.0 / 3001},
	} {
		m := fitted(t, c.method, Bins{metrics.DefaultBins, c.least}, rows...)
		if got := m.Apply(0.01); math.Abs(got-c.want) > 1e-3*c.want+1e-12 {
			t.Errorf("%s with at least %d: 0.01 is %v, want %v", c.method, c.least, got, c.want)
		}
	}
}

func TestSmallBinsAreMerged(t *testing.T) {
	blocks := func(sizes ...float64) (out []block) {
		for _, n := range sizes {
			out = append(out, block{all: n, parts: 1})
		}
		return out
	}
	for _, c := range []struct {
		name  string
		sizes []float64
		least int
		want  []float64
		parts []int
	}{
		{"none", nil, 20, nil, nil},
		{"large enough", []float64{20, 21}, 20, []float64{20, 21}, []int{1, 1}},
		{"one less", []float64{19, 21}, 20, []float64{40}, []int{2}},
		{"the first joins the next", []float64{1, 20, 20}, 20, []float64{21, 20}, []int{2, 1}},
		{"the last joins the one before", []float64{20, 20, 19}, 20, []float64{20, 39}, []int{1, 2}},
		{"several small ones", []float64{5, 5, 5, 5, 5, 5}, 10, []float64{10, 10, 10}, []int{2, 2, 2}},
		{"too few in all", []float64{5, 5}, 20, []float64{10}, []int{2}},
		{"empty ones at the ends", []float64{0, 0, 3, 0, 2, 0}, 1, []float64{3, 2}, []int{3, 3}},
		{"empty and too few", []float64{0, 1, 0}, 5, []float64{1}, []int{3}},
	} {
		var sizes []float64
		var parts []int
		for _, b := range atLeast(blocks(c.sizes...), c.least) {
			sizes, parts = append(sizes, b.all), append(parts, b.parts)
		}
		if !slices.Equal(sizes, c.want) || !slices.Equal(parts, c.parts) {
			t.Errorf("%s: %v of %v, want %v of %v", c.name, sizes, parts, c.want, c.parts)
		}
	}
}

func TestABinKnowsItsOutcomes(t *testing.T) {
	rows := []Row{outcome(0.1, 0, 30), outcome(0.3, 15, 50), outcome(0.9, 20, 20)}
	interval := func(k, n uint64) metrics.Interval {
		iv, err := metrics.WilsonInterval(k, n, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		return iv
	}
	a, b, c := interval(0, 30), interval(15, 50), interval(20, 20)
	first, last := 0.5/31, 1-0.5/21

	m := fitted(t, calibrate.Isotonic, DefaultBins(), rows...)
	near(t, "0", m.Y[0], first*(1-level), 1e-15)
	near(t, "1", m.Y[4], last+level*(1-last), 1e-15)
	if !reflect.DeepEqual(m.X, []float64{0, 0.1, 0.3, 0.9, 1}) || m.Y[1] != first || m.Y[2] != 0.3 || m.Y[3] != last ||
		!slices.Equal(m.Counts, []int{30, 30, 50, 20, 20}) ||
		!slices.Equal(m.Lower, []float64{a.Low, a.Low, b.Low, c.Low, c.Low}) ||
		!slices.Equal(m.Upper, []float64{a.High, a.High, b.High, c.High, c.High}) {
		t.Errorf("isotonic: %+v", m)
	}
	// Ends that are confidences themselves are no further knots.
	m = fitted(t, calibrate.Isotonic, DefaultBins(), outcome(0, 1, 30), outcome(1, 29, 30))
	if !slices.Equal(m.X, []float64{0, 1}) || !slices.Equal(m.Counts, []int{30, 30}) {
		t.Errorf("isotonic from 0 to 1: %+v", m)
	}

	// Bins (0, 0.25], (0.25, 0.5], and (0.5, 0.75], which is empty, with (0.75, 1].
	m = fitted(t, calibrate.Histogram, Bins{4, DefaultLeastInBin}, rows...)
	if !slices.Equal(m.Y, []float64{first, 0.3, last, last}) || !slices.Equal(m.Counts, []int{30, 50, 20, 20}) ||
		!slices.Equal(m.Lower, []float64{a.Low, b.Low, c.Low, c.Low}) || !slices.Equal(m.Upper, []float64{a.High, b.High, c.High, c.High}) {
		t.Errorf("histogram: %+v", m)
	}
	if m := fitted(t, calibrate.Platt, DefaultBins(), rows...); m.Counts != nil || m.Lower != nil || m.Upper != nil {
		t.Errorf("platt has no bins: %+v", m)
	}
}

// TestASmallShareOfManyStaysBelow has a lowest block of 20 wrong answers. Its value, 1 in 42,
// is over the share of the next block, 1 in 100. So the two are pooled.
func TestASmallShareOfManyStaysBelow(t *testing.T) {
	m := fitted(t, calibrate.Isotonic, DefaultBins(), outcome(0.1, 0, 20), outcome(0.3, 10, 1000), outcome(0.9, 900, 1000))
	if !slices.Equal(m.Counts, []int{1020, 1020, 1000, 1000}) || math.Abs(m.Y[1]-10.0/1020) > 1e-15 {
		t.Errorf("%+v", m)
	}
}

func TestAnyDataGiveAValidMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 500 {
		var rows []Row
		for range 2 + rng.IntN(60) {
			n := 1 + rng.IntN(25)
			rows = append(rows, outcome(float64(rng.IntN(21))/20, rng.IntN(n+1), n))
		}
		for _, b := range []Bins{DefaultBins(), {10, 1}, {1, 20}, {1000, 3}, {10, 1 << 30}} {
			for _, method := range []calibrate.Method{calibrate.Isotonic, calibrate.Histogram} {
				m, err := Fit(method, rows, b)
				if errors.Is(err, ErrOneClass) || errors.Is(err, ErrOneValue) {
					continue
				}
				if err != nil {
					t.Fatalf("%s, %+v: %v", method, b, err)
				}
				for i, y := range m.Y {
					beyond := method == calibrate.Isotonic && (i == 0 || i == len(m.Y)-1)
					if n := float64(m.Counts[i]); !beyond && !(y >= 0.5/(n+1) && y <= 1-0.5/(n+1)) {
						t.Fatalf("%s, %+v: a value of %v for %v outcomes", method, b, y, n)
					}
					if !(m.Lower[i] <= y && y <= m.Upper[i]) && !beyond {
						t.Fatalf("%s, %+v: %v is not from %v to %v", method, b, y, m.Lower[i], m.Upper[i])
					}
					if m.Counts[i] < min(b.Least, m.N) {
						t.Fatalf("%s, %+v: a bin of %d", method, b, m.Counts[i])
					}
				}
			}
		}
	}
}

func TestBinsThatAreWrong(t *testing.T) {
	for _, b := range []Bins{{}, {0, 20}, {10, 0}, {-1, 20}, {calibrate.MaxKnots + 1, 20}, {10, -1}} {
		for _, method := range []calibrate.Method{calibrate.Isotonic, calibrate.Histogram} {
			if _, err := Fit(method, []Row{outcome(0.1, 0, 9), outcome(0.2, 9, 9)}, b); !errors.Is(err, ErrBins) {
				t.Errorf("%s, %+v: %v", method, b, err)
			}
		}
	}
	if m := fitted(t, calibrate.Histogram, Bins{calibrate.MaxKnots, DefaultLeastInBin}, outcome(0.1, 0, 9), outcome(0.2, 9, 9)); len(m.Y) != calibrate.MaxKnots {
		t.Errorf("%d bins", len(m.Y))
	}
}

// TestAutoComparesWhatItWouldFit has single answers at each end. A bin with one answer would
// learn it by heart.
func TestAutoComparesWhatItWouldFit(t *testing.T) {
	rows := drawn(7, 300, func(p float64) float64 { return math.Min(0.2+p/2, 1) })
	loss := func(least int) float64 {
		_, r, err := Calibrate(rows, options(func(o *Options) { o.Method, o.LeastInBin, o.Resamples = calibrate.Isotonic, least, 5 }))
		if err != nil {
			t.Fatal(err)
		}
		return r.Parts[0].Candidates[0].NLL
	}
	if one, twenty := loss(1), loss(DefaultLeastInBin); !(twenty < one) {
		t.Errorf("the cross-validated loss is %v with bins of one, %v with bins of twenty", one, twenty)
	}
}
