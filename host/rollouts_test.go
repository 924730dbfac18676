package host_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// rolled is one session with sampled continuations: what its positions and continuations have,
// and every event as bytes.
type rolled struct {
	events   []byte
	last     []session.Event // by position
	conf     []float64
	rollouts [][]float64
}

// roll plays one session: a text in pieces, then replies in an order and with values that
// depend on the seed alone.
func roll(t *testing.T, engine host.Engine, c host.Config, text []byte, seed uint64, cut func() int) *rolled {
	t.Helper()
	s, events, err := engine.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &rolled{}
	var waiting []uint32
	take := func(events []host.Event) {
		r.events = abi.AppendEvents(r.events, events)
		for _, e := range events {
			switch at := e.Position.Index; e.Kind {
			case session.Positioned:
				r.conf, r.rollouts, r.last = append(r.conf, math.NaN()), append(r.rollouts, nil), append(r.last, session.Event{})
			case session.Ask:
				waiting = append(waiting, e.ID)
			case session.Confidence:
				if r.last[at].State == session.Pending && e.State == session.Provisional {
					for range c.Fusion.Width - 1 {
						waiting = append(waiting, session.RolloutID(0, at))
					}
				}
				r.last[at] = e
			}
		}
	}
	take(events)
	for len(text) > 0 {
		n := min(cut(), len(text))
		take(must(t)(s.Write(text[:n])))
		text = text[n:]
	}
	take(must(t)(s.End()))
	rng := rand.New(rand.NewPCG(seed, 1))
	for len(waiting) > 0 {
		k := rng.IntN(len(waiting))
		id := waiting[k]
		waiting = slices.Delete(waiting, k, k+1)
		index := int(id & (1<<24 - 1))
		if rng.IntN(4) == 0 {
			take(must(t)(s.Fail(id, session.Timeout)))
			continue
		}
		value := float64(rng.IntN(101)) / 100
		if id&session.Rollout != 0 {
			r.rollouts[index] = append(r.rollouts[index], value)
		} else {
			r.conf[index] = value
		}
		take(must(t)(s.Resolve(id, reply(fmt.Sprint(value)))))
	}
	return r
}

// TestRollouts: sampled continuations are fused as package bci has it, whatever the engine, the
// cutting of the stream and the order of the replies; and all positions become final.
func TestRollouts(t *testing.T) {
	native, wasm := host.Native(), newWazero(t)
	text := []byte("One is first.\n\nTwo is second.\n\nThree is third.\n\nSo it is four.")
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 2))
		c := asking()
		c.Positions.Strategy = position.Paragraph
		c.Fusion = bci.Params{Alpha: rng.Float64(), Depth: rng.IntN(4), Width: rng.IntN(5)}
		got := roll(t, native, c, text, seed, func() int { return len(text) })
		again := roll(t, wasm, c, text, seed, func() int { return 1 + rng.IntN(9) })
		if !bytes.Equal(got.events, again.events) {
			t.Fatalf("seed %d: other events on wazero, where the stream is cut", seed)
		}
		tree := bci.Tree{Conf: slices.Clone(got.conf)}
		for i := range got.conf {
			tree.Parent = append(tree.Parent, int32(i-1))
		}
		for i, all := range got.rollouts {
			for _, v := range slices.Backward(all) {
				tree.Conf, tree.Parent = append(tree.Conf, v), append(tree.Parent, int32(i))
			}
		}
		want, err := bci.Fuse(nil, tree, c.Fusion)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range got.last {
			state := session.Final
			if math.IsNaN(got.conf[i]) {
				state = session.Unavailable
			}
			if e.State != state || math.Float64bits(e.Fused) != math.Float64bits(want[i]) && !(math.IsNaN(e.Fused) && math.IsNaN(want[i])) {
				t.Fatalf("seed %d, %+v: position %d is %v %v, want %v %v of %v", seed, c.Fusion, i, e.State, e.Fused, state, want[i], tree)
			}
		}
	}
}

// TestRolloutsOfAnotherKind are left out: an average of a probability and a certainty would
// mean nothing.
func TestRolloutsOfAnotherKind(t *testing.T) {
	onBoth(t, func(t *testing.T, engine host.Engine) {
		for kinds, want := range map[position.Kind]float64{position.Paragraph: 0.8, position.Paragraph | position.End: 0.6} {
			c := asking()
			c.Fusion = bci.Params{Alpha: 0.5, Depth: 1, Width: 3}
			c.Card = &calibrate.Card{Labels: 100, High: 1, Kinds: kinds}
			s, events, err := engine.Open(c)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ids := asks(append(clone(nil, events), must(t)(s.Write([]byte(threeParagraphs)))...))
			all := must(t)(s.Resolve(ids[1], reply("0.8")))
			all = append(all, must(t)(s.Resolve(ids[1]|session.Rollout, reply("0.4")))...)
			if last := all[len(all)-1]; math.Abs(last.Fused-want) > 1e-12 || !last.Calibrated || last.State != session.Provisional {
				t.Errorf("%v: %v %v %v, want %v", kinds, last.State, last.Fused, last.Calibrated, want)
			}
		}
	})
}

// TestRolloutsHaveTheirIDs: an id of a continuation is unknown before its position has a value,
// and after the position is final.
func TestRolloutsHaveTheirIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, engine host.Engine) {
		c := asking()
		c.Format = stream.Text
		c.Fusion.Width = 2
		s, _, err := engine.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		id := session.RolloutID(0, 0)
		if _, err := s.Resolve(id, reply("0.5")); err != session.ErrUnknownAsk {
			t.Errorf("before the position's estimate: %v", err)
		}
		must(t)(s.Resolve(id&^session.Rollout, reply("0.5")))
		if got := must(t)(s.Resolve(id, reply("none"))); len(got) != 1 || got[0].Kind != session.Fault {
			t.Errorf("a reply that cannot be read: %+v", got)
		}
		must(t)(s.End())
		if _, err := s.Fail(id, session.Timeout); err != nil && err != session.ErrUnknownAsk {
			t.Errorf("one too many: %v", err)
		}
	})
}
