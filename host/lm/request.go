package lm

import (
	"errors"
	"fmt"
	"math"
)

// Request asks an engine for completions of a prompt.
type Request struct {
	Prompt []int // tokens, at least one

	N           int      // completions; 0 is 1
	MaxTokens   int      // tokens of each, at most; 0 is as many as the context has room for
	Temperature float64  // 0 or more; at 0 the likeliest token is taken
	TopP        float64  // in (0,1]; 0 is 1
	Seed        uint64   // completion i of a seed is the same whatever else the engine does
	Stop        []string // a completion ends before the first of these in it

	Logprobs       bool // whether the tokens' log-probabilities are wanted
	TopLogprobs    int  // how many alternatives to each, at most MaxTopLogprobs
	PromptLogprobs bool // whether the prompt's are wanted, too; no cached prefix can then be used
}

// MaxTopLogprobs is how many alternatives to a token can be asked for.
const MaxTopLogprobs = 20

// What else of a request is bounded.
const (
	MaxN    = 1024 // completions
	MaxStop = 16   // stop sequences
)

// Result is what became of a request.
type Result struct {
	Choices []Choice // in the order of their index
	Prompt  []TokenLogprob
	Usage   Usage
}

// Usage counts tokens.
type Usage struct {
	Prompt     int // of the prompt, once
	Cached     int // of those, whose keys and values were still there
	Completion int // sampled, over all completions, <|end|> included
}

// Choice is one completion.
type Choice struct {
	Text   string
	Tokens []int          // without <|end|>; those that begin before a stop sequence
	Probs  []TokenLogprob // of Tokens, if Logprobs
	Finish string         // FinishStop or FinishLength
}

// Why a completion ended.
const (
	FinishStop   = "stop"   // <|end|>, or a sequence of Stop
	FinishLength = "length" // MaxTokens, or the end of the context
)

// Delta is a part of a completion while it is written.
type Delta struct {
	Index  int            // of the completion
	Text   string         // whole characters that no stop sequence can take back
	Probs  []TokenLogprob // of the tokens that have begun in the text up to here and are not yet told, if Logprobs
	Finish string         // with the last delta of a completion, why it ended
}

// Scores is what a model makes of a given text.
type Scores struct {
	Logits   []float32      // after the last token: Vocab numbers, or one for a value head
	Value    float64        // of a value head: its logit at the last token
	Logprobs []TokenLogprob // of the tokens; nil for a value head
	Usage    Usage
}

// ContextError is the error of a prompt that leaves no room in the context for
// what is asked.
type ContextError struct {
	Prompt, MaxTokens, Context int
}

func (e *ContextError) Error() string {
	all := uint64(e.Prompt) + uint64(e.MaxTokens) // as int it could overflow
	return fmt.Sprintf("lm: the context is %d tokens, but %d are asked for: %d in the prompt and %d for the completion", e.Context, all, e.Prompt, e.MaxTokens)
}

// Errors of an engine.
var (
	ErrClosed = errors.New("lm: the engine is closed")
	ErrFull   = errors.New("lm: too many requests are waiting")
	errValue  = errors.New("lm: the model has a value head and writes no text")
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
		return fmt.Errorf("lm: there are %d stop sequences: want %d at most", len(r.Stop), MaxStop)
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
		return errors.New("lm: the prompt has no token")
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
