package lm

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// completionRequest is the body of /v1/completions.
type completionRequest struct {
	params
	Prompt   json.RawMessage `json:"prompt"`
	Logprobs *int            `json:"logprobs"`
	Echo     bool            `json:"echo"`
}

// completionTokens is max_tokens if the request does not set it. It is OpenAI's default.
const completionTokens = 16

const maxPrompts = 4096

// prompts reads a string, a list of strings, a list of tokens or a list of such lists.
func prompts(param string, raw json.RawMessage, t *Tokenizer) ([][]int, error) {
	if !set(raw) {
		return nil, badRequest(param, "%s is missing", param)
	}
	var lists [][]int
	several, ok := as[[]string](raw)
	if one, is := as[string](raw); is {
		several, ok = []string{one}, true
	}
	if !ok {
		if lists, ok = as[[][]int](raw); !ok {
			var tokens []int
			tokens, ok = as[[]int](raw)
			lists = [][]int{tokens}
		}
	}
	if !ok {
		return nil, badRequest(param, "%s is neither a string nor a list of strings, of tokens or of lists of tokens", param)
	}
	for _, text := range several {
		lists = append(lists, t.EncodeSpecial(text))
	}
	switch {
	case len(lists) == 0:
		return nil, badRequest(param, "%s is empty", param)
	case len(lists) > maxPrompts:
		return nil, badRequest(param, "%s has %d texts: want %d at most", param, len(lists), maxPrompts)
	}
	for _, ids := range lists {
		if len(ids) == 0 {
			return nil, badRequest(param, "%s has an empty text", param)
		}
	}
	return lists, nil
}

// as reads JSON into a T. ok is false if the JSON is not a T.
func as[T any](raw json.RawMessage) (v T, ok bool) {
	if json.Unmarshal(raw, &v) != nil {
		var none T // v may be half filled
		return none, false
	}
	return v, true
}

func (q *completionRequest) request() (Request, error) {
	r, err := q.params.request()
	if err != nil {
		return r, err
	}
	if q.MaxTokens == nil {
		r.MaxTokens = completionTokens
	}
	if q.Logprobs != nil {
		r.Logprobs, r.TopLogprobs = true, *q.Logprobs
		r.PromptLogprobs = q.Echo
	}
	switch {
	case r.MaxTokens < 0 || r.MaxTokens == 0 && !q.Echo:
		return r, badRequest("max_tokens", "max_tokens is %d: want 1 or more, or 0 with echo", r.MaxTokens)
	case r.TopLogprobs < 0 || r.TopLogprobs > MaxTopLogprobs:
		return r, badRequest("logprobs", "logprobs is %d: want 0 to %d", r.TopLogprobs, MaxTopLogprobs)
	}
	return r, nil
}

// completionResponse is the answer, or a chunk of it.
type completionResponse struct {
	ID      string             `json:"id"`
	Object  string             `json:"object"`
	Created int64              `json:"created"`
	Model   string             `json:"model"`
	Choices []completionChoice `json:"choices"`
	Usage   *usageBody         `json:"usage,omitempty"`
}

type completionChoice struct {
	Index    int                 `json:"index"`
	Text     string              `json:"text"`
	Logprobs *completionLogprobs `json:"logprobs"`
	Finish   any                 `json:"finish_reason"`
}

// completionLogprobs has an entry for each token in every list. Offsets count characters of
// the choice's text.
type completionLogprobs struct {
	Tokens   []string             `json:"tokens"`
	Logprobs []*float64           `json:"token_logprobs"`
	Top      []map[string]float64 `json:"top_logprobs"`
	Offsets  []int                `json:"text_offset"`
}

// add appends tokens, the first of which begins at offset, and returns the offset after
// them. text returns the text that a token has in the reply.
func (l *completionLogprobs) add(t *Tokenizer, probs []TokenLogprob, offset int, text func(id int) string) int {
	for _, p := range probs {
		name := shown(t, p.ID)
		l.Tokens, l.Offsets = append(l.Tokens, name), append(l.Offsets, offset)
		offset += starts(text(p.ID))
		if math.IsNaN(p.Logprob) { // a prompt's first token
			l.Logprobs, l.Top = append(l.Logprobs, nil), append(l.Top, nil)
			continue
		}
		top := map[string]float64{name: p.Logprob}
		for _, a := range p.Top {
			top[shown(t, a.ID)] = a.Logprob
		}
		l.Logprobs, l.Top = append(l.Logprobs, &p.Logprob), append(l.Top, top)
	}
	return offset
}

// starts returns the number of characters that begin in bytes of UTF-8.
func starts(text string) (n int) {
	for i := range len(text) {
		if utf8.RuneStart(text[i]) {
			n++
		}
	}
	return n
}

