package construct

import (
	"context"
	"encoding/json"
	"errors"
)

// Judged is what judgements by a model took. A judgement that was saved counts
// like one that was asked for.
type Judged struct {
	Judgements       int
	Unclear          int // judgements whose reply could not be read, twice
	Requests         int
	PromptTokens     int // by the server's count, where it gives one
	CompletionTokens int
}

// Add adds o to j.
func (j *Judged) Add(o Judged) {
	j.Judgements += o.Judgements
	j.Unclear += o.Unclear
	j.Requests += o.Requests
	j.PromptTokens += o.PromptTokens
	j.CompletionTokens += o.CompletionTokens
}

// oracle asks a model for judgements of one word.
type oracle struct {
	to    *Endpoint
	model string
	store Store
	extra map[string]json.RawMessage
}

// savedWord is a judgement.
type savedWord struct {
	Saved
	Verdict          string `json:"verdict"`
	Reply            string `json:"reply"`
	Requests         int    `json:"requests,omitempty"`
	PromptTokens     int    `json:"prompt_tokens,omitempty"`
	CompletionTokens int    `json:"completion_tokens,omitempty"`
}

func (w *savedWord) judged(unclear string) Judged {
	j := Judged{Judgements: 1, Requests: max(w.Requests, 1), PromptTokens: w.PromptTokens, CompletionTokens: w.CompletionTokens}
	if w.Verdict == unclear {
		j.Unclear = 1
	}
	return j
}

// word asks for a judgement, or takes the one that was saved. read makes one of a
// whole reply; what comes out as unclear is asked for once more.
func (o *oracle) word(ctx context.Context, kind, id string, messages []map[string]string, unclear string, read func(reply string) string) (*savedWord, error) {
	key, err := KeyOf(kind, id, o.model, messages, o.extra)
	if err != nil {
		return nil, err
	}
	w := &savedWord{}
	if ok, err := LoadFrom(o.store, key, w); err != nil || ok {
		return w, err
	}
	for try := range 2 {
		request := map[string]any{"model": o.model, "messages": messages, "temperature": 0, "seed": try}
		var r reply
		if err := o.to.Post(ctx, with(request, o.extra), &r); err != nil {
			return nil, err
		}
		if len(r.Choices) == 0 || r.Choices[0].Message.Content == nil {
			return nil, o.to.Failure(errors.New("the reply has no message"))
		}
		w.Requests++
		w.PromptTokens += r.Usage.Prompt
		w.CompletionTokens += r.Usage.Completion
		w.Reply = ""
		_ = json.Unmarshal(r.Choices[0].Message.Content, &w.Reply) // what is no string says nothing
		if w.Verdict = read(w.Reply); w.Verdict != unclear {
			break
		}
	}
	return w, SaveTo(o.store, key, id, kind, w)
}
