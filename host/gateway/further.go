package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Samples is the estimator samples: the confidence of a whole answer is how many further
// answers to the same request agree with it. The session is then one of samples.Configure.
// (The gateway does not link package host/samples, whose graders would make the Worker
// larger.)
type Samples struct {
	Number int // answers in all, with the one that is judged: 2 or more
	// Post makes the post of one answer, of what asks for further answers: see
	// samples.Estimator.
	Post func(ask func(ctx context.Context, question, answer string, n int) ([]string, error)) model.Post
}

// further is the further answers to a request. They are asked for when the request is, so
// that the end of the answer waits as little as possible.
type further struct {
	done   chan struct{} // closed when all have come or one has failed
	texts  []string
	tokens int64 // that they have cost, as far as the upstream says
	err    error
	once   sync.Once
}

// further asks for the further answers to a request. They end with ctx.
func (h *Handler) further(ctx context.Context, in *http.Request, asked *request) *further {
	f := &further{done: make(chan struct{})}
	type one struct {
		text   string
		tokens int64
		err    error
	}
	n := asked.config.Samples.Number - 1
	came := make(chan one, n)
	for i := range n {
		again := asked.vary(variant{seed: i + 1})
		go func() {
			var o one
			defer func() {
				// On a goroutine of the gateway's own, a panic would end the process.
				if p := recover(); p != nil {
					o.err = fmt.Errorf("gateway: a further answer: panic: %v", p)
				}
				came <- o
			}()
			o.text, o.tokens, o.err = h.furtherAnswer(ctx, in, again)
		}()
	}
	go func() {
		defer close(f.done)
		for range n {
			o := <-came
			f.texts, f.tokens = append(f.texts, o.text), f.tokens+o.tokens
			f.err = errors.Join(f.err, o.err)
		}
	}()
	return f
}

// furtherAnswer asks for one and returns the text of its first choice.
func (h *Handler) furtherAnswer(ctx context.Context, in *http.Request, asked *request) (text string, tokens int64, err error) {
	ctx = beside(ctx, asked)
	out := in.Clone(ctx)
	setBody(out, asked.body)
	resp, err := h.send(in.WithContext(ctx), out)
	if err != nil {
		return "", 0, &model.Error{Reason: session.Unreachable, Detail: "a further answer: " + err.Error(), Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || unpack(resp) != "" {
		return "", 0, &model.Error{Reason: session.EndpointError, Status: resp.StatusCode, Detail: "the upstream gave no further answer"}
	}
	return h.read(ctx, asked, io.LimitReader(resp.Body, h.config.MaxAnswer))
}

// read reads the text of an answer, streamed or not.
func (h *Handler) read(ctx context.Context, asked *request, from io.Reader) (text string, tokens int64, err error) {
	var all strings.Builder
	err = h.follow(ctx, asked.surface, from, min(h.config.MaxEvent, maxCoreEvent), follow.Handler{
		Record: func(record.Record) {},
		Text: func(choice int, segment position.Segment, text []byte) {
			if choice == 0 && segment == position.Answer {
				all.Write(text)
			}
		},
		Usage: func(u *stream.Usage) { tokens = max(u.Prompt, 0) + max(u.Completion, 0) },
	})
	return all.String(), tokens, err
}

// ask returns the further answers once they have come.
func (f *further) ask(ctx context.Context, spent func(int64)) ([]string, error) {
	select {
	case <-f.done:
		f.once.Do(func() { spent(f.tokens) })
		return f.texts, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// compares makes a scorer compare an answer with further ones.
func (s *scorer) compares(ctx context.Context, c *Config) model.Post {
	x := treatmentOf(ctx)
	if x == nil || x.request == nil || x.request.further == nil {
		return func(context.Context, []byte) ([]byte, error) { return nil, errNoFurther }
	}
	post := c.Samples.Post(func(ctx context.Context, _, _ string, _ int) ([]string, error) {
		return x.request.further.ask(ctx, s.spent)
	})
	// The breaker is of this answer alone: it never opens, but it knows how long to wait.
	s.asker = &asker{b: &breaker{clock: c.clock, report: c.Report}, post: post, patience: c.rule.patience(c), spent: func(int64) {}}
	return s.asker.ask
}

// saysNothing reports whether an error is that of a position of which the estimator samples
// says nothing: the question alone. It is no failure.
func saysNothing(err error) bool { return err != nil && model.ReasonOf(err) == session.NoText }

// errNoFurther is the error of an answer without further ones.
var errNoFurther = &model.Error{Reason: session.Unreachable, Detail: "no further answer was asked for"}

// samples says what the estimator samples does not go with, or nil.
func (c *Config) samples() error {
	switch {
	case c.Samples == nil:
		return nil
	case c.Samples.Number < 2 || c.Samples.Number > maxAnswers:
		return fmt.Errorf("gateway: samples %d: want 2 to %d", c.Samples.Number, maxAnswers)
	case c.Policy == Stop || c.Policy.rule().contest != nil:
		return fmt.Errorf("gateway: the policy %s does not go with the estimator samples: that estimator judges whole answers and asks for further answers itself", c.Policy)
	case c.skips():
		return errors.New("gateway: skip_above does not go with the estimator samples: that estimator gives no confidence for the question alone")
	}
	return nil
}
