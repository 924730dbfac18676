package calibrate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/metrics"
)

// maps returns a map of each method.
func maps() []Map {
	return []Map{
		{Method: Identity, N: 10, High: 1},
		{Method: Temperature, Clip: 1e-6, Parameters: []float64{2.5}, N: 10, High: 1},
		{Method: Platt, Clip: 1e-6, Parameters: []float64{0.6, -0.4}, N: 10, High: 1},
		{Method: Beta, Clip: 1e-6, Parameters: []float64{0.5, 1.5, 0.2}, N: 10, High: 1},
		{Method: Isotonic, X: []float64{0, 0.3, 0.8, 1}, Y: []float64{0.1, 0.2, 0.7, 0.8}, N: 10, High: 1},
		{Method: Histogram, Y: []float64{0.2, 0.1, 0.6, 0.9}, N: 10, High: 1},
	}
}

func TestApply(t *testing.T) {
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	for _, c := range []struct {
		at      int
		p, want float64
	}{
		{0, 0.37, 0.37},
		{1, 0.9, sigmoid(logit(0.9) / 2.5)},
		{1, 0.5, 0.5},
		{1, 1, sigmoid(logit(1-1e-6) / 2.5)},
		{2, 0.9, sigmoid(0.6*logit(0.9) - 0.4)},
		{3, 0.9, sigmoid(0.5*math.Log(0.9) - 1.5*math.Log(0.1) + 0.2)},
		{4, 0, 0.1}, {4, 0.3, 0.2}, {4, 0.55, 0.45}, {4, 1, 0.8},
		{5, 0, 0.2}, {5, 0.25, 0.2}, {5, 0.2500001, 0.1}, {5, 1, 0.9},
	} {
		m := maps()[c.at]
		if got := m.Apply(c.p); math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%s of %v is %.17g, want %.17g", m.Method, c.p, got, c.want)
		}
	}
	for _, m := range maps() {
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
		for _, p := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
			if got := m.Apply(p); !math.IsNaN(got) {
				t.Errorf("%s of %v is %v", m.Method, p, got)
			}
		}
	}
}

func TestMapsStayInRangeAndInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, m := range maps() {
		last := -1.0
		for i := range 10_001 {
			v := m.Apply(float64(i) / 10_000)
			if !(v >= 0 && v <= 1) || m.Method != Histogram && !(v > last) {
				t.Fatalf("%s: %v after %v at %d", m.Method, v, last, i)
			}
			last = v
		}
		for range 1000 {
			if v := m.Apply(math.Pow(rng.Float64(), 300)); !(v >= 0 && v <= 1) {
				t.Fatalf("%s: %v", m.Method, v)
			}
		}
	}
	// Parameters at their limits.
	for _, extreme := range []Map{
		{Method: Beta, Clip: minClip, Parameters: []float64{maxParameter, maxParameter, -maxParameter}, N: 1},
		{Method: Beta, Clip: minClip, Parameters: []float64{1, 0, 0}, N: 1},
		{Method: Platt, Clip: minClip, Parameters: []float64{0, 1}, N: 1},
		{Method: Temperature, Clip: minClip, Parameters: []float64{minTemperature}, N: 1},
	} {
		if err := extreme.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []float64{0, 1e-300, 0.5, math.Nextafter(1, 0), 1} {
			if v := extreme.Apply(p); !(v >= 0 && v <= 1) {
				t.Errorf("%s %v of %v: %v", extreme.Method, extreme.Parameters, p, v)
			}
		}
	}
}

func TestBinsAreThoseOfMetrics(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, bins := range []int{1, 3, 7, 10, 15, 100} {
		values := []float64{0, 1, math.Nextafter(1, 0)}
		for i := range bins {
			edge := float64(i) / float64(bins)
			values = append(values, edge, math.Nextafter(edge, 1), rng.Float64())
		}
		for _, p := range values {
			s, err := metrics.NewSample([]float64{p}, []bool{true})
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Reliability(metrics.Binning{Bins: bins})
			if err != nil {
				t.Fatal(err)
			}
			if got := r[Bin(p, bins)]; got.Count != 1 {
				t.Errorf("%v of %d bins is in bin %d, not where metrics has it", p, bins, Bin(p, bins))
			}
		}
	}
}

