package estimate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// drawn returns a random text: log-probabilities, and the highest ones of the alternatives.
func drawn(rng *rand.Rand, n int) (lps, tops []float64) {
	for range n {
		lp := max(-math.Pow(rng.ExpFloat64(), 3)/3, leastPlausible)
		top := lp
		if rng.IntN(4) == 0 {
			top = lp * rng.Float64()
		}
		lps, tops = append(lps, lp), append(tops, top)
	}
	return lps, tops
}

func track(lps, tops []float64) *Trajectory {
	t := new(Trajectory)
	for i := range lps {
		t.Token(lps[i], tops[i])
	}
	return t
}

// plainly computes the features from whole lists, without a histogram.
func plainly(lps, tops []float64) [Features]float64 {
	n := len(lps)
	x, u := make([]float64, n), make([]float64, n)
	for i := range lps {
		x[i], u[i] = -lps[i], -tops[i]
	}
	mean := func(v []float64) float64 {
		sum := 0.0
		for _, w := range v {
			sum += w
		}
		return sum / float64(len(v))
	}
	share := func(from float64) float64 {
		k := 0
		for _, v := range x {
			if v >= from {
				k++
			}
		}
		return float64(k) / float64(n)
	}
	// The lower edge of the bin: a quarter of an octave.
	octave := func(rank int) float64 {
		v := slices.Sorted(slices.Values(x))[rank-1]
		exponent := math.Floor(math.Log2(v))
		quarter := math.Floor(4 * (v/math.Exp2(exponent) - 1))
		return min(max(exponent+quarter/4, -12), 3.75)
	}
	sorted := slices.Sorted(slices.Values(x))
	variance, moment, passed := 0.0, 0.0, 0.0
	for i, v := range x {
		variance += (v - mean(x)) * (v - mean(x)) / float64(n)
		moment += v * ((float64(i)+0.5)/float64(n) - 0.5) / float64(n)
		if u[i] < v {
			passed += 1 / float64(n)
		}
	}
	run, longest := 0, 0
	for _, v := range x {
		if run++; v < 0.5 {
			run = 0
		}
		longest = max(longest, run)
	}
	second := 0.0
	if n > 1 {
		second = sorted[n-2]
	}
	last, root := x[max(0, n-5):], math.Sqrt
	return [Features]float64{
		root(mean(x)), root(sorted[n-1]), root(second), root(variance),
		octave((n + 1) / 2), octave(int(math.Ceil(0.9 * float64(n)))), 12 * moment,
		share(0.125), share(0.5), share(1), share(3), float64(longest) / float64(n),
		root(mean(last)), root(slices.Max(last)), root(mean(x[:min(n, 5)])), math.Log(float64(n)),
		root(mean(u)), root(slices.Max(u)), root(mean(u[max(0, n-5):])), passed,
	}
}

func TestFeaturesAreThoseOfTheWholeList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		n := 1 + rng.IntN(200)
		lps, tops := drawn(rng, n)
		var got [Features]float64
		track(lps, tops).Read(&got, 0)
		for f, want := range plainly(lps, tops) {
			if !(math.Abs(got[f]-want) <= 1e-9) {
				t.Fatalf("%s of %d tokens is %v, want %v", Feature(f), n, got[f], want)
			}
		}
	}
}

func TestFeaturesOfAlternativesNeedAlternatives(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	lps, tops := drawn(rng, 100)
	for i := range 30 {
		tops[10+i] = math.NaN()
	}
	var strict, lenient, none [Features]float64
	track(lps, tops).Read(&strict, 0.2)
	track(lps, tops).Read(&lenient, 0.3)
	for i := range tops {
		tops[i] = -9999 // servers write this for an impossible token
	}
	track(lps, tops).Read(&none, 1)
	for f := range Feature(Features) {
		if f.OfAlternatives() != math.IsNaN(strict[f]) || math.IsNaN(lenient[f]) || f.OfAlternatives() != math.IsNaN(none[f]) {
			t.Errorf("%s: %v with 30%% of the alternatives missing, %v where that many may be, %v without any", f, strict[f], lenient[f], none[f])
		}
	}
}

