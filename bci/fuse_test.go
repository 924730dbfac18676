package bci

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

var nan = math.NaN()

func near(a, b float64) bool {
	return a != a && b != b || math.Abs(a-b) <= 1e-12
}

func checkNear(t testing.TB, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !near(got[i], want[i]) {
			t.Fatalf("%s: node %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// recursive computes Equation 5 literally, in exponential time.
func recursive(t Tree, p Params) []float64 {
	n := len(t.Conf)
	children := make([][]int, n)
	for i := range n {
		if math.IsNaN(t.Conf[i]) {
			continue
		}
		up := t.Parent[i]
		for up >= 0 && math.IsNaN(t.Conf[up]) {
			up = t.Parent[up]
		}
		if up >= 0 {
			children[up] = append(children[up], i)
		}
	}
	var f func(j, k int) float64
	f = func(j, k int) float64 {
		c := children[j][:min(p.Width, len(children[j]))]
		if k == 0 || len(c) == 0 {
			return t.Conf[j]
		}
		sum := 0.0
		for _, i := range c {
			sum += f(i, k-1)
		}
		return p.Alpha*t.Conf[j] + (1-p.Alpha)*sum/float64(len(c))
	}
	out := make([]float64, n)
	for j := range out {
		out[j] = nan
		if !math.IsNaN(t.Conf[j]) {
			out[j] = f(j, p.Depth)
		}
	}
	return out
}

func TestByHand(t *testing.T) {
	// A question with three sampled continuations. The first one has two more positions.
	//
	//	0: 0.5
	//	├─ 1: 0.6 ── 4: 0.8 ── 5: 1
	//	├─ 2: 0.2
	//	└─ 3: 0.4
	parents := []int32{-1, 0, 0, 0, 1, 4}
	conf := []float64{0.5, 0.6, 0.2, 0.4, 0.8, 1}
	for _, c := range []struct {
		name string
		p    Params
		conf []float64
		want []float64
	}{
		{"one step, all three", Params{0.5, 1, 3}, conf, []float64{0.45, 0.7, 0.2, 0.4, 0.9, 1}},
		{"one step, the first", Params{0.5, 1, 1}, conf, []float64{0.55, 0.7, 0.2, 0.4, 0.9, 1}},
		{"one step, more than there are", Params{0.5, 1, 9}, conf, []float64{0.45, 0.7, 0.2, 0.4, 0.9, 1}},
		// node 1 two ahead: 0.3 + 0.5*0.9 = 0.75; the root: 0.25 + 0.5*(0.7+0.2)/2 = 0.475
		{"two steps, two wide", Params{0.5, 2, 2}, conf, []float64{0.475, 0.75, 0.2, 0.4, 0.9, 1}},
		// the root: 0.25 + 0.5*(0.75+0.2)/2 = 0.4875
		{"as many steps as there are", Params{0.5, 3, 2}, conf, []float64{0.4875, 0.75, 0.2, 0.4, 0.9, 1}},
		{"more steps than there are", Params{0.5, math.MaxInt, 2}, conf, []float64{0.4875, 0.75, 0.2, 0.4, 0.9, 1}},
		{"no step", Params{0.5, 0, 2}, conf, conf},
		{"no width", Params{0.5, 2, 0}, conf, conf},
		{"alpha 1 keeps all", Params{1, 2, 2}, conf, conf},
		{"alpha 0 keeps none", Params{0, 1, 2}, conf, []float64{0.4, 0.8, 0.2, 0.4, 1, 1}},
		{"a missing node hands on its child", Params{0.5, 1, 3}, []float64{0.5, nan, 0.2, 0.4, 0.9, 1}, []float64{0.5, nan, 0.2, 0.4, 0.95, 1}},
		{"after its siblings", Params{0.5, 1, 2}, []float64{0.5, nan, 0.2, 0.4, 0.9, 1}, []float64{0.4, nan, 0.2, 0.4, 0.95, 1}},
		{"a missing root", Params{0.5, 1, 2}, []float64{nan, 0.6, 0.2, 0.4, 0.8, 1}, []float64{nan, 0.7, 0.2, 0.4, 0.9, 1}},
	} {
		got, err := Fuse(nil, Tree{c.conf, parents}, c.p)
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, c.name, got, c.want)
	}
}

func TestPathHasTheClosedForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	conf := make([]float64, 20)
	for i := range conf {
		conf[i] = rng.Float64()
	}
	a, last := 0.7, len(conf)-1
	one, err := FusePath(nil, conf, Params{a, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	two, err := FusePath(nil, conf, Params{a, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	for j := range conf {
		want1, want2 := conf[j], conf[j]
		if j < last {
			want1 = a*conf[j] + (1-a)*conf[j+1]
			want2 = want1
		}
		if j < last-1 {
			want2 = a*conf[j] + (1-a)*a*conf[j+1] + (1-a)*(1-a)*conf[j+2]
		}
		if !near(one[j], want1) || !near(two[j], want2) {
			t.Errorf("%d: %v and %v, want %v and %v", j, one[j], two[j], want1, want2)
		}
	}
}

func randomTree(rng *rand.Rand, n int) Tree {
	t := Tree{make([]float64, n), make([]int32, n)}
	for i := range n {
		t.Conf[i] = rng.Float64()
		if rng.IntN(4) == 0 {
			t.Conf[i] = nan
		}
		t.Parent[i] = int32(rng.IntN(i+1)) - 1
		if i > 0 && rng.IntN(2) == 0 {
			t.Parent[i] = int32(i - 1)
		}
	}
	return t
}

func TestAgainstTheRecursion(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		tree := randomTree(rng, rng.IntN(25))
		p := Params{[]float64{0, 1, rng.Float64()}[rng.IntN(3)], rng.IntN(8), rng.IntN(4)}
		want := append([]float64(nil), tree.Conf...)
		if p.Width > 0 {
			want = recursive(tree, p)
		}
		got, err := Fuse(nil, tree, p)
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, "Fuse", got, want)
		got, err = Fuse(tree.Conf, tree, p) // in place
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, "in place", got, want)
	}
}

// FusePath gives the same bits as Fuse on the same path.
func TestPathIsATree(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		tree := randomTree(rng, rng.IntN(40))
		for i := range tree.Parent {
			tree.Parent[i] = int32(i - 1)
		}
		p := Params{rng.Float64(), rng.IntN(50), rng.IntN(3)}
		a, err := Fuse(nil, tree, p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := FusePath(nil, tree.Conf, p)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
				t.Fatalf("node %d: %v in the tree, %v on the path", i, a[i], b[i])
			}
		}
	}
}

