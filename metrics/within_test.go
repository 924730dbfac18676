package metrics

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestWithinQuestionByHand(t *testing.T) {
	for _, c := range []struct {
		name      string
		conf      []float64
		correct   []int
		question  []int
		want      float64
		pairs     uint64
		questions int
	}{
		{"one question", []float64{0.9, 0.2, 0.4}, []int{1, 0, 0}, []int{0, 0, 0}, 1, 2, 1},
		{"the wrong way round", []float64{0.1, 0.2}, []int{1, 0}, []int{0, 0}, 0, 1, 1},
		{"a tie counts half", []float64{0.5, 0.5, 0.4}, []int{1, 0, 0}, []int{7, 7, 7}, 0.75, 2, 1},
		// In the AUROC over both, the easy question's answers are above all others.
		{"pairs of two questions do not count", []float64{0.9, 0.8, 0.1, 0.2}, []int{1, 0, 1, 0}, []int{0, 0, 1, 1}, 0.5, 2, 2},
		{"a question of one class does not count", []float64{0.9, 0.8, 0.1, 0.2}, []int{1, 0, 1, 1}, []int{3, 3, 1, 1}, 1, 1, 1},
		{"more pairs weigh more", []float64{0.9, 0.1, 0.2, 0.3, 0.4, 0.5}, []int{1, 0, 1, 0, 0, 0}, []int{0, 0, 1, 1, 1, 1}, 0.25, 4, 2},
	} {
		correct := make([]bool, len(c.correct))
		for i, v := range c.correct {
			correct[i] = v == 1
		}
		d, err := WithinQuestion(c.conf, correct, c.question, resampling(20, 0))
		if err != nil || d.Value != c.want || d.Pairs != c.pairs || d.Questions != c.questions {
			t.Errorf("%s: %+v, %v; want %v of %d pairs in %d questions", c.name, d, err, c.want, c.pairs, c.questions)
		}
	}
}

