package bci

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func newWindow(t testing.TB, p Params, capacity int) *Window {
	t.Helper()
	w, err := NewWindow(p, capacity)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func checkRevisions(t *testing.T, what string, got []Revision, want ...Revision) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %+v, want %+v", what, got, want)
	}
	for i, g := range got {
		w := want[i]
		if g.ID != w.ID || !near(g.Fused, w.Fused) || g.Final != w.Final || g.Failed != w.Failed {
			t.Errorf("%s: %+v, want %+v", what, g, w)
		}
	}
}

func TestWindowInOrder(t *testing.T) {
	w := newWindow(t, Params{0.5, 1, 1}, 4)
	for i := range 3 {
		if id, out := w.Push(nil); id != i || len(out) != 0 {
			t.Fatalf("Push = %d, %v", id, out)
		}
	}
	checkRevisions(t, "first", w.Resolve(0, 0.8, nil), Revision{ID: 0, Fused: 0.8, Final: false, Failed: false})
	checkRevisions(t, "second", w.Resolve(1, 0.4, nil), Revision{ID: 0, Fused: 0.6, Final: true, Failed: false}, Revision{ID: 1, Fused: 0.4, Final: false, Failed: false})
	checkRevisions(t, "again", w.Resolve(1, 0.9, nil))
	checkRevisions(t, "unknown", w.Resolve(7, 0.9, nil))
	checkRevisions(t, "negative", w.Fail(-1, nil))
	checkRevisions(t, "end", w.End(nil))
	checkRevisions(t, "last", w.Resolve(2, 1, nil), Revision{ID: 1, Fused: 0.7, Final: true, Failed: false}, Revision{ID: 2, Fused: 1, Final: true, Failed: false})
	if id, out := w.Push(nil); id != -1 || len(out) != 0 {
		t.Errorf("Push after End = %d, %v", id, out)
	}
}

func TestWindowOutOfOrder(t *testing.T) {
	w := newWindow(t, Params{0.5, 1, 1}, 9)
	for range 4 {
		w.Push(nil)
	}
	checkRevisions(t, "third", w.Resolve(2, 0.4, nil), Revision{ID: 2, Fused: 0.4, Final: false, Failed: false})
	checkRevisions(t, "first looks past the second", w.Resolve(0, 0.8, nil), Revision{ID: 0, Fused: 0.6, Final: false, Failed: false})
	checkRevisions(t, "second changes the first only", w.Resolve(1, 0.2, nil), Revision{ID: 0, Fused: 0.5, Final: true, Failed: false}, Revision{ID: 1, Fused: 0.3, Final: true, Failed: false})
	checkRevisions(t, "no estimate", w.Resolve(3, nan, nil), Revision{ID: 3, Fused: nan, Final: true, Failed: true})
	checkRevisions(t, "end", w.End(nil), Revision{ID: 2, Fused: 0.4, Final: true, Failed: false})
	checkRevisions(t, "ended", w.End(nil))
}

func TestWindowFailureMakesEarlierFinal(t *testing.T) {
	w := newWindow(t, Params{0.5, 1, 1}, 9)
	for range 3 {
		w.Push(nil)
	}
	w.Resolve(0, 0.8, nil)
	w.Resolve(2, 0.4, nil)
	checkRevisions(t, "failure", w.Fail(1, nil), Revision{ID: 0, Fused: 0.6, Final: true, Failed: false}, Revision{ID: 1, Fused: nan, Final: true, Failed: true})
}

func TestWindowGivesUpTheOldest(t *testing.T) {
	w := newWindow(t, Params{0.5, 1, 1}, 2)
	w.Push(nil)
	w.Push(nil)
	id, out := w.Push(nil)
	checkRevisions(t, "pending", out, Revision{ID: 0, Fused: nan, Final: true, Failed: true})
	if id != 2 {
		t.Errorf("id %d, want 2", id)
	}
	checkRevisions(t, "given up", w.Resolve(0, 0.5, nil))
	checkRevisions(t, "with an estimate", w.Resolve(1, 0.4, nil), Revision{ID: 1, Fused: 0.4, Final: false, Failed: false})
	_, out = w.Push(nil)
	checkRevisions(t, "as it stands", out, Revision{ID: 1, Fused: 0.4, Final: true, Failed: false})
}

func TestWindowWithoutDepth(t *testing.T) {
	for _, p := range []Params{{0.5, 0, 1}, {0.5, 5, 0}} {
		w := newWindow(t, p, 1)
		for id := range 3 {
			if _, out := w.Push(nil); len(out) != 0 {
				t.Errorf("full: %+v", out)
			}
			checkRevisions(t, "final at once", w.Resolve(id, 0.3, nil), Revision{ID: id, Fused: 0.3, Final: true, Failed: false})
		}
	}
}

