package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// contest is a policy that asks for several answers to one request and sends one of
// them. All of it runs on one goroutine.
type contest interface {
	// next is called at the beginning and after each answer. It returns variants to ask for in
	// addition to earlier ones. Once it has decided, it returns the answer to send, with the
	// decision that says why.
	next(all []*contestant) (more []variant, winner *contestant, d *record.Decision)
}

// variant is how a request differs from the client's.
type variant struct {
	model string // another model; "" is the client's
	seed  int    // added to the client's seed: with the same seed, all answers would be the same
}

// contestant is one answer of a contest. Its own goroutine scores it and reports it when
// everything except its end is written. The end is written once the contest has chosen this
// answer.
type contestant struct {
	variant
	request *request

	came bool // the answer was reported; before that, outcome is not set
	outcome

	reports  chan<- report
	reported bool // used only by the goroutine of contend
	won      chan verdict
	written  chan struct{} // closed when resp, body and err are final
	resp     *http.Response
	body     []byte
	err      error // why there is no answer to send
}

// outcome is the result of an answer that has come or failed, as a contest needs it.
type outcome struct {
	headline *record.Confidence // that of p(z); nil if it has none
	text     string             // of the answer
	failed   bool               // the answer is an error
	skipped  bool               // the gate lets it pass
	usage    stream.Usage       // as the upstream reported it; -1 is unknown
	tokens   int64              // tokens that the session has counted
}

// unbilled is a usage of which nothing is known.
var unbilled = stream.Usage{Prompt: -1, Completion: -1, Reasoning: -1}

// report carries an outcome to the goroutine of the contest. Only that goroutine reads and
// writes the outcomes of its contestants: an answer that has lost can still come while the
// winner is sent.
type report struct {
	of *contestant
	outcome
}

// verdict tells a contestant that it is sent.
type verdict struct {
	decision *record.Decision
	usage    stream.Usage // of all answers; -1 is unknown
	seen     *observation
}

// errLost is the error of an answer that was not chosen.
var errLost = errors.New("gateway: another answer was chosen")

// contested asks for the answers to a request and sends one.
func (h *Handler) contested(w http.ResponseWriter, r *http.Request, asked *request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	observationOf(ctx).asked(asked)
	policy := asked.config.rule.contest(asked.config, asked)
	reports := make(chan report)
	var all []*contestant
	for {
		more, winner, d := policy.next(all)
		for _, v := range more {
			k := &contestant{
				variant: v, request: asked.vary(v),
				reports: reports, won: make(chan verdict, 1), written: make(chan struct{}),
				outcome: outcome{usage: unbilled},
			}
			k.request.contestant = k
			all = append(all, k)
			go h.contend(ctx, k, r)
		}
		switch {
		case winner == nil:
		case d != nil && d.Action == record.ActionEnd:
			h.failed(w, r, &refusal{d.Reason})
			return
		default:
			h.sendWinner(w, r, winner, all, d)
			return
		}
		select {
		case r := <-reports:
			r.of.came, r.of.outcome = true, r.outcome
		case <-ctx.Done():
			return // the client has disconnected
		}
	}
}

// contend asks for one answer and scores it.
func (h *Handler) contend(ctx context.Context, k *contestant, in *http.Request) {
	defer func() {
		// A panic on a goroutine of the gateway would end the process; the server recovers only
		// panics of its handlers.
		if p := recover(); p != nil {
			k.err = fmt.Errorf("gateway: an answer: panic: %v", p)
		}
		close(k.written)
		if !k.reported {
			failed := k.err != nil || k.resp.StatusCode != http.StatusOK
			k.report(ctx, outcome{failed: failed, usage: unbilled})
		}
	}()
	out := in.Clone(context.WithValue(ctx, treatmentKey{}, &treatment{request: k.request}))
	setBody(out, k.request.body)
	k.resp, k.err = h.ask(in, out)
	if k.err != nil {
		return
	}
	defer k.resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(k.resp.Body, h.config.MaxAnswer+1))
	switch k.body = body; {
	case err != nil:
		k.err = err
	case int64(len(body)) > h.config.MaxAnswer:
		k.err = fmt.Errorf("gateway: an answer is longer than max_answer, %d bytes", h.config.MaxAnswer)
	}
}

// report tells the contest that the answer has come, or failed.
func (k *contestant) report(ctx context.Context, o outcome) {
	k.reported = true
	select {
	case k.reports <- report{k, o}:
	case <-ctx.Done():
	}
}

// settle is called when the answer is scored and only its end is not written. It reports the
// answer and waits for the verdict. It returns nil if the answer is not sent.
func (k *contestant) settle(ctx context.Context, s *scorer) *verdict {
	o := outcome{headline: valued(s.last[0]), skipped: s.skipped(), usage: s.usage, tokens: s.tokens}
	if t, ok := s.acting.(*listener); ok {
		o.text = t.answer.String()
	}
	s.counted()
	k.report(ctx, o)
	select {
	case v := <-k.won:
		s.observe(v.seen)
		if v.decision != nil {
			s.tell(v.decision)
		}
		return &v
	case <-ctx.Done():
		return nil
	}
}

// valued returns c if c is not nil and has a value, else nil.
func valued(c *record.Confidence) *record.Confidence {
	if c != nil && c.HasValue() {
		return c
	}
	return nil
}