// shown returns a token as replies write it: its text or, for a special token, its name. A
// part of a character is written as its bytes, such as bytes:\xe2\x80, as OpenAI does.
func shown(t *Tokenizer, id int) string {
	name := t.name(id)
	if utf8.ValidString(name) {
		return name
	}
	b := []byte("bytes:")
	for i := range len(name) {
		b = fmt.Appendf(b, "\\x%02x", name[i])
	}
	return string(b)
}

// echo returns the text of a prompt's tokens. Special tokens have their names.
func echo(t *Tokenizer, ids []int) string {
	var b []byte
	for _, id := range ids {
		b = append(b, t.name(id)...)
	}
	return valid(b)
}

// write writes the completions of one prompt. If MaxTokens is 0, it only scores the prompt.
func (e *Engine) write(ctx context.Context, r Request, tell func(Delta) error) (*Result, error) {
	if r.MaxTokens > 0 {
		return e.Generate(ctx, r, tell)
	}
	if e.m.config.ValueHead {
		return nil, errValue
	}
	s, err := e.Score(ctx, r.Prompt, r.TopLogprobs)
	if err != nil {
		return nil, err
	}
	result := &Result{Prompt: s.Logprobs, Usage: s.Usage}
	for i := range r.N {
		result.Choices = append(result.Choices, Choice{Finish: FinishLength})
		if tell != nil {
			if err := tell(Delta{Index: i, Finish: FinishLength}); err != nil {
				return nil, err
			}
		}
	}
	return result, nil
}

func (s *Server) completions(w http.ResponseWriter, r *http.Request) error {
	var q completionRequest
	if err := receive(w, r, &q); err != nil {
		return err
	}
	m, err := s.model(q.Model)
	if err != nil {
		return err
	}
	request, err := q.request()
	if err != nil {
		return err
	}
	all, err := prompts("prompt", q.Prompt, m.Engine.m.tokenizer)
	if err != nil {
		return err
	}
	head := completionResponse{ID: newID("cmpl-"), Object: "text_completion", Created: time.Now().Unix(), Model: m.Name}
	if q.Stream {
		return s.streamCompletions(w, r, m.Engine, &q, request, all, head)
	}
	results := make([]*Result, len(all))
	if err := each(r.Context(), all, func(ctx context.Context, i int) error {
		request := request
		request.Prompt = all[i]
		var err error
		results[i], err = m.Engine.write(ctx, request, nil)
		return err
	}); err != nil {
		return err
	}
	t := m.Engine.m.tokenizer
	var usage Usage
	for p, result := range results {
		usage.add(result.Usage)
		for _, c := range result.Choices {
			choice := completionChoice{Index: len(head.Choices), Text: c.Text, Finish: c.Finish}
			if q.Echo {
				choice.Text = echo(t, all[p]) + c.Text
			}
			if request.Logprobs {
				choice.Logprobs = &completionLogprobs{}
				choice.Logprobs.add(t, c.Probs, choice.Logprobs.add(t, result.Prompt, 0, t.name), t.text)
			}
			head.Choices = append(head.Choices, choice)
		}
	}
	head.Usage = usage.body()
	return send(w, http.StatusOK, head)
}

func (u *Usage) add(v Usage) {
	u.Prompt += v.Prompt
	u.Cached += v.Cached
	u.Completion += v.Completion
}

// each runs do for all prompts concurrently, so the engine batches them.
func each(ctx context.Context, all [][]int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(256)
	for i := range all {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

func (s *Server) streamCompletions(w http.ResponseWriter, r *http.Request, e *Engine, q *completionRequest, request Request, all [][]int, head completionResponse) error {
	if request.PromptLogprobs {
		return badRequest("stream", "echo with logprobs is not supported in a stream")
	}
	out := &events{w: w}
	results := make([]*Result, len(all))
	err := each(r.Context(), all, func(ctx context.Context, i int) error {
		request, head, t := request, head, e.m.tokenizer
		request.Prompt = all[i]
		echoed, offsets := make([]bool, request.N), make([]int, request.N)
		var err error
		results[i], err = e.write(ctx, request, func(d Delta) error {
			c := completionChoice{Index: i*request.N + d.Index, Text: d.Text, Finish: orNull(d.Finish)}
			if request.Logprobs {
				c.Logprobs = &completionLogprobs{}
				offsets[d.Index] = c.Logprobs.add(t, d.Probs, offsets[d.Index], t.text)
			}
			if q.Echo && !echoed[d.Index] {
				echoed[d.Index] = true
				c.Text = echo(t, request.Prompt) + c.Text
			}
			head.Choices = []completionChoice{c}
			return out.send(head)
		})
		return err
	})
	if err == nil && q.includeUsage() {
		var usage Usage
		for _, result := range results {
			usage.add(result.Usage)
		}
		head.Choices, head.Usage = []completionChoice{}, usage.body()
		err = out.send(head)
	}
	return out.end(err)
}