func TestBands(t *testing.T) {
	c := Calibration{Boundary: 50}
	for _, x := range []struct {
		question, end bool
		tokens        int64
		want          Band
	}{
		{true, false, 0, Question}, {false, false, 0, Early}, {false, false, 49, Early}, {false, false, 50, Late},
		{false, true, 3, Late}, {false, true, 1 << 40, Late},
	} {
		if got := c.Band(x.question, x.end, x.tokens); got != x.want {
			t.Errorf("%+v is %s", x, got)
		}
	}
	c = Calibration{Maps: [Bands]Map{maps()[0], maps()[1], maps()[2]}}
	c.Maps[Early].Low, c.Maps[Early].High = 0.2, 0.8
	for _, p := range []float64{0.1, 0.2, 0.5, 0.8, 0.9} {
		v, outside := c.Apply(Early, p)
		if want := maps()[1]; v != want.Apply(min(max(p, 0.2), 0.8)) || outside != (p < 0.2 || p > 0.8) {
			t.Errorf("%v: %v, outside %v", p, v, outside)
		}
	}
	if v, _ := c.Apply(Bands, 0.3); v != c.Maps[Late].Apply(0.3) {
		t.Error("an unknown band is not taken for late")
	}
	if c.Uniform() || !(&Calibration{Maps: [Bands]Map{maps()[4], maps()[4], maps()[4]}}).Uniform() {
		t.Error("Uniform")
	}
}

func TestValidateSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		at   int
		set  func(*Map)
		want string
	}{
		"no method":             {0, func(m *Map) { m.Method = None }, "its method is unknown"},
		"unknown method":        {0, func(m *Map) { m.Method = 99 }, "its method is unknown"},
		"no data":               {0, func(m *Map) { m.N = 0 }, "n: want"},
		"NaN support":           {0, func(m *Map) { m.Low = math.NaN() }, "support: want"},
		"support upside down":   {0, func(m *Map) { m.Low, m.High = 0.5, 0.4 }, "support: want"},
		"temperature 0":         {1, func(m *Map) { m.Parameters[0] = 0 }, "temperature of at least 1e-6"},
		"temperature below 0":   {1, func(m *Map) { m.Parameters[0] = -1 }, "temperature of at least 1e-6"},
		"temperature near 0":    {1, func(m *Map) { m.Parameters[0] = 1e-310 }, "temperature of at least 1e-6"},
		"temperature NaN":       {1, func(m *Map) { m.Parameters[0] = math.NaN() }, "above 1e6"},
		"a parameter too many":  {1, func(m *Map) { m.Parameters = []float64{1, 2} }, "parameters: want an array of length 1"},
		"no clip":               {2, func(m *Map) { m.Clip = 0 }, "clip: want"},
		"clip near 0":           {2, func(m *Map) { m.Clip = 1e-17 }, "clip: want"},
		"falling":               {2, func(m *Map) { m.Parameters[0] = -0.1 }, "slope of at least 0"},
		"infinite intercept":    {2, func(m *Map) { m.Parameters[1] = math.Inf(-1) }, "above 1e6"},
		"falling beta":          {3, func(m *Map) { m.Parameters[1] = -0.1 }, "slope of at least 0"},
		"one knot":              {4, func(m *Map) { m.X, m.Y = m.X[:1], m.Y[:1] }, "2 to 1024 numbers"},
		"more x than y":         {4, func(m *Map) { m.Y = m.Y[:3] }, "2 to 1024 numbers"},
		"not from 0":            {4, func(m *Map) { m.X[0] = 0.1 }, "want 0 first and 1 last"},
		"over 1":                {4, func(m *Map) { m.Y[3] = 1.1 }, "values from 0 to 1"},
		"level":                 {4, func(m *Map) { m.Y[2] = 0.2 }, "number 2 (counted from 0) is not above"},
		"NaN knot":              {4, func(m *Map) { m.X[1] = math.NaN() }, "number 1 (counted from 0) is not above"},
		"no bins":               {5, func(m *Map) { m.Y = nil }, "1 to 1024 values"},
		"NaN bin":               {5, func(m *Map) { m.Y[1] = math.NaN() }, "1 to 1024 values"},
		"a bin below 0":         {5, func(m *Map) { m.Y[1] = -0.1 }, "1 to 1024 values"},
		"more knots than there": {5, func(m *Map) { m.Y = make([]float64, MaxKnots+1) }, "1 to 1024 values"},
	} {
		m := maps()[c.at]
		c.set(&m)
		all := Calibration{Maps: [Bands]Map{maps()[0], m, maps()[0]}}
		if err := all.Validate(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "early") {
			t.Errorf("%s: %v, want one that says %q", name, err, c.want)
		}
	}
	if err := (&Calibration{Boundary: -1}).Validate(); err == nil || !strings.Contains(err.Error(), "boundary") {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for m := Identity; m < methodCount; m++ {
		if ParseMethod(m.String()) != m {
			t.Errorf("%s is read as %s", m, ParseMethod(m.String()))
		}
	}
	for _, name := range []string{"", "none", "Platt", "unknown"} {
		if m := ParseMethod(name); m != None {
			t.Errorf("%q is read as %s", name, m)
		}
	}
	if methodCount.String() != "unknown" || Bands.String() != "unknown" || Late.String() != "late" {
		t.Error("names")
	}
}

