package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// rollouts samples continuations of one answer for a fusion width over 1, within
// Config.RolloutBudget. It is safe for concurrent use.
type rollouts struct {
	handler *Handler
	in      *http.Request // of the client
	request *request

	mu   sync.Mutex
	left int // tokens of the budget
	most int // continuations that the upstream gives in reply to one request; 0 is not known
}

// rolls reports whether continuations of a request's answer are sampled. A plain answer is
// whole when it comes; a contest compares confidences of whole answers, which have no
// continuations.
func (r *request) rolls() bool {
	c := r.config
	_, continues := r.surface.(continuer)
	return continues && c.Session.Fusion.Width > 1 && c.Session.Estimator == session.Model && c.Continue != NotContinued &&
		r.stream && r.n == 1 && !r.json && !r.tools
}

// sampler returns what samples continuations of a request's answer, nil if nothing does.
func (h *Handler) sampler(in *http.Request, r *request) func(context.Context, string, int) []string {
	if !r.rolls() {
		return nil
	}
	return (&rollouts{handler: h, in: in, request: r, left: h.config.RolloutBudget}).sample
}

// sample is the Sample of a follow.Handler.
func (o *rollouts) sample(ctx context.Context, soFar string, n int) (texts []string) {
	for n > 0 {
		k := o.take(n)
		if k == 0 {
			return texts
		}
		given, ended, err := o.ask(ctx, soFar, k)
		if err != nil && given == 0 {
			if ctx.Err() == nil {
				o.handler.config.Report("no further continuations are sampled of an answer", err)
			}
			o.end()
			return texts
		}
		texts = append(texts, ended...)
		n -= given
	}
	return texts
}

// take takes the tokens of up to n continuations from the budget, and returns how many
// continuations are to be asked for.
func (o *rollouts) take(n int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n = min(n, o.left/o.handler.config.RolloutTokens); o.most > 0 {
		n = min(n, o.most)
	}
	o.left -= n * o.handler.config.RolloutTokens
	return n
}

// end ends the budget: an upstream that fails is not asked for each position.
func (o *rollouts) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.left = 0
}

// ask asks for n continuations. It returns how many came, or cannot be had, and those of them
// that end the answer.
func (o *rollouts) ask(ctx context.Context, soFar string, n int) (given int, ended []string, err error) {
	without, members := o.request.surface.(continuer).sampled(n, o.handler.config.RolloutTokens)
	body := o.request.continuing(o.request.original, soFar, o.request.config.Continue, without, members)
	if body == nil {
		return 0, nil, errors.New("the request cannot be continued")
	}
	used := 0
	defer func() { o.used(n, used, given) }()
	document, status, err := o.send(ctx, body)
	switch {
	case err != nil:
		return 0, nil, err
	case n > 1 && (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity):
		o.mu.Lock()
		o.most = 1
		o.mu.Unlock()
		return 0, nil, nil // asked again, one at a time
	case status != http.StatusOK:
		return 0, nil, fmt.Errorf("the upstream replied with status %d", status)
	}
	given, ended, tokens, err := o.read(ctx, document)
	used = tokens
	for i := range ended { // llama.cpp's server repeats the text that it continues
		ended[i] = strings.TrimPrefix(ended[i], soFar)
	}
	return given, ended, err
}

// used gives the tokens back that n continuations were granted and did not use, and notes
// how many the upstream gives at once.
func (o *rollouts) used(n, tokens, given int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.left += max(n*o.handler.config.RolloutTokens-tokens, 0)
	if given > 0 && given < n {
		o.most = given
	}
}

// send sends a request to the upstream and returns the reply. What observes the client's
// request is not told of it.
func (o *rollouts) send(ctx context.Context, body []byte) (document []byte, status int, err error) {
	c := &o.handler.config
	ctx = beside(ctx, &request{surface: o.request.surface, config: o.request.config})
	out := o.in.Clone(ctx)
	setBody(out, body)
	resp, err := o.handler.send(o.in.WithContext(ctx), out)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, resp.StatusCode, nil
	}
	if why := unpack(resp); why != "" {
		return nil, 0, fmt.Errorf("the upstream's answer cannot be read: %s", why)
	}
	document, err = io.ReadAll(io.LimitReader(resp.Body, min(c.MaxAnswer, maxCoreEvent-1)))
	return document, resp.StatusCode, err
}

// read reads a reply: how many continuations it has, those that end the answer, and the
// tokens of all.
func (o *rollouts) read(ctx context.Context, document []byte) (given int, ended []string, tokens int, err error) {
	texts := map[int]string{}
	usage, counted := unbilled, int64(0)
	err = o.handler.follow(ctx, o.request.surface, bytes.NewReader(document), len(document)+1, follow.Handler{
		Text: func(choice int, segment position.Segment, text []byte) {
			if segment == position.Answer {
				texts[choice] += string(text)
			}
		},
		Usage: func(u *stream.Usage) { usage = *u },
		Record: func(r record.Record) {
			if end, ok := r.(*record.End); ok && texts[end.Choice] != "" {
				given++
				counted += end.Tokens + end.Reasoning
				if end.Reason == stream.Stop {
					ended = append(ended, texts[end.Choice])
				}
			}
		},
	})
	if err != nil {
		return 0, nil, 0, err
	}
	if given == 0 {
		return 0, nil, 0, errors.New("the upstream's answer has no text")
	}
	completion := counted
	if usage.Completion >= 0 {
		completion = usage.Completion
	}
	o.spent(max(usage.Prompt, 0) + completion)
	return given, ended, int(completion), nil
}

// spent counts tokens that sampling has cost.
func (o *rollouts) spent(tokens int64) {
	observationOf(o.in.Context()).note(func(x *Exchange) { x.RolloutTokens += tokens })
	ticketOf(o.in.Context()).rolled(tokens)
}