func TestLargeTrees(t *testing.T) {
	const n = 1_000_000
	chain := Tree{make([]float64, n), make([]int32, n)}
	star := Tree{make([]float64, n), make([]int32, n)}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		chain.Conf[i], chain.Parent[i] = rng.Float64(), int32(i-1)
		star.Conf[i], star.Parent[i] = float64(i%2), 0
	}
	star.Parent[0] = -1
	for _, depth := range []int{3, n / 2, math.MaxInt} { // values stop changing long before n/2
		got, err := Fuse(nil, chain, Params{0.5, depth, 1})
		if err != nil {
			t.Fatal(err)
		}
		want := chain.Conf[min(depth, 60)]
		for i := min(depth, 60) - 1; i >= 0; i-- { // 2^-60 is below rounding
			want = 0.5*chain.Conf[i] + 0.5*want
		}
		if !near(got[0], want) {
			t.Errorf("depth %d: %v, want %v", depth, got[0], want)
		}
	}
	got, err := Fuse(nil, star, Params{0, 1, n})
	if err != nil {
		t.Fatal(err)
	}
	if want := float64(n/2) / float64(n-1); !near(got[0], want) {
		t.Errorf("mean of the star is %v, want %v", got[0], want)
	}
}

func TestErrors(t *testing.T) {
	ok := Params{0.5, 1, 1}
	for _, c := range []struct {
		name string
		tree Tree
		p    Params
		says string
	}{
		{"alpha over 1", Tree{}, Params{1.1, 1, 1}, "Alpha"},
		{"alpha NaN", Tree{}, Params{nan, 1, 1}, "Alpha"},
		{"negative depth", Tree{}, Params{0.5, -1, 1}, "Depth"},
		{"negative width", Tree{}, Params{0.5, 1, -1}, "Width"},
		{"lengths differ", Tree{[]float64{1}, nil}, ok, "1 confidences and 0 parents"},
		{"its own parent", Tree{[]float64{1}, []int32{0}}, ok, "node 0"},
		{"a later parent", Tree{[]float64{1, 1, 1}, []int32{-1, 2, 0}}, ok, "node 1"},
		{"a parent below -1", Tree{[]float64{1}, []int32{-2}}, ok, "node 0"},
		{"confidence over 1", Tree{[]float64{0, 1.5}, []int32{-1, 0}}, ok, "node 1"},
		{"infinite confidence", Tree{[]float64{math.Inf(-1)}, []int32{-1}}, ok, "node 0"},
	} {
		if _, err := Fuse(nil, c.tree, c.p); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.says)
		}
	}
	if got, err := FusePath(nil, nil, ok); err != nil || len(got) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}