func TestWindowCapacity(t *testing.T) {
	for capacity, ok := range map[int]bool{-1: false, 0: false, 3: false, 4: true, maxCapacity: true, maxCapacity + 1: false} {
		if _, err := NewWindow(Params{0.5, 3, 1}, capacity); (err == nil) != ok {
			t.Errorf("capacity %d: %v", capacity, err)
		}
	}
	if _, err := NewWindow(Params{2, 3, 1}, 9); err == nil {
		t.Error("Alpha 2 is taken")
	}
}

// lastOf returns the last estimate of conf that the fused value of a position depends on.
func lastOf(conf []float64, p Params, id int) int {
	last := id
	if p.Alpha == 1 || math.IsNaN(conf[id]) {
		return last
	}
	for i, left := id+1, p.depth(); i < len(conf) && left > 0; i++ {
		if !math.IsNaN(conf[i]) {
			last = i
			left--
		}
	}
	return last
}

// whole returns a path with its sampled continuations as the tree that Window documents.
func whole(conf []float64, rollouts [][]float64) Tree {
	t := Tree{Conf: slices.Clone(conf)}
	for i := range conf {
		t.Parent = append(t.Parent, int32(i-1))
	}
	for i, all := range rollouts {
		for _, c := range slices.Backward(all) {
			t.Conf, t.Parent = append(t.Conf, c), append(t.Parent, int32(i))
		}
	}
	return t
}

// The order of events is random. A position is reported when it changes, and never after it
// was final. At the end, all values are those of Fuse, or of FusePath if nothing was
// sampled. Before the end, each value is that of Fuse over the estimates so far.
func TestWindowEqualsFuse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + rng.IntN(30)
		p := Params{[]float64{0, 1, rng.Float64()}[rng.IntN(3)], rng.IntN(6), rng.IntN(4)}
		w := newWindow(t, p, max(n, p.Depth+1))
		rollouts, open := make([][]float64, n), make([]int, n)
		conf := make([]float64, n)
		seen := make([]float64, n)
		final := make([]bool, n)
		for i := range n {
			conf[i], seen[i] = nan, nan
		}
		take := func(out []Revision) {
			last := -1
			for _, r := range out {
				if r.ID <= last || final[r.ID] {
					t.Fatalf("%+v behind %d, final %v", r, last, final[r.ID])
				}
				last = r.ID
				same := math.Float64bits(r.Fused) == math.Float64bits(seen[r.ID])
				if same && !r.Final && !math.IsNaN(conf[r.ID]) {
					t.Fatalf("%+v reports nothing new", r)
				}
				seen[r.ID], final[r.ID] = r.Fused, r.Final
				if want := lastOf(conf, p, r.ID); r.Last != want {
					t.Fatalf("%+v of %v: %+v, want %d for the last that it depends on", p, conf, r, want)
				}
				if r.Failed && !(r.Final && math.IsNaN(r.Fused)) {
					t.Fatalf("%+v", r)
				}
			}
			want, err := Fuse(nil, whole(conf, rollouts), p)
			if p.Width < 2 {
				want, err = FusePath(nil, conf, p)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range conf {
				if math.Float64bits(want[i]) != math.Float64bits(seen[i]) && !(math.IsNaN(want[i]) && math.IsNaN(seen[i])) {
					t.Fatalf("%+v of %v: position %d is %v, want %v", p, conf, i, seen[i], want[i])
				}
			}
		}
		sample := func() bool { // a continuation of some position that waits for one
			var able []int
			for i := range n {
				if !math.IsNaN(conf[i]) && open[i] > 0 {
					able = append(able, i)
				}
			}
			if len(able) == 0 {
				return false
			}
			id := able[rng.IntN(len(able))]
			c := float64(rng.IntN(31)) / 30
			if open[id]--; rng.IntN(4) == 0 {
				c = nan
			} else {
				rollouts[id] = append(rollouts[id], c)
			}
			take(w.Resolve(id, c, nil))
			return true
		}
		var waiting []int
		pushed, ended := 0, false
		for pushed < n || len(waiting) > 0 || !ended || sample() {
			switch {
			case rng.IntN(3) == 0 && sample():
			case pushed < n && (len(waiting) == 0 || rng.IntN(2) == 0):
				id, out := w.Push(nil)
				if id != pushed || len(out) > 0 {
					t.Fatalf("Push = %d, %+v", id, out)
				}
				waiting = append(waiting, id)
				if pushed++; p.depth() > 0 {
					open[id] = p.Width - 1
				}
			case pushed == n && !ended && (len(waiting) == 0 || rng.IntN(3) == 0):
				ended, open[n-1] = true, 0
				take(w.End(nil))
			case len(waiting) > 0:
				k := rng.IntN(len(waiting))
				id := waiting[k]
				waiting = append(waiting[:k], waiting[k+1:]...)
				if rng.IntN(4) == 0 {
					take(w.Fail(id, nil))
				} else {
					conf[id] = float64(rng.IntN(31)) / 30
					take(w.Resolve(id, conf[id], nil))
				}
			}
		}
		for i, f := range final {
			if !f {
				t.Fatalf("%+v: position %d of %d is not final", p, i, n)
			}
			checkRevisions(t, "after the last one", w.Resolve(i, 0.5, nil))
		}
	}
}

