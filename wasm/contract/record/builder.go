package record

import (
	"cmp"
	"slices"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// Builder makes records from the events of one session, in their order. It remembers the
// positions whose confidence can still change. It is not safe for concurrent use.
type Builder struct {
	// Samples says that estimates come from a comparison of further answers, not from a
	// confidence model. The host gives them to the session as replies of a model. Set Samples
	// before the first event.
	Samples bool

	model  string
	open   map[key]*tracked
	totals map[int][2]session.Total // by choice, after its end
}

type key struct{ choice, index int }

// tracked is a position whose confidence can still change.
type tracked struct {
	place    Place
	revision int // the revision of its last confidence; -1 before the first
}

// NewBuilder returns a Builder for one session. model is the name of the confidence model, ""
// if there is none.
func NewBuilder(model string) *Builder {
	return &Builder{model: model, open: map[key]*tracked{}, totals: map[int][2]session.Total{}}
}

// Take appends to dst the records of the session's events: a *Position for each Positioned,
// a *Confidence for each Confidence, a *Fault for each Fault and an *End for each Finish.
// Other events have no record. Events are valid only until the session's next call, but
// records stay valid.
//
// The token ratio of a position is known after the end of its choice. Pass all events of a
// call to Take at once. Then the confidences from the session's End have the ratio.
func (b *Builder) Take(dst []Record, events []session.Event) []Record {
	b.Each(events, func(_ *session.Event, r Record) {
		if r != nil {
			dst = append(dst, r)
		}
	})
	return dst
}

// Each is Take for a caller that needs the other events, too: f gets every event
// in order, with its record, or nil if it has none.
func (b *Builder) Each(events []session.Event, f func(*session.Event, Record)) {
	for i := range events {
		if e := &events[i]; e.Kind == session.Finish {
			b.totals[e.Choice] = e.Total
		}
	}
	for i := range events {
		f(&events[i], b.record(&events[i]))
	}
}

// record returns the record of an event, or nil.
func (b *Builder) record(e *session.Event) Record {
	switch e.Kind {
	case session.Positioned:
		place := b.place(e)
		b.open[key{e.Choice, e.Position.Index}] = &tracked{place, -1}
		return &Position{Place: place}
	case session.Confidence:
		if c := b.confidence(e); c != nil {
			return c
		}
	case session.Fault:
		return &Fault{Choice: e.Choice, Code: e.Fault.Code, Offset: e.Fault.Offset, Detail: string(e.Fault.Detail)}
	case session.Finish:
		answer, reasoning := e.Total[position.Answer], e.Total[position.Reasoning]
		return &End{
			Choice: e.Choice, Reason: e.Finish, Tokens: answer.Tokens, Reasoning: reasoning.Tokens,
			Approximate: answer.Estimated || reasoning.Estimated, Missing: e.Missing,
		}
	}
	return nil
}

// Unavailable appends a *Confidence with the state unavailable for every position that can
// still change, ordered by choice and index. It forgets these positions. Call it when the
// session can no longer be used, with session.CoreLost after a trap.
func (b *Builder) Unavailable(dst []Record, why session.Reason) []Record {
	open := make([]*tracked, 0, len(b.open))
	for _, t := range b.open {
		open = append(open, t)
	}
	slices.SortFunc(open, func(x, y *tracked) int {
		return cmp.Or(cmp.Compare(x.place.Choice, y.place.Choice), cmp.Compare(x.place.Index, y.place.Index))
	})
	for _, t := range open {
		c := new(Confidence)
		c.reset()
		c.Place, c.State, c.Revision, c.Reason = t.place, session.Unavailable, t.revision+1, why
		b.settle(&c.Place)
		dst = append(dst, c)
	}
	clear(b.open)
	return dst
}

func (b *Builder) place(e *session.Event) Place {
	p := &e.Position
	place := Place{
		Choice: e.Choice, Index: p.Index, Kinds: p.Kind, Segment: p.Segment, Byte: p.Byte, UTF16: p.UTF16, Token: p.Token,
		Ratio: nan, Entropy: Entropy{Lower: p.EntropyLo, Upper: p.EntropyHi}, Approximate: p.Estimated,
	}
	b.settle(&place)
	return place
}

// settle sets the token ratio if it is known.
func (b *Builder) settle(p *Place) {
	total, ended := b.totals[p.Choice]
	switch {
	case p.Kinds&position.Question != 0:
		p.Ratio = 0
	case p.Kinds&position.End != 0:
		p.Ratio = 1
	case ended && int(p.Segment) < len(total):
		p.Ratio = position.Position{Token: p.Token}.Ratio(total[p.Segment].Tokens)
	}
}

// confidence returns nil for a position that is not open. The events of a session have none of
// these.
func (b *Builder) confidence(e *session.Event) *Confidence {
	k := key{e.Choice, e.Position.Index}
	t := b.open[k]
	if t == nil {
		return nil
	}
	t.revision = e.Revision
	b.settle(&t.place)
	if e.State == session.Final || e.State == session.Unavailable {
		delete(b.open, k)
	}
	c := new(Confidence)
	c.reset()
	c.Place, c.State, c.Revision, c.Reason = t.place, e.State, e.Revision, e.Reason
	if e.State == session.Provisional || e.State == session.Final {
		c.Raw, c.Fused, c.Source, c.Calibrated = e.Raw, e.Fused, b.source(&e.Source), e.Calibrated
	}
	return c
}

func (b *Builder) source(s *session.Source) Source {
	source := Source{Estimator: EstimatorLogprob, Mass: s.Mass}
	switch {
	case s.Estimator == session.Model && b.Samples:
		source.Estimator = EstimatorSamples
	case s.Estimator == session.Model:
		source.Estimator, source.Basis, source.Model = EstimatorModel, estimate.Basis(s.Method).String(), b.model
	case s.Estimator == session.Trajectory:
		source.Estimator = EstimatorTrajectory
	default:
		source.Method = estimate.Method(s.Method).String()
	}
	if s.Map != calibrate.None {
		source.Map, source.Band = s.Map.String(), s.Band.String()
	}
	source.Outside = s.Outside.Names()
	return source
}
