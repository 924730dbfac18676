package gateway

import (
	"context"
	"errors"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// scorer follows one answer and keeps the records that were not sent to the client yet.
type scorer struct {
	stream   *follow.Stream
	acting   acting
	skipper  *skipper // nil: there is no gate
	holds    bool     // the policy holds text
	hides    bool     // the client is told no records
	report   func(string, error)
	seen     *observation // nil if nobody observes, or the answer may lose a contest
	costs    *observation // notes the requests to the confidence model, also of answers that lose
	ticket   *ticket
	stripped int64 // bytes of log-probabilities that the gateway has asked for and removed
	drifted  bool  // the calibration no longer held when the answer began

	news []record.Record // records that were not sent yet
	at   map[key]int     // the index in news of a position's confidence

	last     map[int]*record.Confidence // p(z) by choice
	cuts     []*record.Decision         // decisions to end choices, since the last call of cutOff
	usage    stream.Usage               // the upstream's; unbilled until it has come
	tokens   int64                      // tokens of the first choice, once it has ended
	failed   bool                       // the provider reported an error
	unread   bool                       // an event could not be read since unread was last reset
	failing  bool                       // the confidence model's last reply was a failure
	asker    *asker                     // asks the confidence model; nil if there is none
	reported bool                       // the loss of the core was reported
	tally    *tally
	before   int64  // tokens that the session counts and that another model wrote
	begun    *begun // the text of a plain reply that the session does not read; nil: none
}

type key struct{ choice, index int }

// framed is the type of follow.Handler.Frame: it takes an event of the stream.
type framed = func(*stream.Frame, []stream.Said)

// sample is the type of follow.Handler.Sample: it samples continuations.
type sample = func(ctx context.Context, soFar string, n int) []string

// newScorer begins to follow an answer. framed is called with its events. sample may be nil.
func newScorer(ctx context.Context, c *Config, config host.Config, policy acting, framed framed, sample sample) (*scorer, error) {
	s := &scorer{acting: policy, holds: c.rule.holds, hides: c.hides, report: c.Report, usage: unbilled, at: map[key]int{}, last: map[int]*record.Confidence{}, ticket: ticketOf(ctx)}
	if _, follows := policy.(*sequel); !follows { // for a sequel, the gate has decided by the p(0) of the first answer
		s.skipper = newSkipper(c)
	}
	s.tally = s.ticket.tally()
	s.drifted = c.Drifted != nil && c.Drifted(c.Scorer)
	framed = s.watch(ctx, &config, framed)
	f := follow.Follower{Engine: c.Engine, Limits: model.DefaultLimits()}
	switch {
	case c.Samples != nil:
		f.Post, f.Samples = s.compares(ctx, c), true
	case c.Model != nil:
		s.asker = &asker{b: c.breaker, post: c.Model.Post, patience: c.rule.patience(c), spent: s.spent}
		f.Post = s.asker.ask
	}
	h := follow.Handler{Record: s.record, Frame: framed, Usage: s.used, Sample: sample, Failed: s.lacks}
	if f.Limits.InOrder = s.holds; !s.holds {
		f.Limits.Waiting = 16 // no text waits for older estimates, so they may be dropped
	}
	f.Limits.QuestionFirst = s.skipper != nil
	if c.rule.counts {
		h.Text = policy.text
	}
	opened, err := f.Open(ctx, config, h)
	if err != nil {
		return nil, err
	}
	s.stream = opened
	return s, nil
}

// lost returns the error of a core that can no longer be used, or nil. It reports the error once.
func (s *scorer) lost() error {
	err := s.stream.Lost()
	if err != nil && !s.reported {
		s.reported = true
		s.report("scoring of an answer failed", err)
	}
	return err
}

// The calls of the stream fail only if the core is lost, which lost reports.

func (s *scorer) write(p []byte) {
	s.seen.read(len(p))
	_ = s.stream.Write(p)
}

func (s *scorer) end() {
	s.seen.end()
	_ = s.stream.End()
}

// replies is nil, which blocks forever, if nothing is asked.
func (s *scorer) replies() <-chan model.Reply { return s.stream.Replies() }

func (s *scorer) settle(r model.Reply) {
	_ = s.stream.Settle(r)
	if r.Err == model.ErrNotSampled || saysNothing(r.Err) {
		return
	}
	if errors.Is(r.Err, errNotAsked) {
		s.costs.abandoned(1)
		return
	}
	why, failed := failureOf(r.Err)
	if why != session.Cancelled {
		s.failing = failed
	}
	if !s.loses(why) {
		s.costs.settled(r.Err, s.pending())
	}
}

// loses reports whether requests are given up because another answer was chosen. That is not a
// failure of the confidence model.
func (s *scorer) loses(why session.Reason) bool { return why == session.Cancelled && s.seen == nil }

// spent counts the tokens of one reply of the confidence model. It is called on the goroutine of
// that model request.
func (s *scorer) spent(tokens int64) {
	s.costs.note(func(x *Exchange) { x.ModelTokens += tokens })
	s.ticket.scoring(tokens, 0)
}

// lacks reports the error of a request to the confidence model.
func (s *scorer) lacks(err error) {
	if saysNothing(err) {
		return
	}
	if !errors.Is(err, errNotAsked) { // the breaker has reported it, once
		s.report("no estimate", err)
	}
}

// waits reports whether the answer's end waits for pending estimates. If it does not, waits
// gives them up.
func (s *scorer) waits() bool {
	if !s.pending() {
		return false
	}
	why, waits := s.asker.waits()
	if !waits {
		s.abandon(why)
	}
	return waits
}

// abandon gives up all pending estimates.
func (s *scorer) abandon(why session.Reason) {
	if !s.loses(why) {
		s.costs.abandoned(s.stream.Pending() - s.stream.Rolling())
	}
	_ = s.stream.Abandon(why)
}

// late tells the breaker that the answer's end no longer waits. The confidence model counts as
// late only if an estimate of a position is pending; continuations may take long.
func (s *scorer) late() { s.asker.done(!s.failing && s.stream.Pending() == s.stream.Rolling()) }

func (s *scorer) pending() bool { return s.stream.Pending() > 0 }

func (s *scorer) close() {
	if g, ok := s.acting.(*gate); ok && len(g.held) > 0 {
		s.seen.held(g.held[0].since)
	}
	s.counted()
	s.asker.cancel()
	s.stream.Close()
}

// counted adds the bytes of removed log-probabilities to the counts.
func (s *scorer) counted() {
	if n := s.stripped; n > 0 {
		s.costs.note(func(x *Exchange) { x.LogprobBytes += n })
		s.ticket.scoring(0, n)
		s.stripped = 0
	}
}

// used takes the upstream's usage.
func (s *scorer) used(u *stream.Usage) {
	s.tally.used(u)
	s.usage = *u
}

// record takes a record of the stream.
func (s *scorer) record(r record.Record) {
	s.count(r)
	if q, ok := s.acting.(*sequel); ok && !q.moves(r) {
		return
	}
	s.begun.moves(r)
	switch r := r.(type) {
	case *record.Position:
		if !s.skipped() {
			s.acting.position(r)
		}
		return // its confidence repeats the place
	case *record.Confidence:
		if s.drifted {
			r.Drifted()
		}
		s.confidence(r)
		return
	case *record.Fault:
		switch r.Code {
		case stream.ProviderError:
			s.failed = true
		case stream.EventTooLarge, stream.InvalidJSON:
			s.unread = true
		}
		if s.holds {
			r.Detail = "" // it may quote text that is held
		}
	}
	s.tell(r)
}

// count counts the tokens of the answer.
func (s *scorer) count(r record.Record) {
	switch r := r.(type) {
	case *record.Position:
		s.tally.upTo(r.Choice, r.Token-s.before)
	case *record.End:
		s.tally.upTo(r.Choice, r.Tokens+r.Reasoning-s.before)
		if r.Choice == 0 {
			s.tokens = r.Tokens + r.Reasoning
		}
	}
}

// tell keeps a record for the client. A confidence replaces an earlier one of its position that
// was not sent yet.
func (s *scorer) tell(r record.Record) {
	s.seen.record(r)
	if c, ok := r.(*record.Confidence); ok {
		k := key{c.Choice, c.Index}
		if i, found := s.at[k]; found {
			s.news[i] = r
			return
		}
		s.at[k] = len(s.news)
	}
	s.news = append(s.news, r)
}

// cutOff returns the decisions to end choices since the last call.
func (s *scorer) cutOff() []*record.Decision {
	cuts := s.cuts
	s.cuts = nil
	return cuts
}

// hasNews reports whether there are records to send.
func (s *scorer) hasNews() bool { return len(s.news) > 0 }

// appendMember appends the member finece with the records that were not sent yet, and counts
// them as sent. If the client gets no records, it appends nothing.
func (s *scorer) appendMember(dst []byte, id, generator string) []byte {
	e := s.envelope(id, generator)
	if s.hides {
		return dst
	}
	return e.AppendMember(dst)
}

// envelope returns the records that were not sent yet, and counts them as sent.
func (s *scorer) envelope(id, generator string) *record.Envelope {
	s.seen.named(id, generator)
	e := &record.Envelope{ID: id, Generator: generator, Events: s.news}
	s.news = nil
	clear(s.at)
	return e
}