func TestWindowWaitsForSampledContinuations(t *testing.T) {
	w := newWindow(t, Params{0.5, 1, 3}, 9)
	w.Push(nil)
	w.Push(nil)
	checkRevisions(t, "first", w.Resolve(0, 0.8, nil), Revision{ID: 0, Fused: 0.8})
	checkRevisions(t, "sampled", w.Resolve(0, 0.2, nil), Revision{ID: 0, Fused: 0.5})
	checkRevisions(t, "second", w.Resolve(1, 0.4, nil), Revision{ID: 0, Fused: 0.55}, Revision{ID: 1, Fused: 0.4})
	checkRevisions(t, "sampled late", w.Resolve(0, 0.6, nil), Revision{ID: 0, Fused: 0.6, Final: true})
	checkRevisions(t, "one too many", w.Resolve(0, 0.6, nil))
	checkRevisions(t, "the end has none", w.End(nil), Revision{ID: 1, Fused: 0.4, Final: true})

	w = newWindow(t, Params{0.5, 1, 2}, 9)
	w.Push(nil)
	w.Push(nil)
	w.Resolve(0, 0.8, nil)
	w.Resolve(1, 0.4, nil)
	checkRevisions(t, "none came", w.Resolve(0, nan, nil), Revision{ID: 0, Fused: 0.6, Final: true})
	checkRevisions(t, "not pushed", w.Resolve(5, 0.5, nil))
}

// A final value stays the same, whatever events come later. A value is final as early as
// possible: as soon as no later event can change it.
func TestWindowIsFinalInTime(t *testing.T) {
	for depth := range 4 {
		w := newWindow(t, Params{0.5, depth, 1}, 20)
		for i := range 12 {
			_, out := w.Push(nil)
			out = w.Resolve(i, 0.5, out)
			got := 0
			for _, r := range out {
				if r.Final {
					got++
					if r.ID != i-depth {
						t.Errorf("depth %d: %d is final at %d", depth, r.ID, i)
					}
				}
			}
			if i >= depth && got != 1 {
				t.Errorf("depth %d: %d are final at %d", depth, got, i)
			}
		}
	}
}

func FuzzWindow(f *testing.F) {
	f.Add([]byte{0, 0, 0x41, 0x82, 3}, uint8(2), uint8(3))
	f.Fuzz(func(t *testing.T, events []byte, depth, capacity uint8) {
		w, err := NewWindow(Params{0.5, int(depth % 8), 1 + int(depth>>3)%3}, int(capacity))
		if err != nil {
			return
		}
		final := map[int]bool{}
		pushed := 0
		var out []Revision
		for _, e := range events {
			out = out[:0]
			id := pushed - 1 - int(e>>2&15)
			switch e & 3 {
			case 0:
				id, out = w.Push(out)
				if id >= 0 {
					pushed++
				}
			case 1:
				out = w.Resolve(id, float64(e>>4)/14, out) // sometimes over 1
			case 2:
				out = w.Fail(id, out)
			case 3:
				if e>>2 == 0 {
					out = w.End(out)
				}
			}
			for i, r := range out {
				if final[r.ID] || r.ID < 0 || r.ID >= pushed || i > 0 && r.ID <= out[i-1].ID || r.Fused < 0 || r.Fused > 1 {
					t.Fatalf("%+v of %+v", r, out)
				}
				final[r.ID] = r.Final
			}
		}
	})
}

// The peer computes the whole path again for every estimate.
func BenchmarkWindow(b *testing.B) {
	p := Params{0.5, 3, 1}
	b.Run("window", func(b *testing.B) {
		w := newWindow(b, p, 64)
		b.ReportAllocs()
		out := make([]Revision, 0, 64)
		for b.Loop() {
			var id int
			id, out = w.Push(out[:0])
			out = w.Resolve(id, 0.5, out)
		}
	})
	b.Run("peer: FusePath of 64", func(b *testing.B) {
		conf, dst := make([]float64, 64), make([]float64, 64)
		for b.Loop() {
			dst, _ = FusePath(dst, conf, p)
		}
	})
}

func TestWindowIgnoresAPositionThatIsNotPushedYet(t *testing.T) {
	for depth := range 2 {
		w := newWindow(t, Params{0.5, depth, 1}, 4)
		checkRevisions(t, "before the first", w.Resolve(0, 0.5, nil))
		w.Push(nil)
		checkRevisions(t, "the next one", w.Resolve(1, 0.5, nil))
		checkRevisions(t, "the next one fails", w.Fail(1, nil))
		w.Push(nil)
		checkRevisions(t, "pushed", w.Resolve(1, 0.5, nil), Revision{ID: 1, Fused: 0.5, Final: depth == 0})
	}
}
