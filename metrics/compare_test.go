package metrics

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// TestCompareAUROCAgreesWithMLstatkit compares with another implementation; see
// testdata/delong.py.
func TestCompareAUROCAgreesWithMLstatkit(t *testing.T) {
	data, err := os.ReadFile("testdata/delong.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name    string
			A, B    []float64
			Correct []int
			AUROC   [2]float64
			Z, P    float64
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		correct := make([]bool, len(c.Correct))
		for i := range correct {
			correct[i] = c.Correct[i] == 1
		}
		got, err := CompareAUROC(c.A, c.B, correct, nil, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.Name+": A", got.A, c.AUROC[0], 1e-14)
		near(t, c.Name+": B", got.B, c.AUROC[1], 1e-14)
		near(t, c.Name+": z", got.Z, c.Z, 1e-11)
		near(t, c.Name+": p", got.P, c.P, 1e-11)
	}
	if len(file.Cases) != 5 {
		t.Errorf("%d cases", len(file.Cases))
	}
}

// TestCompareAUROCIsItsDefinition compares with placements over all pairs of answers.
func TestCompareAUROCIsItsDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, shape := range shapes {
		a, correct := simulated(90, shape.draw)
		b := make([]float64, len(a))
		for i := range b {
			b[i] = math.Round(100*(a[i]+rng.Float64())/2) / 100
		}
		got, err := CompareAUROC(a, b, correct, nil, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		ofRight, ofWrong := naivePlacements(a, correct)
		lessRight, lessWrong := naivePlacements(b, correct)
		for i := range ofRight {
			ofRight[i] -= lessRight[i]
		}
		for i := range ofWrong {
			ofWrong[i] -= lessWrong[i]
		}
		variance := stat.Variance(ofRight, nil)/float64(len(ofRight)) + stat.Variance(ofWrong, nil)/float64(len(ofWrong))
		near(t, shape.name+": difference", got.Difference, stat.Mean(ofRight, nil), 1e-14)
		near(t, shape.name+": variance", math.Pow(got.Difference/got.Z, 2), variance, 1e-14)
		near(t, shape.name+": low", got.Interval.Low, got.Difference-1.6448536269514722*math.Sqrt(variance), 1e-12)

		// Each answer three times, in one cluster, gives the same test as each answer once.
		cluster := make([]int, 0, 3*len(a))
		for range 3 {
			for i := range a {
				cluster = append(cluster, 7*i)
			}
		}
		thrice, err := CompareAUROC(slices.Repeat(a, 3), slices.Repeat(b, 3), slices.Repeat(correct, 3), cluster, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		near(t, shape.name+": z of clusters", thrice.Z, got.Z, 1e-10)
	}
}

// naivePlacements are the placements of correct and of wrong answers.
func naivePlacements(conf []float64, correct []bool) (ofRight, ofWrong []float64) {
	right, wrong := split(conf, correct)
	for _, r := range right {
		p := 0.0
		for _, w := range wrong {
			p += wins(r, w)
		}
		ofRight = append(ofRight, p/float64(len(wrong)))
	}
	for _, w := range wrong {
		p := 0.0
		for _, r := range right {
			p += wins(r, w)
		}
		ofWrong = append(ofWrong, p/float64(len(right)))
	}
	return ofRight, ofWrong
}

// TestClustersWiden: if the answers of a question are alike, the difference is less certain.
// The bootstrap over questions agrees.
func TestClustersWiden(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	var a, b []float64
	var correct []bool
	var cluster []int
	for q := range 200 {
		hard, shift := rng.Float64(), rng.Float64()
		for range 6 {
			right := rng.Float64() < hard
			a, b, correct, cluster = append(a, hard), append(b, (hard+shift)/2), append(correct, right), append(cluster, q)
		}
	}
	alone, err := CompareAUROC(a, b, correct, nil, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	together, err := CompareAUROC(a, b, correct, cluster, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := BootstrapDifferences(a, b, correct, cluster, []Metric{MetricAUROC}, resampling(2000, 1))
	if err != nil {
		t.Fatal(err)
	}
	width := func(iv Interval) float64 { return iv.High - iv.Low }
	if !(width(together.Interval) > 1.3*width(alone.Interval)) {
		t.Errorf("width %v with clusters, %v without", width(together.Interval), width(alone.Interval))
	}
	near(t, "width of the bootstrap over that of the test", width(drawn[0])/width(together.Interval), 1, 0.1)
}

func TestCompareAUROCAtEdges(t *testing.T) {
	a, correct := []float64{0.1, 0.4, 0.6, 0.9}, []bool{false, false, true, true}
	same, err := CompareAUROC(a, []float64{0.2, 0.3, 0.5, 1}, correct, nil, 0.95)
	if err != nil || same.Z != 0 || same.P != 1 || same.Difference != 0 {
		t.Errorf("alike: %+v, %v", same, err)
	}
	reversed, err := CompareAUROC(a, []float64{0.9, 0.8, 0.2, 0.1}, correct, nil, 0.95)
	if err != nil || !math.IsInf(reversed.Z, 1) || reversed.P != 0 || reversed.Difference != 1 {
		t.Errorf("reversed: %+v, %v", reversed, err)
	}
	for name, c := range map[string]struct {
		b       []float64
		correct []bool
		cluster []int
		level   float64
		want    error
	}{
		"one class":               {a, []bool{true, true, true, true}, nil, 0.95, ErrOneClass},
		"one wrong answer":        {a, []bool{false, true, true, true}, nil, 0.95, ErrTooFew},
		"one cluster of wrong":    {a, correct, []int{0, 0, 1, 2}, 0.95, ErrTooFew},
		"a level of 2":            {a, correct, nil, 2, ErrLevel},
		"a cluster of -1":         {a, correct, []int{0, 1, 2, -1}, 0.95, ErrCount},
		"no pairs":                {nil, nil, nil, 0.95, ErrEmpty},
		"other lengths":           {a[:3], correct, nil, 0.95, &LengthError{3, 4}},
		"other number of cluster": {a, correct, []int{0}, 0.95, &LengthError{4, 1}},
		"a confidence of 2":       {[]float64{0, 1, 2, 0}, correct, nil, 0.95, &ValueError{2, 2}},
	} {
		first := a
		if c.b == nil {
			first = nil
		}
		_, err := CompareAUROC(first, c.b, c.correct, c.cluster, c.level)
		if !errors.Is(err, c.want) && (err == nil || err.Error() != c.want.Error()) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestDifferencesWithoutClusters: single rows are drawn like clusters of one row.
func TestDifferencesWithoutClusters(t *testing.T) {
	a, correct := simulated(400, shapes[0].draw)
	b, _ := simulated(400, shapes[2].draw)
	figures := []Metric{MetricECE, MetricBrierSkill, MetricNLL, MetricAUROC, MetricAUPRC, MetricAUGRC}
	one := make([]int, len(a))
	for i := range one {
		one[i] = i
	}
	want, err := BootstrapDifferences(a, b, correct, one, figures, resampling(100, 3))
	if err != nil {
		t.Fatal(err)
	}
	got, err := BootstrapDifferences(a, b, correct, nil, figures, resampling(100, 3))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v\nwant %v", got, err, want)
	}
	if _, err := BootstrapDifferences(nil, nil, nil, nil, figures, resampling(100, 3)); err != ErrEmpty {
		t.Errorf("no pairs: %v", err)
	}
}
