package bci

import (
	"errors"
	"math"
	"strconv"
)

// Window integrates the positions of one stream while their estimates arrive. The first
// continuation of a position is the stream's own next position. If Width is more than 1,
// there are Width-1 further continuations. They are sampled and have no children: see
// [Window.Resolve].
//
// When all estimates have arrived, the fused values are those of [FusePath], bit for bit,
// unless a position was given up (see [Window.Push]). With sampled continuations,
// they are those of [Fuse] on one tree: first come the stream's positions, then the
// continuations, the latest first.
//
// A Window is not safe for concurrent use. It allocates only in NewWindow, and where a
// slice of revisions grows.
type Window struct {
	p     Params
	depth int
	slots []slot // a ring
	base  int    // the id of its first position
	n     int    // positions in it
	ended bool

	ids []int // scratch for integrate: the positions with estimates around a new one, in order
}

type slot struct {
	conf, fused float64
	sum         float64 // the sum of the confidences of sampled continuations
	sampled     int     // how many continuations are in sum
	open        int     // how many more may come
	last        int     // the last position that fused depends on
	state       uint8
	final       bool
	changed     bool // since the last report
}

const (
	pending = iota
	estimated
	failed
)

// maxCapacity limits a window to about 60 MB.
const maxCapacity = 1 << 20

// Revision is the new state of a position.
type Revision struct {
	ID     int
	Fused  float64 // the fused confidence; NaN where there is no estimate
	Final  bool    // no later event changes this position
	Failed bool    // there is no estimate, and none will come
	// Last is the last position whose estimate Fused depends on. Fused depends on no
	// position outside ID to Last. Last is ID if no later estimate is integrated.
	Last int
}

// NewWindow returns a window that holds at most capacity positions: those from the
// oldest one that is not final to the newest. capacity has to exceed the depth. It
// also has to leave room for all positions that wait for their estimates at the same
// time.
func NewWindow(p Params, capacity int) (*Window, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	depth := p.depth()
	if capacity < 1 || capacity > maxCapacity || capacity <= depth {
		return nil, errors.New("bci: a window's capacity is " + strconv.Itoa(capacity) + ": want more than the depth, " +
			strconv.Itoa(depth) + ", and at most " + strconv.Itoa(maxCapacity))
	}
	return &Window{p: p, depth: depth, slots: make([]slot, capacity), ids: make([]int, min(2*depth+1, capacity))}, nil
}

// Reset makes w ready for another stream, whose first position has id 0.
func (w *Window) Reset() { w.base, w.n, w.ended = 0, 0, false }

func (w *Window) at(id int) *slot { return &w.slots[id%len(w.slots)] }

// Push adds a position whose estimate is pending, and returns its id: 0, 1, 2,
// ... in order. If the window is full, its oldest position is given up and reported: with
// an estimate, its present value is final; without one, the position has failed. After
// End, Push adds nothing and returns -1.
func (w *Window) Push(out []Revision) (id int, _ []Revision) {
	if w.ended {
		return -1, out
	}
	if w.n == len(w.slots) {
		s := w.at(w.base)
		if s.state == pending {
			s.state = failed
		}
		s.final = true
		out = append(out, s.revision(w.base))
		w.drop()
	}
	id = w.base + w.n
	w.n++
	s := slot{fused: math.NaN(), last: id}
	if w.depth > 0 {
		s.open = w.p.Width - 1
	}
	*w.at(id) = s
	return id, out
}

// Resolve takes the estimate of position id. It appends a revision for every position whose
// fused value changes or becomes final, in the order of their ids. A conf outside [0,1], or
// NaN, says that there is no estimate: the position has failed. Earlier positions
// then skip it and no longer wait for it.
//
// Once a position has its estimate, the next Width-1 calls for the same id take the
// confidences of its sampled continuations. The position does not become final before
// these calls. A conf outside [0,1], or NaN, says that a continuation is missing.
// Calls for an id that is not in the window are ignored.
//
// Resolve takes O(Depth^2) steps, plus one for each failed or pending position that it
// passes.
func (w *Window) Resolve(id int, conf float64, out []Revision) []Revision {
	if id < w.base || id >= w.base+w.n {
		return out
	}
	s, estimate := w.at(id), conf >= 0 && conf <= 1
	switch {
	case s.state == pending && estimate:
		s.state, s.conf = estimated, max(conf, 0)
	case s.state == pending:
		s.state, s.final, s.changed = failed, true, true
	case s.state == failed || s.open == 0:
		return out
	default:
		if s.open--; estimate {
			s.sum += conf
			s.sampled++
		}
	}
	if estimate {
		w.integrate(id)
	}
	return w.settle(id, out)
}