func TestLimitsOfAMap(t *testing.T) {
	knots := func(n int) (x []float64) {
		for i := range n {
			x = append(x, float64(i)/float64(n-1))
		}
		return x
	}
	values := func(n int) []float64 { return make([]float64, n) }
	temperature := Map{Method: Temperature, Clip: 1e-6, Parameters: []float64{1}, N: 1, High: 1}
	beta := Map{Method: Beta, Clip: 1e-6, Parameters: []float64{1, 1, 0}, N: 1, High: 1}
	isotonic := Map{Method: Isotonic, X: knots(2), Y: knots(2), N: 1, High: 1}
	histogram := Map{Method: Histogram, Y: values(1), N: 1, High: 1}
	with := func(m Map, change func(*Map)) Map { change(&m); return m }
	// counted gives n bins their outcomes and intervals.
	counted := func(n, outcomes int, lower, upper float64) func(*Map) {
		return func(m *Map) {
			for range n {
				m.Counts, m.Lower, m.Upper = append(m.Counts, outcomes), append(m.Lower, lower), append(m.Upper, upper)
			}
		}
	}
	for _, c := range []struct {
		name string
		m    Map
		ok   bool
	}{
		{"one confidence", with(temperature, func(m *Map) { m.N = 1 }), true},
		{"no confidence", with(temperature, func(m *Map) { m.N = 0 }), false},
		{"the most confidences", with(temperature, func(m *Map) { m.N = maxWhole }), true},
		{"one more", with(temperature, func(m *Map) { m.N = tooMany }), false},
		{"a support of one value", with(temperature, func(m *Map) { m.Low, m.High = 0.5, 0.5 }), true},
		{"the least clip", with(temperature, func(m *Map) { m.Clip = minClip }), true},
		{"less", with(temperature, func(m *Map) { m.Clip = minClip / 2 }), false},
		{"a clip of almost a half", with(temperature, func(m *Map) { m.Clip = math.Nextafter(0.5, 0) }), true},
		{"a clip of a half", with(temperature, func(m *Map) { m.Clip = 0.5 }), false},
		{"temperature without a clip", with(temperature, func(m *Map) { m.Clip = 0 }), false},
		{"beta without a clip", with(beta, func(m *Map) { m.Clip = 0 }), false},
		{"the largest parameters", with(beta, func(m *Map) { m.Parameters = []float64{maxParameter, maxParameter, -maxParameter} }), true},
		{"one knot", with(isotonic, func(m *Map) { m.X, m.Y = knots(2)[:1], knots(2)[:1] }), false},
		{"the most knots", with(isotonic, func(m *Map) { m.X, m.Y = knots(MaxKnots), knots(MaxKnots) }), true},
		{"one more knot", with(isotonic, func(m *Map) { m.X, m.Y = knots(MaxKnots+1), knots(MaxKnots+1) }), false},
		{"two knots in one place", with(isotonic, func(m *Map) { m.X, m.Y = []float64{0, 0.5, 0.5, 1}, knots(4) }), false},
		{"one bin", histogram, true},
		{"no bin", with(histogram, func(m *Map) { m.Y = nil }), false},
		{"the most bins", with(histogram, func(m *Map) { m.Y = values(MaxKnots) }), true},
		{"one more bin", with(histogram, func(m *Map) { m.Y = values(MaxKnots + 1) }), false},
		{"bins of 0 and 1", with(histogram, func(m *Map) { m.Y = []float64{0, 1} }), true},
		{"a bin over 1", with(histogram, func(m *Map) { m.Y = []float64{0, 1.5} }), false},
		{"bins with outcomes", with(histogram, counted(1, 1, 0, 1)), true},
		{"outcomes for more bins than there are", with(histogram, counted(2, 1, 0, 1)), false},
		{"no outcomes in a bin", with(histogram, counted(1, 0, 0, 1)), false},
		{"an interval of one value", with(histogram, counted(1, 9, 0.5, 0.5)), true},
		{"an interval upside down", with(histogram, counted(1, 9, 0.6, 0.5)), false},
		{"an interval from below 0", with(histogram, counted(1, 9, -0.1, 0.5)), false},
		{"an interval over 1", with(histogram, counted(1, 9, 0.1, 1.1)), false},
		{"an interval of NaN", with(histogram, counted(1, 9, math.NaN(), 1)), false},
		{"outcomes without intervals", with(histogram, func(m *Map) { m.Counts = []int{5} }), false},
		{"intervals without outcomes", with(histogram, func(m *Map) { m.Lower, m.Upper = values(1), values(1) }), false},
		{"half an interval", with(histogram, func(m *Map) { m.Counts, m.Lower = []int{5}, values(1) }), false},
		{"knots with outcomes", with(isotonic, counted(2, 5, 0, 1)), true},
		{"outcomes of platt", with(temperature, counted(1, 5, 0, 1)), false},
		{"a method of the future", with(temperature, func(m *Map) { m.Method = methodCount }), false},
	} {
		if err := c.m.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for boundary, ok := range map[int]bool{-1: false, 0: true, maxWhole: true, tooMany: false} {
		c := Calibration{Boundary: boundary, Maps: [Bands]Map{temperature, beta, isotonic}}
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("a boundary of %d tokens: %v", boundary, err)
		}
	}
}

