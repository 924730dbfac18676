package fit

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
)

// drawn returns n rows of known true probabilities, each of another question.
func drawn(seed uint64, n int, truth func(p float64) float64) []Row {
	rng := rand.New(rand.NewPCG(seed, 1))
	rows := make([]Row, n)
	for i := range rows {
		p := rng.Float64()
		rows[i] = Row{Confidence: p, N: 1, Group: i, Tokens: -1}
		if rng.Float64() < truth(p) {
			rows[i].Correct = 1
		}
	}
	return rows
}

func calibrated(p float64) float64 { return p }

func TestCalibratedDataGiveNearlyTheIdentity(t *testing.T) {
	rows := drawn(1, 50_000, calibrated)
	for _, method := range Methods {
		m := mapOf(t, method, rows)
		for p := 0.05; p < 1; p += 0.1 {
			// Ten standard errors of a share among some 5000.
			if got := m.Apply(p); math.Abs(got-p) > 0.06 || method != calibrate.Histogram && math.Abs(got-p) > 0.03 {
				t.Errorf("%s maps %.2f to %v", method, p, got)
			}
		}
	}
}

func TestCountsAreOutcomes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var counts, single []Row
	for i := range 60 {
		p := math.Round(100*rng.Float64()) / 100
		r := Row{Confidence: p, N: 1 + rng.IntN(30), Group: i}
		for k := range r.N {
			correct := 0
			if rng.Float64() < p*p {
				correct = 1
			}
			r.Correct += correct
			single = append(single, Row{Confidence: p, Correct: correct, N: 1, Group: i, Tokens: int64(k)})
		}
		counts = append(counts, r)
	}
	for _, method := range Methods {
		if a, b := mapOf(t, method, counts), mapOf(t, method, single); !a.Equal(&b) {
			t.Errorf("%s: of counts %+v, of single outcomes %+v", method, a, b)
		}
	}
}

func TestWhatCannotBeFitted(t *testing.T) {
	one := func(p float64, correct, n int) Row { return Row{Confidence: p, Correct: correct, N: n} }
	for name, c := range map[string]struct {
		rows   []Row
		method calibrate.Method
		want   string
	}{
		"no rows":         {nil, calibrate.Platt, "all outcomes are correct"},
		"all right":       {[]Row{one(0.2, 1, 1), one(0.4, 3, 3)}, calibrate.Platt, "all outcomes are correct"},
		"all wrong":       {[]Row{one(0.2, 0, 1), one(0.4, 0, 3)}, calibrate.Isotonic, "all outcomes are correct"},
		"one confidence":  {[]Row{one(0.5, 1, 2), one(0.5, 3, 3)}, calibrate.Beta, "all confidences are equal"},
		"separable":       {[]Row{one(0.2, 0, 5), one(0.4, 0, 3), one(0.6, 3, 3), one(0.8, 4, 4)}, calibrate.Beta, "use platt"},
		"a NaN":           {[]Row{one(math.NaN(), 0, 5)}, calibrate.Platt, "row 0: the confidence"},
		"over 1":          {[]Row{one(0.1, 0, 5), one(1.1, 0, 5)}, calibrate.Platt, "row 1: the confidence"},
		"more than there": {[]Row{one(0.1, 6, 5)}, calibrate.Platt, "0 <= correct <= N"},
		"of none":         {[]Row{one(0.1, 0, 0)}, calibrate.Platt, "0 <= correct <= N"},
		"no method":       {[]Row{one(0.2, 0, 5), one(0.4, 2, 3)}, calibrate.None, "unknown method"},
	} {
		if _, err := Fit(c.method, c.rows, DefaultBins()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Fit(calibrate.Histogram, drawn(1, 100, calibrated), Bins{5000, DefaultLeastInBin}); !errors.Is(err, ErrBins) {
		t.Error(err)
	}
	// Separable data have a temperature, at its bound, and a Platt map.
	rows := []Row{one(0.2, 0, 5), one(0.4, 0, 3), one(0.6, 3, 3), one(0.8, 4, 4)}
	if m := mapOf(t, calibrate.Temperature, rows); m.Parameters[0] != 1.0/maxScale {
		t.Errorf("temperature %v", m.Parameters)
	}
	if m := mapOf(t, calibrate.Platt, rows); !(m.Parameters[0] > 1) || !(m.Apply(0.8) < 1) {
		t.Errorf("platt %v", m.Parameters)
	}
}

func TestManyKnotsAreBounded(t *testing.T) {
	// 20,000 confidences whose shares rise strictly: every one would be a knot.
	const n = 20_000
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Confidence: float64(i) / n, Correct: i, N: n, Group: i}
	}
	m := mapOf(t, calibrate.Isotonic, rows)
	if len(m.X) > calibrate.MaxKnots || len(m.X) < calibrate.MaxKnots/4 {
		t.Errorf("%d knots", len(m.X))
	}
	for p := 0.01; p < 1; p += 0.01 {
		near(t, "isotonic", m.Apply(p), p, 1e-3)
	}
}