// Fail says that no estimate will come for position id. It is Resolve with NaN.
func (w *Window) Fail(id int, out []Revision) []Revision { return w.Resolve(id, math.NaN(), out) }

// End says that the stream has ended. No position will be pushed, so the last
// positions do not wait for later ones. Estimates may still arrive. Sampled
// continuations may still arrive, too, except those of the last position, which is
// the end of the answer.
func (w *Window) End(out []Revision) []Revision {
	if w.ended {
		return out
	}
	w.ended = true
	if w.n == 0 {
		return out
	}
	last := w.base + w.n - 1
	w.at(last).open = 0
	return w.settleFrom(w.base, last, out)
}

// first returns the earliest position whose fused value depends on id. It lies Depth
// estimates before id.
func (w *Window) first(id int) int {
	first := id
	for left := w.depth; left > 0 && id > w.base; {
		id--
		if w.at(id).state == estimated {
			first = id
			left--
		}
	}
	return first
}

// integrate computes the fused values that change after a new estimate of id, or of one of
// its continuations.
func (w *Window) integrate(id int) {
	n, own := 0, 0
	for i := w.first(id); i < w.base+w.n && n <= own+w.depth; i++ {
		if w.at(i).state == estimated {
			if i <= id {
				own = n
			}
			w.ids[n] = i
			n++
		}
	}
	for k := own; k >= 0; k-- {
		v, next := 0.0, 0 // the value of the stream's own next position; next is 1 if there is such a position, else 0
		end := k + w.depth
		if end < n {
			v, next = w.at(w.ids[end]).conf, 1
		}
		for i := min(end, n) - 1; i >= k; i-- {
			s := w.at(w.ids[i])
			if children := s.sampled + next; children > 0 {
				v = w.p.fuse(s.conf, (s.sum+v)/float64(children))
			} else {
				v = s.conf
			}
			next = 1
		}
		s := w.at(w.ids[k])
		if w.p.Alpha < 1 {
			s.last = w.ids[min(end, n-1)]
		}
		if v != s.fused {
			s.fused, s.changed = v, true
		}
	}
}

// settle finds the positions that are final now that id has an estimate or has failed.
func (w *Window) settle(id int, out []Revision) []Revision {
	return w.settleFrom(w.first(id), id, out)
}

// settleFrom finds which of the positions from first to last are final, and
// reports the ones that changed.
func (w *Window) settleFrom(first, last int, out []Revision) []Revision {
	ahead := w.ahead(last) // how many steps ahead can no longer change
	for id := last; id >= first; id-- {
		switch s := w.at(id); s.state {
		case pending:
			ahead = 0
		case estimated:
			if s.open > 0 {
				ahead = 0
			}
			if !s.final && ahead >= w.depth {
				s.final, s.changed = true, true
			}
			ahead = min(ahead+1, w.depth)
		}
	}
	for id := first; id <= last; id++ {
		if s := w.at(id); s.changed {
			s.changed = false
			out = append(out, s.revision(id))
		}
	}
	if w.at(w.base).final {
		w.drop()
	}
	return out
}

// ahead counts the estimates after id up to the first pending position, up to the first one
// whose sampled continuations are not all known, and up to Depth. The end of the
// stream counts as Depth estimates.
func (w *Window) ahead(id int) int {
	n := 0
	for id++; id < w.base+w.n; id++ {
		if n == w.depth {
			return n
		}
		switch s := w.at(id); s.state {
		case pending:
			return n
		case estimated:
			if n++; s.open > 0 {
				return n
			}
		}
	}
	if w.ended {
		return w.depth
	}
	return n
}

// drop removes the oldest position and the final ones right after it. No later estimate
// can change them.
func (w *Window) drop() {
	w.base++
	w.n--
	for w.n > 0 && w.at(w.base).final {
		w.base++
		w.n--
	}
}

func (s *slot) revision(id int) Revision {
	return Revision{ID: id, Fused: s.fused, Last: s.last, Final: s.final, Failed: s.state == failed}
}
