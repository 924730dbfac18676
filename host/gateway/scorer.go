package gateway

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// scorer is the session of one answer and what it has said that the client was
// not told yet.
type scorer struct {
	session  host.Session
	exchange *model.Exchange // nil for the built-in estimator
	gate     *gate           // nil under Annotate
	report   func(string, error)

	open   map[key]*record // positions that may still change, or were not told
	dirty  []*record       // in the order in which they were found
	totals []host.Event
	action *action

	last   map[int]host.Event // p(z) by choice
	ended  bool               // the end marker came, or an error
	failed bool               // the provider reported an error
	unread bool               // an event could not be read, since this was last reset
	lost   error              // the session can no longer be used

	failing bool // the confidence model's last reply was a failure
}

type key struct{ choice, index int }

// newScorer opens the session of an answer.
func newScorer(ctx context.Context, c *Config, config host.Config, g *gate) (*scorer, error) {
	s := &scorer{gate: g, report: c.Report, open: map[key]*record{}, last: map[int]host.Event{}}
	config.Text = g != nil
	opened, events, err := c.Engine.Open(config)
	if err != nil {
		return nil, err
	}
	s.session = opened
	if c.Model != nil {
		limits := model.Limits{}
		if g == nil {
			limits.Waiting = 16 // the text does not wait for stale ones
		}
		s.exchange = c.Model.Exchange(ctx, opened, limits, s.handle)
	}
	if s.take(events, nil); s.lost != nil {
		s.close()
		return nil, s.lost
	}
	return s, nil
}

// take takes what a call of the session answered.
func (s *scorer) take(events []host.Event, err error) {
	if err == nil {
		if s.exchange == nil {
			s.handle(events)
		} else {
			err = s.exchange.Handle(events)
		}
	}
	s.check(err)
}

func (s *scorer) check(err error) {
	if err == nil || s.lost != nil || errors.Is(err, session.ErrEnded) {
		return
	}
	s.lost = err
	s.report("scoring of an answer failed", err)
	if s.exchange != nil {
		s.exchange.Close()
	}
	// What is open stays so: nobody will know.
	for _, k := range slices.SortedFunc(maps.Keys(s.open), func(a, b key) int {
		if a.choice != b.choice {
			return a.choice - b.choice
		}
		return a.index - b.index
	}) {
		r := s.open[k]
		e := &r.confidence
		if e.State == session.Final || e.State == session.Unavailable {
			continue
		}
		*e = host.Event{Kind: session.Confidence, Choice: k.choice, Revision: e.Revision + 1, State: session.Unavailable, Reason: session.CoreLost}
		s.mark(r)
	}
}

func (s *scorer) write(p []byte) {
	if s.lost == nil {
		s.take(s.session.Write(p))
	}
}

func (s *scorer) end() {
	if s.lost == nil {
		s.take(s.session.End())
	}
}

// replies is nil, which blocks for ever, where nothing is asked.
func (s *scorer) replies() <-chan model.Reply {
	if s.exchange == nil || s.lost != nil {
		return nil
	}
	return s.exchange.Replies()
}

func (s *scorer) settle(r model.Reply) {
	s.failing = r.Err != nil
	s.check(s.exchange.Settle(r))
	for _, err := range s.exchange.Failures() {
		s.report("no estimate", err)
	}
}

// abandon gives up on the estimates that are still out.
func (s *scorer) abandon(why session.Reason) {
	if s.exchange != nil && s.lost == nil {
		s.check(s.exchange.Abandon(why))
	}
}

func (s *scorer) pending() bool {
	return s.exchange != nil && s.lost == nil && s.exchange.Pending() > 0
}

func (s *scorer) close() {
	if s.exchange != nil {
		s.exchange.Close()
	}
	s.session.Close()
}

// handle takes events of the session.
func (s *scorer) handle(events []host.Event) {
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case session.Text:
			s.gate.text(e.Choice, e.Segment, len(e.Text))
		case session.Positioned:
			s.open[key{e.Choice, e.Position.Index}] = &record{place: e.Position, confidence: host.Event{Choice: e.Choice, Revision: -1}}
			s.gate.position(e.Choice, &e.Position)
		case session.Confidence:
			s.confidence(e)
		case session.Finish:
			s.totals = append(s.totals, *e)
		case session.Fault:
			switch e.Fault.Code {
			case stream.ProviderError:
				s.failed = true
			case stream.EventTooLarge, stream.InvalidJSON:
				s.unread = true
			}
		case session.Ended:
			s.ended = true
		}
	}
}

func (s *scorer) confidence(e *host.Event) {
	k := key{e.Choice, e.Position.Index}
	r := s.open[k]
	if r == nil {
		return
	}
	place := r.place
	r.confidence = *e
	s.mark(r)
	if e.State == session.Final || e.State == session.Unavailable {
		delete(s.open, k)
	}
	if place.Kind&position.End != 0 {
		s.last[e.Choice] = *e
	}
	s.gate.confidence(e, place.Kind)
}

func (s *scorer) mark(r *record) {
	if !r.dirty {
		r.dirty = true
		s.dirty = append(s.dirty, r)
	}
}

// news reports whether there is anything to tell the client.
func (s *scorer) news() bool { return len(s.dirty)+len(s.totals) > 0 || s.action != nil }

// appendNews appends what there is to tell as a JSON object. It is told then.
func (s *scorer) appendNews(dst []byte) []byte {
	o := object{append(dst, '{')}
	if len(s.dirty) > 0 {
		o.key("confidences")
		o.open('[')
		for _, r := range s.dirty {
			r.append(&o)
			r.dirty = false
		}
		o.close(']')
	}
	if len(s.totals) > 0 {
		o.key("answers")
		o.open('[')
		for i := range s.totals {
			appendTotal(&o, &s.totals[i])
		}
		o.close(']')
	}
	if s.action != nil {
		s.action.append(&o)
	}
	s.dirty, s.totals, s.action = s.dirty[:0], nil, nil
	o.close('}')
	return o.b
}

const newsKey = `"finece":`

func (s *scorer) appendMember(dst []byte) []byte { return s.appendNews(append(dst, newsKey...)) }
