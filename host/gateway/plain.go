package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// maxCoreEvent is the largest MaxEvent of a session, in bytes.
const maxCoreEvent = 16 << 20

// plain scores an answer that is not streamed. why says why it cannot be scored, or is "".
func (h *Handler) plain(resp *http.Response, r *request, config host.Config) (why string, err error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, h.config.MaxAnswer+1))
	if err != nil {
		return "", err
	}
	if int64(len(body)) > h.config.MaxAnswer || len(body) > maxCoreEvent {
		rest := resp.Body
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), rest), rest}
		return "answer-too-large", nil
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))

	config.MaxEvent = max(config.MaxEvent, len(body)+1)
	a := answer{asked: &r.asked, surface: r.surface}
	a.begun, a.body = r.withoutBegun(body)
	s, why := r.config.score(resp.Request.Context(), &a, r, config)
	if why != "" {
		return why, nil
	}
	defer s.close()
	s.stripped = a.removed()
	status := "checked"
	if a.is(stream.FrameUnread) {
		status = "unavailable"
	}
	for _, said := range a.said {
		if c := s.last[said.Choice]; c == nil || c.State == session.Unavailable {
			status = "unavailable"
		}
	}
	r.config.announce(resp, status)
	if s.skipped() {
		resp.Header.Set(headerReason, Skipped)
	}
	if k := r.contestant; k != nil {
		v := k.settle(resp.Request.Context(), s)
		if v == nil {
			return "", errLost
		}
		a.add(v.sumUsage(r.surface.counts(), a.raw[a.Data:a.Brace+1], int(a.Data))...)
	}
	if a.begun != nil {
		a.add(a.begun.edits...)
	}
	verdict := r.config.verdict(s, &a)
	if verdict != nil {
		s.tell(verdict)
	}
	a.addTexts(s)
	n := a.named(r.model)
	member := s.appendMember(nil, n.id, n.generator)
	var out []byte
	if verdict != nil && verdict.Action == record.ActionEnd {
		out = r.surface.emptied(nil, &a, r.config.FinishReason, member)
	} else {
		out = a.append(nil, member)
	}
	resp.Body = io.NopCloser(bytes.NewReader(out))
	resp.ContentLength = int64(len(out))
	resp.Header.Set("Content-Length", strconv.Itoa(len(out)))
	return "", nil
}

// score scores a whole answer and waits for its estimates, or returns why it cannot be scored.
func (c *Config) score(ctx context.Context, a *answer, r *request, config host.Config) (s *scorer, why string) {
	var policy acting = idle{} // a plain answer is judged as a whole: see verdict
	if !c.rule.holds {
		policy = c.rule.begin(c, r)
	}
	s, err := newScorer(ctx, c, config, policy, a.framed, nil)
	if err != nil {
		c.Report("no session for an answer", err)
		return nil, "engine"
	}
	s.begun = a.begun
	s.write(a.body)
	s.end()
	switch {
	case s.lost() != nil:
		why = "engine"
	case a.values != 1 || a.Brace < 0 || s.unread:
		why = "not-json"
	case !a.is(stream.FrameChunk) || len(a.said) == 0 || s.failed:
		why = "no-choices"
	default:
		c.await(ctx, s)
		if s.lost() != nil {
			why = "engine"
		}
	}
	if why != "" {
		s.close()
		return nil, why
	}
	return s, ""
}

// await waits for the confidence model.
func (c *Config) await(ctx context.Context, s *scorer) {
	if !s.waits() {
		s.asker.done(!s.failing)
		return
	}
	late := newAlarm(c.clock, c.rule.patience(c))
	defer late.Stop()
	for s.pending() {
		select {
		case r := <-s.replies():
			s.settle(r)
		case <-late.ticks:
			s.asker.done(false)
			s.abandon(session.Timeout)
		case <-ctx.Done():
			s.asker.cancel()
			s.abandon(session.Cancelled)
		}
	}
	s.asker.done(!s.failing)
}

// verdict returns the decision of Withhold about a plain answer, by its p(z). It is nil if the
// answer passes.
func (c *Config) verdict(s *scorer, a *answer) *record.Decision {
	if !c.rule.holds || s.skipped() {
		return nil
	}
	var released *record.Decision
	for _, said := range a.said {
		whole := s.last[said.Choice]
		reason := notScored
		switch {
		case whole == nil || a.is(stream.FrameUnread):
		case whole.HasValue() && !c.usable(whole):
			reason = notCalibrated
		case whole.HasValue() && whole.Fused < c.WithholdBelow:
			d := decisionOn(Withhold, record.ActionEnd, whole, c.WithholdBelow)
			d.Byte = 0
			return d
		case whole.HasValue(), whole.Reason == session.Refusal, whole.Reason == session.NoText && !said.Other:
			continue
		default:
			reason = whole.Reason.String()
		}
		if c.Failure == Closed {
			return decision(Withhold, record.ActionEnd, reason)
		}
		released = decision(Withhold, record.ActionRelease, reason)
	}
	return released
}

// answer is a plain answer: one event that is the whole body.
type answer struct {
	event
	template
	body    []byte
	asked   *asked
	surface surface
	values  int    // JSON objects in the body
	begun   *begun // what the body is without; nil: nothing
}

// framed takes an object that the session has read.
func (a *answer) framed(f *stream.Frame, said []stream.Said) {
	if f.Brace < 0 {
		return
	}
	if a.values++; a.values == 1 {
		a.event = newEvent(f, slices.Clone(said), a.body, 0, a.asked, a.surface)
		a.template.read(a.raw[a.Data : a.Brace+1])
	}
}