// answers returns rows of questions with several positions. Their early confidences are too
// high by a factor.
func answers(seed uint64, questions int) []Row {
	rng := rand.New(rand.NewPCG(seed, 2))
	var rows []Row
	for q := range questions {
		truth := rng.Float64()
		row := func(inflated float64, tokens int64) Row {
			p := math.Min(truth+inflated*(1-truth)+0.1*(rng.Float64()-0.5), 1)
			r := Row{Confidence: math.Max(p, 0), N: 10, Group: q, Tokens: tokens}
			for range r.N {
				if rng.Float64() < truth {
					r.Correct++
				}
			}
			return r
		}
		asked := row(0.8, 0)
		asked.Question = true
		rows = append(rows, asked)
		for i := range 4 {
			rows = append(rows, row(0.6-0.15*float64(i), int64(20+40*i+rng.IntN(10))))
		}
		whole := row(0, 200)
		whole.End = true
		rows = append(rows, whole)
	}
	return rows
}

func TestCalibrate(t *testing.T) {
	rows := answers(1, 200)
	c, r, err := Calibrate(rows, options(func(o *Options) { o.PerBand, o.Resamples, o.TargetRisk = true, 200, 0.3 }))
	if err != nil {
		t.Fatal(err)
	}
	if c.Boundary < 60 || c.Boundary > 110 || c.Uniform() || len(r.Parts) != 3 || r.Rows != 1200 || r.Questions != 200 {
		t.Errorf("boundary %d, %+v", c.Boundary, r)
	}
	for b, part := range r.Parts {
		// Each band is distorted its own way, and its own map repairs it.
		if part.Part != calibrate.Band(b).String() || part.Before == nil || part.Shared != "" || !(part.After.ECE.Value < part.Before.ECE.Value/2) || !(part.After.NLL.Value < part.Before.NLL.Value) {
			t.Errorf("%+v: before %+v, after %+v", part.Part, part.Before, part.After)
		}
		if !(part.Before.ECE.Low < part.Before.ECE.High) || part.Outcomes != 10*part.Rows {
			t.Errorf("%+v", part)
		}
		best := slices.MinFunc(part.Candidates, func(x, y Candidate) int { return compare(x.NLL, y.NLL) })
		if part.Method != best.Method || len(part.Candidates) != len(Methods) || c.Maps[b].Method.String() != best.Method {
			t.Errorf("%s: took %s of %+v", part.Part, part.Method, part.Candidates)
		}
		if th := part.Threshold; th == nil || th.Pairs != 150 {
			t.Errorf("%s: threshold %+v", part.Part, th)
		}
	}
	// One map for all is worse early than maps for each band.
	all, _, err := Calibrate(rows, options(func(o *Options) { o.Resamples = 20 }))
	if err != nil || !all.Uniform() {
		t.Fatal(err)
	}
	// The same seed gives the same calibration and report, whatever the order of rows.
	shuffled := slices.Clone(rows)
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again, r2, err := Calibrate(shuffled, options(func(o *Options) { o.PerBand, o.Resamples, o.TargetRisk = true, 200, 0.3 }))
	if err != nil || !reflect.DeepEqual(again, c) || r2.Parts[0].After.NLL.Value != r.Parts[0].After.NLL.Value {
		t.Errorf("another order of rows: %v\n%+v\n%+v", err, again, c)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestABandWithTooFewRowsSharesTheMapOfAll(t *testing.T) {
	rows := answers(2, 60)
	few := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Question && r.Group >= Least-1 })
	c, r, err := Calibrate(few, options(func(o *Options) { o.Method, o.PerBand, o.Resamples = calibrate.Platt, true, 20 }))
	if err != nil {
		t.Fatal(err)
	}
	all := mapOf(t, calibrate.Platt, few)
	if part := r.Parts[calibrate.Question]; !c.Maps[calibrate.Question].Equal(&all) || !strings.Contains(part.Shared, "49 rows are too few") || part.Before == nil {
		t.Errorf("%+v", part)
	}
	// No tokens are known: nothing is early.
	for i := range rows {
		rows[i].Tokens = -1
	}
	c, r, err = Calibrate(rows, options(func(o *Options) { o.Method, o.PerBand, o.Resamples = calibrate.Platt, true, 20 }))
	if err != nil || c.Boundary != 0 || r.Parts[calibrate.Early].Rows != 0 || r.Parts[calibrate.Early].Before != nil || r.Parts[calibrate.Early].Shared == "" {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestFoldsDoNotSplitQuestions gives every question a confidence of its own. It decides the
// outcome of the question's rows, so a map would predict a question that is split.
func TestFoldsDoNotSplitQuestions(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	var rows []Row
	for q := range 300 {
		p, correct := rng.Float64(), rng.IntN(2)
		for range 5 {
			rows = append(rows, Row{Confidence: p, Correct: correct, N: 1, Group: q})
		}
	}
	fold, err := folds(rows, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	of, sizes := map[int]int{}, make([]int, 5)
	for i := range rows {
		if f, seen := of[rows[i].Group]; seen && f != fold[i] {
			t.Fatalf("question %d is in folds %d and %d", rows[i].Group, f, fold[i])
		}
		of[rows[i].Group] = fold[i]
		sizes[fold[i]]++
	}
	if !slices.Equal(sizes, []int{300, 300, 300, 300, 300}) {
		t.Errorf("folds of %v rows", sizes)
	}
	// Nothing can be learned from coin tosses, even if each is repeated often.
	_, r, err := Calibrate(rows, options(func(o *Options) { o.Method, o.Resamples = calibrate.Isotonic, 20 }))
	if err != nil || r.Parts[0].After.NLL.Value < math.Ln2-0.01 {
		t.Errorf("the cross-validated NLL of coin tosses is %v, %v", r.Parts[0].After.NLL, err)
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	rows := drawn(1, 100, calibrated)
	for _, c := range []struct {
		name string
		with func(*Options)
		want string
	}{
		{"one fold", func(o *Options) { o.Folds = 1 }, "at least 2"},
		{"no folds", func(o *Options) { o.Folds = 0 }, "at least 2"},
		{"more folds than questions", func(o *Options) { o.Folds = 101 }, "too few for 101 folds"},
		{"risk 1", func(o *Options) { o.TargetRisk = 1 }, "risk"},
		{"delta 1", func(o *Options) { o.Delta = 1 }, "delta"},
		{"delta 0", func(o *Options) { o.Delta = 0 }, "delta"},
		{"level 0", func(o *Options) { o.Level = 0 }, "level"},
		{"no bins", func(o *Options) { o.Bins = 0 }, "DefaultOptions"},
		{"bins of no outcome", func(o *Options) { o.LeastInBin = 0 }, "DefaultOptions"},
		{"no resamples", func(o *Options) { o.Resamples = 0 }, "at least 1 resample"},
	} {
		if _, _, err := Calibrate(rows, options(c.with)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, _, err := Calibrate([]Row{{Confidence: 2, N: 1}}, DefaultOptions()); err == nil {
		t.Error("a confidence of 2 was accepted")
	}
}

func TestCalibratedConfidencesStayAsTheyAre(t *testing.T) {
	_, r, err := Calibrate(drawn(5, 2000, calibrated), options(func(o *Options) { o.Resamples = 50 }))
	if err != nil {
		t.Fatal(err)
	}
	part := r.Parts[0]
	none := part.Candidates[0]
	taken := part.Candidates[slices.IndexFunc(part.Candidates, func(c Candidate) bool { return c.Method == part.Method })]
	if none.Method != "identity" || taken.NLL > none.NLL || part.After.NLL.Value > none.NLL+0.005 {
		t.Errorf("the method chosen, %s, is worse than none: %+v, after %+v", part.Method, part.Candidates, part.After)
	}
}

// options are the defaults with a change.
func options(change func(*Options)) Options {
	o := DefaultOptions()
	change(&o)
	return o
}
