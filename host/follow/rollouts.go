package follow

import (
	"context"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// rollouts samples continuations for a fusion width over 1: of each position except the end,
// once the position has an estimate. The stream itself counts as the first continuation. A nil
// rollouts does nothing.
type rollouts struct {
	config *host.Config
	sample func(ctx context.Context, soFar string, n int) []string
	answer []byte // the answer of the first choice so far
	begun  map[uint32]bool
}

func newRollouts(c *host.Config, sample func(context.Context, string, int) []string) *rollouts {
	if c.Fusion.Width < 2 || c.Fusion.Depth == 0 {
		return nil
	}
	return &rollouts{config: c, sample: sample, begun: map[uint32]bool{}}
}

// text takes the stream's text.
func (o *rollouts) text(choice int, segment position.Segment, text []byte) {
	if o != nil && choice == 0 && segment == position.Answer && len(o.answer) < o.config.MaxText {
		o.answer = append(o.answer, text...)
	}
}

// record takes a record of the stream. It starts to sample a position's continuations at the
// position's first value. Reasoning has no continuations, since it is not sent back to a server.
// Choices other than the first have none.
func (o *rollouts) record(x *model.Exchange, r record.Record) {
	c, ok := r.(*record.Confidence)
	if o == nil || !ok || c.State != session.Provisional || c.Kinds&position.End != 0 {
		return
	}
	id := session.RolloutID(c.Choice, c.Index)
	if o.begun[id] {
		return
	}
	o.begun[id] = true
	if c.Choice != 0 || c.Segment != position.Answer || c.Byte > int64(len(o.answer)) {
		x.Roll(id, o.config.Fusion.Width-1, nil)
		return
	}
	soFar := string(o.answer[:c.Byte])
	x.Roll(id, o.config.Fusion.Width-1, func(ctx context.Context, n int) (bodies [][]byte) {
		for _, text := range o.sample(ctx, soFar, n) {
			if whole := soFar + text; len(whole) <= o.config.MaxText {
				bodies = append(bodies, o.config.Model.AppendRequest(nil, estimate.Complete, []byte(o.config.Question), []byte(whole)))
			}
		}
		return bodies
	})
}