func TestWithinQuestionUndefined(t *testing.T) {
	yes, no := []bool{true, true}, []bool{true, false}
	two := []float64{0.1, 0.2}
	var bad *ValueError
	var length *LengthError
	for name, c := range map[string]struct {
		conf    []float64
		correct []bool
		cluster []int
		r       Resampling
		is      func(error) bool
	}{
		"all correct":          {two, yes, []int{0, 0}, DefaultResampling(), func(err error) bool { return err == ErrNoContrast }},
		"questions of one row": {two, no, []int{0, 1}, DefaultResampling(), func(err error) bool { return err == ErrNoContrast }},
		"nothing":              {nil, nil, nil, DefaultResampling(), func(err error) bool { return err == ErrEmpty }},
		"a negative number":    {two, no, []int{0, -1}, DefaultResampling(), func(err error) bool { return err == ErrCount }},
		"too few numbers":      {two, no, []int{0}, DefaultResampling(), func(err error) bool { return errors.As(err, &length) && *length == LengthError{2, 1} }},
		"too few labels":       {two, no[:1], []int{0, 0}, DefaultResampling(), func(err error) bool { return errors.As(err, &length) && *length == LengthError{2, 1} }},
		"not in [0,1]":         {[]float64{0.1, 1.5}, no, []int{0, 1}, DefaultResampling(), func(err error) bool { return errors.As(err, &bad) && bad.Index == 1 }},
		"NaN":                  {[]float64{math.NaN(), 0.1}, no, []int{0, 0}, DefaultResampling(), func(err error) bool { return errors.As(err, &bad) && bad.Index == 0 }},
		"level":                {two, no, []int{0, 0}, Resampling{Level: 2, Resamples: 1}, func(err error) bool { return err == ErrLevel }},
	} {
		d, err := WithinQuestion(c.conf, c.correct, c.cluster, c.r)
		if err == nil || !c.is(err) || !math.IsNaN(d.Value) || !math.IsNaN(d.Interval.Low) || !math.IsNaN(d.Interval.High) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// TestWithinQuestionInterval draws the questions by a generator of its own and counts
// their pairs one by one.
func TestWithinQuestionInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	const questions, each = 80, 5
	var conf []float64
	var correct []bool
	var cluster []int
	for q := range questions {
		skill := rng.Float64() // how well the answers to this question are separated
		for range each {
			right := rng.IntN(2) == 0
			c := rng.Float64()
			if right {
				c += skill * (1 - c)
			}
			conf, correct, cluster = append(conf, math.Round(10*c)/10), append(correct, right), append(cluster, q)
		}
	}
	const times = 4000
	d, err := WithinQuestion(conf, correct, cluster, resampling(times, 0))
	if err != nil {
		t.Fatal(err)
	}
	var values []float64
	naive := func(drawn []int) (ordered, pairs float64) {
		for _, q := range drawn {
			for i := q * each; i < (q+1)*each; i++ {
				for j := q * each; j < (q+1)*each; j++ {
					if correct[i] && !correct[j] {
						pairs++
						switch {
						case conf[i] > conf[j]:
							ordered++
						case conf[i] == conf[j]:
							ordered += 0.5
						}
					}
				}
			}
		}
		return ordered, pairs
	}
	for range times {
		drawn := make([]int, questions)
		for i := range drawn {
			drawn[i] = rng.IntN(questions)
		}
		ordered, pairs := naive(drawn)
		values = append(values, ordered/pairs)
	}
	slices.Sort(values)
	low, high := values[times/40], values[times-times/40]
	near(t, "low", d.Interval.Low, low, (high-low)/10)
	near(t, "high", d.Interval.High, high, (high-low)/10)
	all := make([]int, questions)
	for i := range all {
		all[i] = i
	}
	ordered, pairs := naive(all)
	near(t, "value", d.Value, ordered/pairs, 1e-15)
	if d.Interval.Resamples != times || d.Interval.Skipped != 0 || d.Interval.Method != Percentile || d.Interval.Level != defaultLevel {
		t.Errorf("%+v", d.Interval)
	}
	again, err := WithinQuestion(conf, correct, cluster, resampling(times, 0))
	if err != nil || again != d {
		t.Errorf("the same draws give %+v, %v", again, err)
	}
	// Of two questions, one with pairs, a quarter of the draws have none.
	d, err = WithinQuestion([]float64{0.9, 0.1, 0.5}, []bool{true, false, true}, []int{0, 0, 1}, resampling(1000, 0))
	if err != nil || d.Interval.Skipped < 150 || d.Interval.Skipped > 350 || d.Interval.Resamples+d.Interval.Skipped != 1000 {
		t.Errorf("%+v, %v", d.Interval, err)
	}
}

func TestBrierSkillByHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		conf    []float64
		correct []int
		want    float64
	}{
		{"perfect", []float64{1, 0, 0}, []int{1, 0, 0}, 1},
		{"the accuracy", []float64{0.25, 0.25, 0.25, 0.25}, []int{1, 0, 0, 0}, 0},
		{"worse", []float64{0, 1}, []int{1, 0}, -3},
		{"between", []float64{0.75, 0.25}, []int{1, 0}, 0.75},
	} {
		got, err := sampleOf(t, c.conf, c.correct...).BrierSkill()
		if err != nil || math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestAveragePrecisionOfOneClass(t *testing.T) {
	if got, err := sampleOf(t, []float64{0.3, 0.3, 0.9}, 1, 1, 1).AveragePrecision(); got != 1 || err != nil {
		t.Errorf("all correct: %v, %v", got, err)
	}
	if got, err := sampleOf(t, []float64{0.3, 0.9}, 0, 0).AveragePrecision(); !math.IsNaN(got) || err != ErrOneClass {
		t.Errorf("all wrong: %v, %v", got, err)
	}
	// An accumulator has it even after it has folded.
	for _, right := range []bool{true, false} {
		a, err := NewAccumulator(DefaultBinning())
		if err != nil {
			t.Fatal(err)
		}
		for i := range MaxDistinct + 1 {
			a.Add(float64(i)/(MaxDistinct+1), right)
		}
		r, err := a.Evaluate(DefaultOptions())
		if err != nil || a.Exact() || right != (r.AUPRC == 1) || right == math.IsNaN(r.AUPRC) {
			t.Errorf("all %v, folded: %v, %v", right, r.AUPRC, err)
		}
		reasons := map[string]error{}
		for _, u := range r.Unavailable {
			if reasons[u.Name] != nil {
				t.Errorf("%s has two reasons", u.Name)
			}
			reasons[u.Name] = u.Reason
		}
		if want := map[bool]error{true: nil, false: ErrOneClass}[right]; reasons["auprc"] != want {
			t.Errorf("all %v, folded: %v", right, reasons["auprc"])
		}
	}
}

// TestBootstrapsShareTheirDraws compares several metrics at once with each alone.
func TestBootstrapsShareTheirDraws(t *testing.T) {
	conf, correct := simulated(200, shapes[2].draw)
	s, _ := NewSample(conf, correct)
	r := resampling(100, 3)
	list := []Metric{MetricBrier, MetricECE, MetricAURC, MetricAUROC}
	all, err := s.Bootstraps(list, r)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		one, err := s.Bootstrap(m, r)
		if err != nil || one != all[i] {
			t.Errorf("metric %d: %+v alone, %+v with others, %v", m, one, all[i], err)
		}
	}
	for want, do := range map[error]func() ([]Interval, error){
		ErrMetric:    func() ([]Interval, error) { return s.Bootstraps([]Metric{MetricECE, metricCount}, r) },
		ErrLevel:     func() ([]Interval, error) { r := r; r.Level = 0; return s.Bootstraps(list, r) },
		ErrBinning:   func() ([]Interval, error) { r := r; r.Binning.Bins = 0; return s.Bootstraps(list, r) },
		ErrResamples: func() ([]Interval, error) { r := r; r.Resamples = 0; return s.Bootstraps(list, r) },
	} {
		if _, err := do(); err != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	// A metric that is undefined on every draw has no interval. The others have theirs.
	one := sampleOf(t, []float64{0.2, 0.8}, 1, 1)
	all, err = one.Bootstraps([]Metric{MetricAUROC, MetricBrier}, r)
	if err != nil || !math.IsNaN(all[0].Low) || all[0].Skipped != 100 || !(all[1].Low < all[1].High) {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestIntervalAroundAValue(t *testing.T) {
	for _, c := range []struct{ low, high, value, wantLow, wantHigh float64 }{
		{0.25, 0.5, 0.25, 0, 0.25},
		{0.25, 0.375, 0.25, 0.125, 0.25},
		{0.5, 0.75, 0.25, 0, 0},
		{0.25, 0.5, 0.5, 0.5, 0.75},
	} {
		iv := Interval{Low: c.low, High: c.high, Method: Percentile, Level: 0.9}.Around(c.value)
		if iv.Low != c.wantLow || iv.High != c.wantHigh || iv.Method != Basic || iv.Level != 0.9 {
			t.Errorf("%+v: %+v", c, iv)
		}
	}
}

// TestBasicIntervalCoversTheECE draws calibrated confidences, whose true ECE is 0: the
// percentile interval is always above it. Where the true error is 0.1, the two
// intervals are equally good.
func TestBasicIntervalCoversTheECE(t *testing.T) {
	for _, c := range []struct {
		shift, want float64
		basic, most int // the minimum for the basic interval, the maximum for the percentile one
	}{{0, 0, 110, 10}, {0.1, 0.1, 160, 200}} {
		rng := rand.New(rand.NewPCG(5, uint64(100*c.shift)))
		const repeats = 200
		percentile, basic := 0, 0
		for seed := range uint64(repeats) {
			conf, correct := make([]float64, 200), make([]bool, 200)
			for i := range conf {
				p := 0.05 + 0.1*float64(rng.IntN(8)) // the middle of a bin
				conf[i], correct[i] = p+c.shift, rng.Float64() < p
			}
			s, _ := NewSample(conf, correct)
			ece, err := s.ECE(DefaultBinning())
			if err != nil {
				t.Fatal(err)
			}
			iv, err := s.Bootstrap(MetricECE, resampling(200, seed))
			if err != nil {
				t.Fatal(err)
			}
			holds := func(iv Interval) int {
				if iv.Low <= c.want && c.want <= iv.High {
					return 1
				}
				return 0
			}
			percentile += holds(iv)
			basic += holds(iv.Around(ece))
		}
		t.Logf("of %d intervals, percentile %d and basic %d have the true error of %v", repeats, percentile, basic, c.want)
		if basic < c.basic || percentile > c.most {
			t.Errorf("true error %v: the basic interval has it %d times of %d, the percentile one %d times", c.want, basic, repeats, percentile)
		}
	}
}
