package construct_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/finece/finece/host/construct"
)

// TestAverageLinkageOfSciPy compares with SciPy's own test vectors.
func TestAverageLinkageOfSciPy(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(data, "scipy-linkage/hierarchy_vectors.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no real data here: %v", err)
	}
	var v struct {
		Distances []float64    `json:"ytdist"`
		Average   [][4]float64 `json:"linkage_ytdist_average"`
	}
	if err := errors.Join(err, json.Unmarshal(raw, &v)); err != nil {
		t.Fatal(err)
	}
	const n = 6
	steps := construct.AverageLinkage(n, func(i, j int) float64 { return v.Distances[n*i-i*(i+1)/2+j-i-1] })
	if len(steps) != len(v.Average) || len(steps) != n-1 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, want := range v.Average {
		got := [4]float64{float64(steps[i].A), float64(steps[i].B), steps[i].Distance, float64(steps[i].Size)}
		for c := range got {
			if math.Abs(got[c]-want[c]) > 1e-7 { // what the file is rounded to
				t.Errorf("step %d: %v, want %v", i, got, want)
			}
		}
	}
}

// TestAverageLinkageIsTheMeanOverPairs checks the recurrence, and the order of
// the merges, against the definition.
func TestAverageLinkageIsTheMeanOverPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{2, 3, 7, 30} {
		d := make([][]float64, n)
		for i := range d {
			d[i] = make([]float64, n)
			for j := range i {
				d[i][j] = r.Float64()
				if n == 7 {
					d[i][j] = float64(r.IntN(3)) // ties
				}
				d[j][i] = d[i][j]
			}
		}
		members := map[int][]int{}
		for i := range n {
			members[i] = []int{i}
		}
		mean := func(a, b []int) float64 {
			sum := 0.0
			for _, i := range a {
				for _, j := range b {
					sum += d[i][j]
				}
			}
			return sum / float64(len(a)*len(b))
		}
		for k, s := range construct.AverageLinkage(n, func(i, j int) float64 { return d[i][j] }) {
			least := math.Inf(1)
			for a := range members {
				for b := range members {
					if a < b {
						least = min(least, mean(members[a], members[b]))
					}
				}
			}
			a, b := members[s.A], members[s.B]
			if got := mean(a, b); math.Abs(got-s.Distance) > 1e-12 || math.Abs(got-least) > 1e-12 || s.Size != len(a)+len(b) {
				t.Fatalf("n = %d, step %d: %+v; the mean is %v, the least %v", n, k, s, got, least)
			}
			delete(members, s.A)
			delete(members, s.B)
			members[n+k] = append(append([]int{}, a...), b...)
		}
		if len(members) != 1 {
			t.Errorf("n = %d: %d clusters are left", n, len(members))
		}
	}
}

func TestClusters(t *testing.T) {
	at := func(degrees float64) []float64 {
		return []float64{3 * math.Cos(degrees*math.Pi/180), 3 * math.Sin(degrees*math.Pi/180)}
	}
	// Three groups, a pair, and one alone.
	vectors := [][]float64{at(200), at(0), at(10), at(20), at(90), at(100), at(95), at(91)}
	for _, c := range []struct {
		m       int
		surplus construct.Surplus
		want    []construct.Cluster
	}{
		{8, construct.Largest, []construct.Cluster{{Centre: 6, Members: []int{4, 5, 6, 7}}, {Centre: 2, Members: []int{1, 2, 3}}, {Centre: 0, Members: []int{0}}}},
		{2, construct.Largest, []construct.Cluster{{Centre: 6, Members: []int{4, 5, 6, 7}}, {Centre: 2, Members: []int{1, 2, 3}}}},
		{2, construct.Merge, []construct.Cluster{{Centre: 4, Members: []int{1, 2, 3, 4, 5, 6, 7}}, {Centre: 0, Members: []int{0}}}},
	} {
		got, err := construct.Clusters(vectors, 0.3, c.m, c.surplus)
		if err != nil {
			t.Fatal(err)
		}
		if c.surplus == construct.Merge { // which centre it has is not what this is about
			c.want[0].Centre = got[0].Centre
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("m = %d, %v: %+v, want %+v", c.m, c.surplus, got, c.want)
		}
	}
	// 1 - cos 90 is 1: at the threshold itself nothing is merged.
	pair := [][]float64{{1, 0}, {0, 1}}
	for threshold, want := range map[float64]int{1: 2, 1.0001: 1} {
		if got, _ := construct.Clusters(pair, threshold, 5, construct.Largest); len(got) != want {
			t.Errorf("threshold %v: %d clusters, want %d", threshold, len(got), want)
		}
	}
	for _, bad := range [][][]float64{{{1}, {1, 2}}, {{math.NaN()}}, {{math.Inf(1)}}} {
		if _, err := construct.Clusters(bad, 0.3, 1, construct.Largest); err == nil {
			t.Errorf("%v is allowed", bad)
		}
	}
}

func TestTFIDFTellsStepsApart(t *testing.T) {
	texts := []string{"First, 3 + 4 = 7.", "first 3 + 4 = 7", "First, 3 * 4 = 12.", "The train leaves at noon."}
	vectors, err := construct.TFIDF{}.Vectors(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	distance := func(i, j int) float64 {
		sum := 0.0
		for c := range vectors[i] {
			sum += vectors[i][c] * vectors[j][c]
		}
		return 1 - sum
	}
	if !(distance(0, 1) < 0.3 && distance(0, 2) > distance(0, 1) && distance(0, 3) > 0.8) {
		t.Errorf("%v, %v, %v", distance(0, 1), distance(0, 2), distance(0, 3))
	}
	if math.Abs(distance(0, 0)) > 1e-12 {
		t.Errorf("a text is at %v from itself", distance(0, 0))
	}
}

func TestPlan(t *testing.T) {
	p := construct.Plan{K: 30, T: 2, M: 3}
	if p.Completions() != 210 || p.Tree().String() != "27930" || p.Prefixes() != 7 {
		t.Errorf("%d, %s", p.Completions(), p.Tree())
	}
	if p.Requests(0) != 7 || p.Requests(30) != 7 || p.Requests(29) != 14 || p.Requests(1) != 210 {
		t.Errorf("%d, %d, %d, %d requests", p.Requests(0), p.Requests(30), p.Requests(29), p.Requests(1))
	}
	// The first fragments, and the partial answers of one fragment, which become longer.
	if none := (construct.Plan{K: 30, M: 3}); p.Embeddings() != 4 || none.Embeddings() != 0 {
		t.Errorf("%d and %d embeddings", p.Embeddings(), none.Embeddings())
	}
	if got := (construct.Plan{K: 30, T: 20, M: 3}).Tree().String(); got != "10821055037586206896551724137930" {
		t.Errorf("30 + ... + 30^21 is %s", got)
	}
	for _, good := range []construct.Plan{{K: 1}, {K: 3, M: 3, T: 1}, {K: 2, M: 3}} {
		if err := good.Validate(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, bad := range []construct.Plan{{}, {K: 3, T: -1}, {K: 3, M: -1}, {K: 3, M: 4, T: 1}, {K: 3, T: 1}, {K: 1 << 30}, {K: 10_000, M: 10_000, T: 1000}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is allowed", bad)
		}
	}
}
