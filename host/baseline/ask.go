package baseline

import (
	"context"
	"encoding/json"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// verbals asks the model for its confidence in the text, and after each step.
func (w *work) verbals(ctx context.Context) error {
	s := w.s
	group, ctx := errgroup.WithContext(ctx)
	ask := func(of Needs, text string, out *Reading) {
		group.Go(func() error {
			r, cost, err := w.verbal(ctx, text)
			if err != nil {
				return err
			}
			w.spent(of, cost)
			*out = r
			return nil
		})
	}
	if w.n&Verbal != 0 {
		if s.State.Text == "" && (s.State.Complete || w.config.Verb.QuestionPrompt == "") {
			s.Verbal.Err = unavailable("there is no answer yet")
		} else {
			ask(Verbal, s.State.Text, &s.Verbal)
		}
	}
	if w.n&StepVerbals != 0 {
		s.StepVerbals = make([]Reading, len(s.Steps))
		for i, end := range s.Steps {
			ask(StepVerbals, s.State.Text[:end], &s.StepVerbals[i])
		}
	}
	return group.Wait()
}

// verbal asks the model for its confidence in a text.
func (w *work) verbal(ctx context.Context, text string) (Reading, Cost, error) {
	request := w.request()
	request["messages"] = w.config.Verb.messages(w.messages(text), text)
	request["max_tokens"] = w.verb.MaxTokens
	if w.verb.TopLogprobs > 0 {
		request["logprobs"], request["top_logprobs"] = true, w.verb.TopLogprobs
	}
	body, err := w.ask(ctx, w.s.State.Question.ID, "verbal", request, func() ([]byte, error) {
		return w.chat.PostRaw(ctx, request)
	})
	if err != nil {
		return Reading{}, Cost{}, err
	}
	r, cost, err := readVerbal(&w.verb, body)
	if err != nil {
		return Reading{}, Cost{}, w.chat.Failure(err)
	}
	return r, cost, nil
}

// request returns the fields that all requests to the generator's server share, except
// those for samples.
func (c *Collector) request() map[string]any {
	g := c.config.Generator.Config()
	r := map[string]any{"temperature": 0}
	if g.Model != "" {
		r["model"] = g.Model
	}
	for name, v := range g.Extra {
		r[name] = v
	}
	return r
}

// messages returns the chat of the question and a text. If the generator uses completions,
// its prompt may be a chat template; a chat needs only the question.
func (w *work) messages(text string) []map[string]any {
	q := w.s.State.Question
	m := w.config.Generator.Messages(q.Text, text)
	if w.config.Generator.Config().API == openai.Completions {
		for i := range m {
			if m[i]["role"] == "user" {
				m[i]["content"] = q.Text
			}
		}
	}
	return m
}

// known asks the head of P(IK).
func (w *work) known(ctx context.Context) error {
	h := w.config.Head
	if h == nil {
		w.lacks(Known, unavailable("P(IK) needs a trained head, and none was given"))
		return nil
	}
	request := h.body(w.s.State.Question)
	body, err := w.ask(ctx, w.s.State.Question.ID, "known", request, func() ([]byte, error) {
		return h.client.Post(ctx, request)
	})
	if err != nil {
		return err
	}
	r, cost, err := h.read(body)
	if err != nil {
		return err
	}
	w.spent(Known, cost)
	w.s.Known = r
	return nil
}

// read reads the head's reply.
func (h *Head) read(body []byte) (Reading, Cost, error) {
	got, err := h.model.ReadReply(body)
	var bad *estimate.ReplyError
	switch {
	case err == nil:
		return Reading{Confidence: got.Confidence}, UsageOf(body), nil
	case errors.As(err, &bad) && bad.Failure >= estimate.Refused && bad.Failure <= estimate.ExtraText:
		return Reading{Err: &Unavailable{"the head did not give a number", err}}, UsageOf(body), nil
	}
	return Reading{}, Cost{}, err
}

// UsageOf returns the cost of a request, by the server's count in its reply.
func UsageOf(body []byte) Cost {
	var r struct{ Usage usage }
	_ = json.Unmarshal(body, &r) // a reply without a count counts no tokens
	return r.Usage.cost(0)
}
