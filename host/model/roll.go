package model

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/finece/finece/wasm/session"
)

// roll is a request to sample continuations of a position.
type roll struct {
	id     uint32
	n      int
	sample Sample
}

// Sample samples up to n continuations of an answer. It returns the body of a request to the
// confidence model for each.
type Sample func(ctx context.Context, n int) (bodies [][]byte)

// ErrNotSampled is the error of a [Reply] about a continuation that was not sampled, so that no
// request was made.
var ErrNotSampled = errors.New("model: a continuation was not sampled")

// Rolling returns how many continuations are being sampled or asked about.
func (x *Exchange) Rolling() (n int) {
	for _, r := range x.rolls {
		n += r.n
	}
	for _, k := range x.rolling {
		n += k
	}
	return n
}

// Roll samples n continuations of a position, on a goroutine of its own, and asks the confidence
// model about them. id is session.RolloutID of the position. If sample is nil, all n count as
// missing. The exchange's handle function may call it.
func (x *Exchange) Roll(id uint32, n int, sample Sample) {
	x.rolls = append(x.rolls, roll{id, n, sample})
}

// roll starts the samplings that Roll has noted.
func (x *Exchange) roll() error {
	for len(x.rolls) > 0 {
		r := x.rolls[0]
		x.rolls = x.rolls[1:]
		if r.sample == nil {
			for range r.n {
				if err := x.fail(r.id, session.Cancelled); err != nil {
					return err
				}
			}
			continue
		}
		x.rolling[r.id] = r.n
		go x.follow(r)
	}
	return nil
}

// follow samples continuations and asks about them.
func (x *Exchange) follow(r roll) {
	reply := func(body []byte, err error) {
		select {
		case x.replies <- Reply{r.id, body, err}:
		case <-x.ctx.Done():
		}
	}
	bodies := r.sample(x.ctx, r.n)
	for i := range r.n {
		if i >= len(bodies) {
			reply(nil, ErrNotSampled)
			continue
		}
		go func() { reply(x.post(withTurn(x.ctx, newest), bodies[i])) }()
	}
}

// unroll fails all continuations that are to be sampled or asked about.
func (x *Exchange) unroll(why session.Reason) error {
	for _, r := range x.rolls {
		x.rolling[r.id] = r.n
	}
	x.rolls = nil
	for _, id := range slices.Sorted(maps.Keys(x.rolling)) {
		for range x.rolling[id] {
			if err := x.fail(id, why); err != nil {
				return err
			}
		}
	}
	clear(x.rolling)
	return nil
}
