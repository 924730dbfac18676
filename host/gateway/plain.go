package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// maxCoreEvent is the largest event that a session can be told to expect.
const maxCoreEvent = 16 << 20

// plain scores an answer that is not streamed.
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

	a, ok := readAnswer(body, &r.asked)
	switch {
	case !ok:
		return "not-json", nil
	case len(a.choices) == 0 || a.foreign:
		return "no-choices", nil
	}
	config.MaxEvent = max(config.MaxEvent, len(body)+1)
	s, why := h.score(resp.Request.Context(), body, config)
	if why != "" {
		return why, nil
	}
	defer s.close()
	status := "checked"
	for _, choice := range a.choices {
		if c := s.last[choice]; c == nil || c.State == session.Unavailable {
			status = "unavailable"
		}
	}
	h.announce(resp, status)
	verdict := h.verdict(s, &a)
	if verdict != nil {
		s.tell(verdict)
	}
	n := a.named(r.model)
	member := s.envelope(n.id, n.generator).AppendMember(nil)
	var out []byte
	if verdict != nil && verdict.Action == record.ActionEnd {
		out = a.withheld(nil, member)
	} else {
		out = a.append(nil, body, member)
	}
	resp.Body = io.NopCloser(bytes.NewReader(out))
	resp.ContentLength = int64(len(out))
	resp.Header.Set("Content-Length", strconv.Itoa(len(out)))
	return "", nil
}

// score scores a whole answer and waits for its estimates.
func (h *Handler) score(ctx context.Context, body []byte, config host.Config) (s *scorer, why string) {
	s, err := newScorer(ctx, &h.config, config, nil)
	if err != nil {
		h.config.Report("no session for an answer", err)
		return nil, "engine"
	}
	s.write(body)
	s.end()
	h.await(ctx, s)
	if s.lost() != nil {
		s.close()
		return nil, "engine"
	}
	return s, ""
}

// await waits for the confidence model.
func (h *Handler) await(ctx context.Context, s *scorer) {
	if !s.pending() {
		return
	}
	t := h.config.breaker.begin()
	if t == nil {
		s.abandon(session.Timeout)
		return
	}
	defer t.cancel()
	late := newAlarm(h.config.clock, h.config.patience())
	defer late.Stop()
	for s.pending() {
		select {
		case r := <-s.replies():
			s.settle(r)
		case <-late.ticks:
			t.done(false)
			s.abandon(session.Timeout)
		case <-ctx.Done():
			t.cancel()
			s.abandon(session.Cancelled)
		}
	}
	t.done(!s.failing)
}

// verdict is the decision of Withhold about an answer, by its p(z). It is nil if the
// answer passes.
func (h *Handler) verdict(s *scorer, a *answer) *record.Decision {
	if h.config.Policy != Withhold {
		return nil
	}
	var released *record.Decision
	for _, choice := range a.choices {
		c := s.last[choice]
		reason := notScored
		switch {
		case c == nil:
		case c.HasValue() && c.Fused < h.config.WithholdBelow:
			d := decision(Withhold, record.ActionEnd, low)
			d.Choice, d.Index, d.Threshold, d.Byte = choice, c.Index, h.config.WithholdBelow, 0
			return d
		case c.HasValue(), c.Reason == session.Refusal, c.Reason == session.NoText && !a.other:
			continue
		default:
			reason = c.Reason.String()
		}
		if h.config.Failure == Closed {
			return decision(Withhold, record.ActionEnd, reason)
		}
		released = decision(Withhold, record.ActionRelease, reason)
	}
	return released
}

// answer is a parsed plain answer.
type answer struct {
	chunk
	template
	counts  []byte // its usage, as raw JSON
	choices []int
	other   bool // a message has more than text
	foreign bool // a choice is not an object
}

// readAnswer reads an answer's body; ok is false if it is not a JSON object.
func readAnswer(body []byte, asked *asked) (a answer, ok bool) {
	a.spans = []span{{}}
	s := &jsonscan.Scanner{}
	s.Reset(body)
	if s.Kind() != jsonscan.Object {
		return a, false
	}
	empty := true
	s.EnterObject()
	for s.NextKey() {
		empty = false
		switch string(s.Key()) {
		case "usage":
			a.counts = s.Raw()
		case "choices":
			a.messages(s, asked)
		default:
			a.member(s)
		}
	}
	a.end = s.Offset() - 1
	return a, s.End() && !empty
}

func (a *answer) messages(s *jsonscan.Scanner, asked *asked) {
	if !s.EnterArray() {
		return
	}
	for s.NextElement() {
		a.foreign = a.foreign || s.Kind() != jsonscan.Object
		m, _ := a.choice(s, asked)
		a.choices = append(a.choices, m.choice)
		a.other = a.other || m.other
	}
}

// withheld appends an answer without its text.
func (a *answer) withheld(dst, member []byte) []byte {
	var choices strings.Builder
	for i, choice := range a.choices {
		if i > 0 {
			choices.WriteByte(',')
		}
		choices.WriteString(`{"index":` + strconv.Itoa(choice) +
			`,"message":{"role":"assistant","content":""},"logprobs":null,"finish_reason":"content_filter"}`)
	}
	members := member
	if a.counts != nil {
		members = append(append(append([]byte(`"usage":`), a.counts...), ','), member...)
	}
	return append(a.appendObject(dst, "["+choices.String()+"]", members), '\n')
}