func TestImplausibleLogprobsAreLeftOut(t *testing.T) {
	var with, without [Features]float64
	track([]float64{-1, math.NaN(), -9999, 3, -0.5}, []float64{-1, -1, -1, -1, -0.25}).Read(&with, 0)
	track([]float64{-1, -0.5}, []float64{-1, -0.25}).Read(&without, 0)
	if with != without {
		t.Errorf("%v, want %v", with, without)
	}
	// A rounded log-probability may be a little over 0.
	track([]float64{0.0005}, []float64{0.0005}).Read(&with, 0)
	if with[Mean] != 0 || with[Max] != 0 || with[Median] != firstOctave {
		t.Errorf("%v", with)
	}
}

// example is a model of two features.
func example() *TrajectoryModel {
	part := Weights{N: 100, Intercept: 0.5, Weights: []float64{-2, 1}}
	return &TrajectoryModel{
		Features: []Feature{Max, Entropy}, Center: []float64{1, 0.5}, Scale: []float64{2, 0.25}, Boundary: 10,
		Parts: [Phases]Weights{part, {N: 90, Weights: []float64{0, 0}}, {N: 80, Intercept: -1, Weights: []float64{1, 0}}},
	}
}

func TestATrajectoryModelIsALogisticRegression(t *testing.T) {
	m := example()
	if err := m.Validate(); err != nil || !m.OfAlternatives() {
		t.Fatal(err)
	}
	features := &[Features]float64{Max: 2, Entropy: 1}
	for _, c := range []struct {
		end    bool
		tokens int64
		score  float64
	}{{false, 9, 0.5 - 2*0.5 + 1*2}, {false, 10, 0}, {true, 3, -1 + 0.5}} {
		got, want := m.Confidence(m.PhaseAt(c.end, c.tokens), features), 1/(1+math.Exp(-c.score))
		if math.Abs(got-want) > 1e-15 {
			t.Errorf("%+v: %v, want %v", c, got, want)
		}
	}
	// A value far outside the data of the fit counts as four deviations.
	if far, edge := m.Confidence(WholeText, &[Features]float64{Max: 90}), m.Confidence(WholeText, &[Features]float64{Max: 9}); far != edge {
		t.Errorf("90 gives %v and 9 gives %v", far, edge)
	}
	if v := m.Confidence(EarlyText, &[Features]float64{Entropy: math.NaN()}); v == v {
		t.Errorf("without a feature it is %v", v)
	}
}

func TestErrorsInATrajectoryModelSayWhat(t *testing.T) {
	for want, change := range map[string]func(*TrajectoryModel){
		"center, scale: want a number for each": func(m *TrajectoryModel) { m.Scale = m.Scale[:1] },
		"scales above 0":                        func(m *TrajectoryModel) { m.Scale[1] = 0 },
		"want numbers":                          func(m *TrajectoryModel) { m.Center[0] = math.Inf(1) },
		"boundary":                              func(m *TrajectoryModel) { m.Boundary = -1 },
		"late: want an intercept":               func(m *TrajectoryModel) { m.Parts[LateText].Weights = nil },
		"end: want an intercept":                func(m *TrajectoryModel) { m.Parts[WholeText].Intercept = math.NaN() },
	} {
		m := example()
		if change(m); m.Validate() == nil || !strings.Contains(m.Validate().Error(), want) {
			t.Errorf("%v, want %q", m.Validate(), want)
		}
	}
}

func TestNamesOfFeatures(t *testing.T) {
	for _, f := range AllFeatures() {
		if got, err := ParseFeature(f.String()); err != nil || got != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	if _, err := ParseFeature("mode"); err == nil {
		t.Error("an unknown name was read")
	}
}

func BenchmarkTrajectoryToken(b *testing.B) {
	lps, tops := drawn(rand.New(rand.NewPCG(1, 1)), 1000)
	b.ReportAllocs()
	for b.Loop() {
		t := track(lps, tops)
		_ = t
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/token")
}
