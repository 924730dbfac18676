package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

// record is a session under test, with all its events.
type record struct {
	*Session
	t      testing.TB
	events []Event
}

func open(t testing.TB, c Config) *record {
	t.Helper()
	s, events, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &record{Session: s, t: t}
	r.add(events, nil)
	return r
}

// add keeps a call's events. It copies their slices, because the next call overwrites them.
func (r *record) add(events []Event, err error) []Event {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	n := len(r.events)
	for _, e := range events {
		e.Text = bytes.Clone(e.Text)
		e.Fault.Detail = bytes.Clone(e.Fault.Detail)
		r.events = append(r.events, e)
	}
	return r.events[n:]
}

func (r *record) write(input string) []Event { r.t.Helper(); return r.add(r.Write([]byte(input))) }
func (r *record) end() []Event               { r.t.Helper(); return r.add(r.End()) }

// score gives a session a whole stream, in pieces of the lengths that next returns.
func score(t testing.TB, c Config, input string, next func() int) *record {
	t.Helper()
	r := open(t, c)
	for piece := []byte(input); len(piece) > 0; {
		n := min(next(), len(piece))
		r.add(r.Write(piece[:n]))
		clear(piece[:n])
		piece = piece[n:]
	}
	r.end()
	return r
}

func whole() int { return math.MaxInt32 }

func every(n int) func() int { return func() int { return n } }

func randomly(seed uint64) func() int {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() int { return 1 + r.IntN(1<<r.IntN(10)) }
}

// of returns the events of one kind and choice.
func (r *record) of(kind EventKind, choice int) (events []Event) {
	for _, e := range r.events {
		if e.Kind == kind && e.Choice == choice {
			events = append(events, e)
		}
	}
	return events
}

// last returns the last confidence of each of a choice's positions.
func (r *record) last(choice int) (last []Event) {
	for _, e := range r.of(Confidence, choice) {
		i := e.Position.Index
		if i == len(last) {
			last = append(last, e)
		}
		last[i] = e
	}
	return last
}

// endOf returns the last confidence of p(z).
func (r *record) endOf(choice int) Event { last := r.last(choice); return last[len(last)-1] }

func (r *record) text(choice int, segment position.Segment) string {
	var b strings.Builder
	for _, e := range r.of(Text, choice) {
		if e.Segment == segment {
			b.Write(e.Text)
		}
	}
	return b.String()
}

func (r *record) faults() (codes []stream.FaultCode) {
	for _, e := range r.events {
		if e.Kind == Fault {
			codes = append(codes, e.Fault.Code)
		}
	}
	return codes
}

// check reports events that break the order in the package comment.
func (r *record) check() {
	r.t.Helper()
	type state struct {
		revision int
		state    State
		asked    bool
		raw      float64
	}
	type choice struct {
		positions []state
		finished  bool
		complete  bool // p(z) was found
	}
	choices := map[int]*choice{}
	usage := 0
	wrong := func(i int, format string, args ...any) {
		r.t.Helper()
		r.t.Errorf("event %d, %.200s: %s", i, describe(&r.events[i]), fmt.Sprintf(format, args...))
	}
	for i, e := range r.events {
		c := choices[e.Choice]
		if c == nil {
			c = &choice{}
			choices[e.Choice] = c
		}
		if len(c.positions) == 0 && e.Kind != Positioned && e.Kind != Fault && e.Kind != Usage {
			wrong(i, "before p(0)")
		}
		if c.finished && e.Kind != Confidence && e.Kind != Fault {
			wrong(i, "after Finish")
		}
		index := e.Position.Index
		switch e.Kind {
		case Text:
			if len(e.Text) == 0 {
				wrong(i, "without text")
			}
		case Positioned:
			if index != len(c.positions) || (index == 0) != (e.Position.Kind == position.Question) || c.complete {
				wrong(i, "position %d comes next", len(c.positions))
			}
			c.complete = e.Position.Kind&position.End != 0
			c.positions = append(c.positions, state{revision: -1, raw: nan})
		case Confidence:
			if index >= len(c.positions) {
				wrong(i, "before its position")
				continue
			}
			p := &c.positions[index]
			if e.Revision != p.revision+1 {
				wrong(i, "revision %d comes next", p.revision+1)
			}
			if p.state >= Final || e.State < p.state {
				wrong(i, "after %s", p.state)
			}
			valued := e.State == Provisional || e.State == Final
			if valued != (e.Raw >= 0 && e.Raw <= 1) || valued != (e.Fused >= 0 && e.Fused <= 1) || (e.State == Unavailable) != (e.Reason != NoReason) {
				wrong(i, "state, values and reason do not agree")
			}
			if !math.IsNaN(p.raw) && e.Raw != p.raw {
				wrong(i, "raw was %v", p.raw)
			}
			p.revision, p.state, p.raw = e.Revision, e.State, e.Raw
		case Ask:
			if index >= len(c.positions) || c.positions[index].revision != 0 || c.positions[index].state != Pending || c.positions[index].asked {
				wrong(i, "not for a position that is pending for the first time")
				continue
			}
			c.positions[index].asked = true
		case Finish:
			if !c.complete {
				wrong(i, "before p(z)")
			}
			c.finished = true
		case Usage:
			if usage++; usage > 1 {
				wrong(i, "a second time")
			}
		}
	}
	for n, c := range choices {
		for index, p := range c.positions {
			if p.revision < 0 {
				r.t.Errorf("choice %d: position %d has no confidence", n, index)
			}
			if r.config.Estimator == Builtin && r.ended && p.state < Final {
				r.t.Errorf("choice %d: position %d is still %s", n, index, p.state)
			}
		}
		if r.ended && len(c.positions) > 0 && !c.finished {
			r.t.Errorf("choice %d has no Finish", n)
		}
	}
}