func TestWhichMapsAreFitted(t *testing.T) {
	listed := map[Method]bool{}
	for _, m := range Methods() {
		listed[m] = true
	}
	for m := range methodCount + 2 {
		known := m != None && m < methodCount
		if m.Fitted() != (known && m != Identity) || listed[m] != known {
			t.Errorf("%s is fitted: %v, listed: %v", m, m.Fitted(), listed[m])
		}
	}
}

func TestEqualMapsHaveEqualOutcomes(t *testing.T) {
	make := func() Map {
		return Map{Method: Histogram, Y: []float64{0.5}, N: 1, High: 1, Counts: []int{1}, Lower: []float64{0.1}, Upper: []float64{0.9}}
	}
	a := make()
	for name, change := range map[string]func(*Map){
		"counts": func(m *Map) { m.Counts[0]++ }, "lower": func(m *Map) { m.Lower[0] = 0.2 }, "upper": func(m *Map) { m.Upper[0] = 0.8 },
	} {
		b := make()
		if !a.Equal(&b) {
			t.Error("two maps that are the same are not equal")
		}
		if change(&b); a.Equal(&b) {
			t.Errorf("maps with other %s are equal", name)
		}
	}
}

// tooMany is one more than maxWhole. If an int has 32 bits, tooMany is negative, which is
// refused, too.
var tooMany = func() int {
	n := int(maxWhole)
	return n + 1
}()