// Any parents and confidences give an error or a result in range.
func FuzzFuse(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xff, 0xff, 0xff, 0, 0}, 0.5, uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, alpha float64, depth, width uint8) {
		var tree Tree
		for ; len(b) >= 3; b = b[3:] {
			tree.Parent = append(tree.Parent, int32(int16(binary.LittleEndian.Uint16(b))))
			c := float64(b[2]) / 200
			if b[2] == 0xff {
				c = nan
			}
			tree.Conf = append(tree.Conf, c)
		}
		got, err := Fuse(nil, tree, Params{alpha, int(depth), int(width)})
		if err != nil {
			return
		}
		for i, v := range got {
			if math.IsNaN(v) != math.IsNaN(tree.Conf[i]) || v < 0 || v > 1 {
				t.Fatalf("node %d of %v is %v", i, tree, v)
			}
		}
	})
}

// The peer is the recursion, on a tree that is small enough for it.
func BenchmarkFuse(b *testing.B) {
	const n = 3280 // a full ternary tree of 8 levels
	tree := Tree{make([]float64, n), make([]int32, n)}
	for i := range n {
		tree.Conf[i], tree.Parent[i] = float64(i%10)/10, int32((i+2)/3-1)
	}
	p := Params{0.5, 3, 3}
	b.Run("sweeps", func(b *testing.B) {
		b.ReportAllocs()
		var dst []float64
		for b.Loop() {
			dst, _ = Fuse(dst, tree, p)
		}
	})
	b.Run("peer: recursion", func(b *testing.B) {
		for b.Loop() {
			recursive(tree, p)
		}
	})
}

func TestFuseReusesDst(t *testing.T) {
	conf := []float64{0.2, 0.4, 0.8}
	for _, depth := range []int{0, 2} {
		p := Params{Alpha: 0.5, Depth: depth, Width: 1}
		for capacity := range 5 {
			dst := make([]float64, 0, capacity)
			got, err := FusePath(dst, conf, p)
			if err != nil {
				t.Fatal(err)
			}
			if same := capacity > 0 && &got[0] == &dst[:1][0]; same != (capacity >= len(conf)) {
				t.Errorf("depth %d, a capacity of %d: dst is used: %v", depth, capacity, same)
			}
		}
		if got, err := FusePath(nil, nil, p); err != nil || len(got) != 0 {
			t.Errorf("depth %d, no nodes: %v, %v", depth, got, err)
		}
	}
}