// calls writes the events down, except text, whose pieces depend on the cuts of the stream.
func (r *record) calls() (calls []string) {
	for i := range r.events {
		if r.events[i].Kind != Text {
			calls = append(calls, describe(&r.events[i]))
		}
	}
	return calls
}

// describe writes an event down, with all fields of its kind.
func describe(e *Event) string {
	switch e.Kind {
	case Text:
		return fmt.Sprintf("text %d %s %q", e.Choice, e.Segment, e.Text)
	case Positioned:
		return fmt.Sprintf("positioned %d %+v", e.Choice, e.Position)
	case Ask:
		return fmt.Sprintf("ask %d: %d %s id %d", e.Choice, e.Position.Index, e.Position.Kind, e.ID)
	case Confidence:
		return fmt.Sprintf("confidence %d: %d revision %d %s raw %v fused %v calibrated %v from %s %v, %s",
			e.Choice, e.Position.Index, e.Revision, e.State, e.Raw, e.Fused, e.Calibrated, e.Source, e.Source.Mass, e.Reason)
	case Usage:
		return fmt.Sprintf("usage %+v", e.Usage)
	case Fault:
		return fmt.Sprintf("fault %d: %s at %d: %s", e.Choice, FaultName(e.Fault.Code), e.Fault.Offset, e.Fault.Detail)
	case Finish:
		return fmt.Sprintf("finish %d %s %+v", e.Choice, e.Finish, e.Total)
	}
	return fmt.Sprintf("event of kind %d", e.Kind)
}

// compare reports differences between the events of two ways to cut a stream.
func compare(t testing.TB, want, got *record) {
	t.Helper()
	w, g := want.calls(), got.calls()
	for choice := range want.config.MaxChoices {
		for segment := position.Answer; segment <= position.Refusal; segment++ {
			if w, g := want.text(choice, segment), got.text(choice, segment); w != g {
				t.Fatalf("choice %d: %s %q in one cutting, and %q in another", choice, segment, w, g)
			}
		}
	}
	for i := range max(len(w), len(g)) {
		switch {
		case i >= len(w) || i >= len(g):
			t.Fatalf("one cutting gives %d events, another %d", len(w), len(g))
		case w[i] != g[i]:
			t.Fatalf("event %d is\n%s\nin one cutting, and in another\n%s", i, w[i], g[i])
		}
	}
}

// scoreCuts scores a stream, cut in several ways. It checks the order of the events, and compares
// the events of the different cuts.
func scoreCuts(t testing.TB, c Config, input string) *record {
	t.Helper()
	want := score(t, c, input, whole)
	want.check()
	for _, next := range []func() int{every(1), every(7), randomly(1), randomly(2)} {
		compare(t, want, score(t, c, input, next))
	}
	return want
}

// The functions below make streams of chat completions.

type token struct {
	text    string
	logprob float64
	top     []float64 // the token's first
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// chunk is a chunk of one choice with a delta's field, such as content, and
// the log-probabilities of tokens, if any.
func chunk(choice int, field, text string, tokens ...token) string {
	logprobs := "null"
	if len(tokens) > 0 {
		var list []string
		for _, t := range tokens {
			var top []string
			for i, p := range t.top {
				name := t.text
				if i > 0 {
					name = fmt.Sprint("alternative ", i)
				}
				top = append(top, fmt.Sprintf(`{"token":%s,"logprob":%v}`, quote(name), p))
			}
			list = append(list, fmt.Sprintf(`{"token":%s,"logprob":%v,"top_logprobs":[%s]}`, quote(t.text), t.logprob, strings.Join(top, ",")))
		}
		logprobs = `{"content":[` + strings.Join(list, ",") + `]}`
	}
	return fmt.Sprintf(`data: {"object":"chat.completion.chunk","choices":[{"index":%d,"delta":{"%s":%s},"logprobs":%s,"finish_reason":null}]}`+"\n\n",
		choice, field, quote(text), logprobs)
}

// content is one token, in a chunk of its own.
func content(choice int, text string, logprob float64) string {
	return chunk(choice, "content", text, token{text: text, logprob: logprob})
}

func finish(choice int, reason string) string {
	return fmt.Sprintf(`data: {"choices":[{"index":%d,"delta":{},"finish_reason":%q}]}`+"\n\n", choice, reason)
}

const doneMarker = "data: [DONE]\n\n"

// reply is a chat completion that says content.
func reply(content string) []byte {
	return []byte(`{"choices":[{"index":0,"message":{"role":"assistant","content":` + quote(content) + `}}]}`)
}

// asking returns a configuration with a confidence model.
func asking() Config {
	c := DefaultConfig()
	c.Question = "What is 6 times 7?"
	c.Estimator = Model
	return c
}
