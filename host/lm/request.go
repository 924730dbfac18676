package lm

import (
	"errors"
	"fmt"
	"math"
)

// Request asks an engine for completions of a prompt.
type Request struct {
	Prompt []int // tokens, at least one

	N           int      // number of completions, at most MaxN; 0 is 1
	MaxTokens   int      // most tokens of each completion; 0 is as many as the context has room for
	Temperature float64  // 0 or more; at 0 the most likely token is taken
	TopP        float64  // in (0,1]; 0 is 1
	Seed        uint64   // completion i of a seed is the same whatever else the engine computes
	Stop        []string // a completion ends before the first of these sequences; at most MaxStop

	Logprobs       bool // return the log-probabilities of the tokens
	TopLogprobs    int  // number of alternatives to each token, at most MaxTopLogprobs
	PromptLogprobs bool // return those of the prompt, too; a cached prefix cannot be used then
}

// MaxTopLogprobs is the most alternatives to a token that can be requested.
const MaxTopLogprobs = 20

// Further limits of a request.
const (
	MaxN    = 1024 // completions
	MaxStop = 16   // stop sequences
)

// Result has the completions of a request.
type Result struct {
	Choices []Choice       // in the order of their index
	Prompt  []TokenLogprob // of the prompt's tokens, if PromptLogprobs
	Usage   Usage
}

// Usage counts tokens.
type Usage struct {
	Prompt     int // tokens of the prompt, counted once
	Cached     int // tokens of the prompt that were found in the cache
	Completion int // tokens sampled for all completions, those that end answers included
}

// Choice is one completion.
type Choice struct {
	Text   string
	Tokens []int          // without the one that ends an answer, and without tokens that begin in or after a stop sequence
	Probs  []TokenLogprob // of Tokens, if Logprobs
	Finish string         // FinishStop or FinishLength
}

// Why a completion ended.
const (
	FinishStop   = "stop"   // a token that ends an answer, or a stop sequence
	FinishLength = "length" // MaxTokens or the end of the context
)

// Delta is the next part of a completion that is being written.
type Delta struct {
	Index  int            // of the completion
	Text   string         // whole characters that no stop sequence can cut off
	Probs  []TokenLogprob // of the tokens that begin in the text so far and were not in an earlier delta, if Logprobs
	Finish string         // why the completion ended; only in its last delta
}

// Scores has a model's output for a given text.
type Scores struct {
	Logits   []float32      // after the last token: Vocab numbers, or one for a value head
	Value    float64        // logit of a value head at the last token; 0 without a value head
	Logprobs []TokenLogprob // of the tokens; nil for a value head
	Usage    Usage
}

// ContextError says that prompt and completion together are longer than the context. All
// fields are numbers of tokens.
type ContextError struct {
	Prompt, MaxTokens, Context int
}

func (e *ContextError) Error() string {
	all := uint64(e.Prompt) + uint64(e.MaxTokens) // as int it could overflow
	return fmt.Sprintf("lm: the context is %d tokens, but %d are needed: %d for the prompt and %d for the completion", e.Context, all, e.Prompt, e.MaxTokens)
}

// Errors of an engine.
var (
	ErrClosed = errors.New("lm: the engine is closed")
	ErrFull   = errors.New("lm: too many requests are waiting")
	errValue  = errors.New("lm: the model has a value head, so it writes no text")
)

// prepare checks a request and fills in its defaults.
func (r *Request) prepare(m *Model, context int) error {
	if m.config.ValueHead {
		return errValue
	}
	if r.N == 0 {
		r.N = 1
	}
	if r.TopP == 0 {
		r.TopP = 1
	}
	switch {
	case r.N < 1 || r.N > MaxN:
		return fmt.Errorf("lm: N is %d: want 1 to %d", r.N, MaxN)
	case r.MaxTokens < 0:
		return fmt.Errorf("lm: MaxTokens is %d: want 0 or more", r.MaxTokens)
	case !(r.Temperature >= 0) || math.IsInf(r.Temperature, 0):
		return fmt.Errorf("lm: Temperature is %v: want 0 or more", r.Temperature)
	case !(r.TopP > 0 && r.TopP <= 1):
		return fmt.Errorf("lm: TopP is %v: want more than 0, at most 1", r.TopP)
	case r.TopLogprobs < 0 || r.TopLogprobs > MaxTopLogprobs:
		return fmt.Errorf("lm: TopLogprobs is %d: want 0 to %d", r.TopLogprobs, MaxTopLogprobs)
	case len(r.Stop) > MaxStop:
		return fmt.Errorf("lm: there are %d stop sequences: want at most %d", len(r.Stop), MaxStop)
	}
	if r.Temperature > 0 && r.Temperature < 1e-4 { // the logits divided by it would overflow
		r.Temperature = 0
	}
	for _, s := range r.Stop {
		if s == "" {
			return errors.New("lm: a stop sequence is empty")
		}
	}
	if err := checkPrompt(r.Prompt, m, max(r.MaxTokens, 1), context); err != nil {
		return err
	}
	if r.MaxTokens == 0 {
		r.MaxTokens = context - len(r.Prompt)
	}
	return nil
}

func checkPrompt(prompt []int, m *Model, maxTokens, context int) error {
	if len(prompt) == 0 {
		return errors.New("lm: the prompt has no tokens")
	}
	if maxTokens > context-len(prompt) { // their sum could overflow
		return &ContextError{len(prompt), maxTokens, context}
	}
	for i, id := range prompt {
		if id < 0 || id >= m.config.Vocab {
			return fmt.Errorf("lm: token %d of the prompt is %d: want 0 to %d", i, id, m.config.Vocab-1)
		}
	}
	return nil
}