// sendWinner sends the answer that was chosen.
func (h *Handler) sendWinner(w http.ResponseWriter, r *http.Request, winner *contestant, all []*contestant, d *record.Decision) {
	var costs []outcome
	for _, k := range all {
		costs = append(costs, k.outcome)
	}
	winner.won <- verdict{d, billed(costs...), observationOf(r.Context())}
	select {
	case <-winner.written:
	case <-r.Context().Done():
		return
	}
	if winner.err != nil {
		h.failed(w, r, winner.err)
		return
	}
	header := w.Header()
	for name, values := range winner.resp.Header {
		header[name] = append(header[name], values...)
	}
	header.Set(headerAnswers, strconv.Itoa(len(all)))
	header.Set("Content-Length", strconv.Itoa(len(winner.body)))
	w.WriteHeader(winner.resp.StatusCode)
	controller := http.NewResponseController(w)
	for piece := range slices.Chunk(winner.body, pieceSize) {
		_ = controller.SetWriteDeadline(time.Now().Add(h.config.WriteTimeout))
		if _, err := w.Write(piece); err != nil {
			if r.Context().Err() == nil {
				h.config.Report("an answer broke off", err)
			}
			return
		}
	}
}

// billed is the sum of the usage of all answers. If the upstream did not report the tokens of an
// answer, the session's count is used.
func billed(all ...outcome) stream.Usage {
	sum := unbilled
	for _, o := range all {
		if o.usage.Prompt >= 0 {
			sum.Prompt = max(sum.Prompt, 0) + o.usage.Prompt
		}
		if o.usage.Reasoning >= 0 {
			sum.Reasoning = max(sum.Reasoning, 0) + o.usage.Reasoning
		}
		completion := o.usage.Completion
		if completion < 0 {
			completion = o.tokens
		}
		sum.Completion = max(sum.Completion, 0) + completion
	}
	return sum
}

// sumUsage returns the edits that put the summed usage into an object with the member usage. at
// is the offset of the object in the edited bytes. The last usage of Messages may leave out the
// count of the prompt, since an earlier event had it; then the sum is added.
func (v *verdict) sumUsage(names counts, object []byte, at int) (edits []edit) {
	var s jsonscan.Scanner
	s.Reset(object)
	read := func() {
		if !s.EnterObject() {
			return
		}
		missing := names.total == "" && v.usage.Prompt >= 0
		for s.NextKey() {
			value := int64(-1)
			switch string(s.Key()) {
			case names.prompt:
				value, missing = v.usage.Prompt, false
			case names.completion:
				value = v.usage.Completion
			case names.total:
				if value = v.usage.Completion; v.usage.Prompt >= 0 {
					value += v.usage.Prompt
				}
			}
			from := valueAt(&s)
			s.Skip()
			if value >= 0 {
				edits = append(edits, edit{at + from, at + s.Offset(), strconv.FormatInt(value, 10)})
			}
		}
		if missing && len(edits) > 0 { // so that a comma is right
			end := at + s.Offset() - 1
			edits = append(edits, edit{end, end, `,"` + names.prompt + `":` + strconv.FormatInt(v.usage.Prompt, 10)})
		}
	}
	if names.bare {
		read()
		return edits
	}
	if !s.EnterObject() {
		return nil
	}
	for s.NextKey() {
		switch key := string(s.Key()); {
		case key == "usage":
			read()
		case key == names.in && key != "":
			each(&s, "usage", read)
		default:
			s.Skip()
		}
	}
	return edits
}

// vary returns a request for another answer to the same question.
func (r *request) vary(v variant) *request {
	var made changes
	var s jsonscan.Scanner
	s.Reset(r.original)
	var model edit
	raise := func() {
		at := edit{from: valueAt(&s)}
		n, ok := s.Int()
		if at.to = s.Offset(); ok && v.seed > 0 {
			made.set("seed", strconv.FormatInt(n+int64(v.seed), 10), at)
		}
	}
	s.EnterObject()
	for s.NextKey() {
		switch key := string(s.Key()); {
		case key == "model":
			model.from = valueAt(&s)
			s.Skip()
			model.to = s.Offset()
		case key == "seed":
			raise()
		case key == "options" && r.surface.format() == stream.Ollama:
			each(&s, "seed", raise)
		default:
			s.Skip()
		}
	}
	if v.model != "" {
		made.set("model", string(jsonscan.AppendString(nil, []byte(v.model))), model)
	}
	same := *r.config
	same.routes = nil // the routes of another model do not apply: its answer is handled as the client's request
	again, _ := readRequest(r.surface, made.apply(r.original, s.Offset()-1), &same)
	again.deadline = func(time.Time) {} // the answer is written to memory
	return again
}

// listener is the acting policy of a contestant. It keeps the text of the first choice.
type listener struct {
	idle
	answer bytes.Buffer
}

func newListener(*Config, *request) acting { return &listener{} }

func (l *listener) text(choice int, segment position.Segment, text []byte) {
	if choice == 0 && segment == position.Answer {
		l.answer.Write(text)
	}
}

// arrived returns the answers that can be sent and those that are still to come.
func arrived(all []*contestant) (ready []*contestant, running int) {
	for _, k := range all {
		switch {
		case !k.came:
			running++
		case !k.failed:
			ready = append(ready, k)
		}
	}
	return ready, running
}

// best returns the most confident of some answers. An answer without a confidence ranks last.
func best(some []*contestant) (winner *contestant) {
	for _, k := range some {
		switch {
		case winner == nil, k.headline != nil && (winner.headline == nil || k.headline.Fused > winner.headline.Fused):
			winner = k
		}
	}
	return winner
}

// chose is the decision to send an answer.
func chose(policy Policy, winner *contestant, reason string) *record.Decision {
	d := decision(policy, record.ActionRelease, reason)
	if winner.headline != nil {
		d.Index, d.Byte = winner.headline.Index, winner.headline.Byte
	}
	return d
}
