package grade

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/finece/finece/host/openai"
)

// Judged counts the judgements of a model and their cost. A judgement from the store
// counts like one that was asked for.
type Judged struct {
	Judgements       int
	Unclear          int // judgements whose reply could not be read in either attempt
	Requests         int // requests, without those that a server refused because of a parameter
	PromptTokens     int // by the server's count, if it sends one
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
	to      *openai.Endpoint
	model   string
	store   openai.Store
	extra   map[string]json.RawMessage
	refuses *sync.Map // the parameters that the server has refused
}

func newOracle(to *openai.Endpoint, model string, store openai.Store, extra map[string]json.RawMessage) oracle {
	return oracle{to, model, store, extra, &sync.Map{}}
}

// savedWord is a judgement.
type savedWord struct {
	openai.Saved
	Verdict          string `json:"verdict"`
	Reply            string `json:"reply"`
	Requests         int    `json:"requests,omitempty"`
	PromptTokens     int    `json:"prompt_tokens,omitempty"`
	CompletionTokens int    `json:"completion_tokens,omitempty"`
	// Refused are the parameters among "temperature" and "seed" that the server does
	// not accept. It judged without them.
	Refused []string `json:"refused,omitempty"`
}

func (w *savedWord) judged(unclear string) Judged {
	j := Judged{Judgements: 1, Requests: max(w.Requests, 1), PromptTokens: w.PromptTokens, CompletionTokens: w.CompletionTokens}
	if w.Verdict == unclear {
		j.Unclear = 1
	}
	return j
}

// word asks for a judgement or takes it from the store. read turns a whole reply into
// a judgement. If it is unclear, the model is asked once more.
func (o *oracle) word(ctx context.Context, kind, id string, messages []map[string]string, unclear string, read func(reply string) string) (*savedWord, error) {
	key, err := openai.KeyOf(kind, id, o.model, messages, o.extra)
	if err != nil {
		return nil, err
	}
	w := &savedWord{}
	if ok, err := openai.LoadFrom(o.store, key, w); err != nil || ok {
		return w, err
	}
	for try := range 2 {
		r, refused, err := o.ask(ctx, messages, try)
		if err != nil {
			return nil, err
		}
		if len(r.Choices) == 0 || r.Choices[0].Message.Content == nil {
			return nil, o.to.Failure(errors.New("the reply has no message"))
		}
		w.Requests++
		w.PromptTokens += r.Usage.Prompt
		w.CompletionTokens += r.Usage.Completion
		w.Reply, w.Refused = "", refused
		_ = json.Unmarshal(r.Choices[0].Message.Content, &w.Reply) // content that is not a string stays ""
		if w.Verdict = read(w.Reply); w.Verdict != unclear {
			break
		}
	}
	return w, openai.SaveTo(o.store, key, id, kind, w)
}

// judging lists the parameters that a server may refuse.
var judging = [...]string{"temperature", "seed"}

// ask asks at temperature 0 and with a seed. A parameter that the server refuses is
// not sent again.
func (o *oracle) ask(ctx context.Context, messages []map[string]string, seed int) (r *openai.Reply, refused []string, err error) {
	for _, name := range judging {
		if _, known := o.refuses.Load(name); known {
			refused = append(refused, name)
		}
	}
	for {
		request := map[string]any{"model": o.model, "messages": messages, "temperature": 0, "seed": seed}
		for _, name := range refused {
			delete(request, name)
		}
		r = &openai.Reply{}
		if err = o.to.Post(ctx, openai.With(request, o.extra), r); err == nil {
			for _, name := range refused { // the reply shows that these were the cause
				o.refuses.Store(name, true)
			}
			return r, refused, nil
		}
		before := len(refused)
		for _, name := range judging {
			if !slices.Contains(refused, name) && refuses(err, name) {
				refused = append(refused, name)
			}
		}
		if len(refused) == before {
			return nil, nil, err
		}
	}
}

// refuses reports whether a server refused a request and named a parameter of it.
func refuses(err error, name string) bool {
	var e *openai.ServerError
	return openai.Refused(err) && errors.As(err, &e) && strings.Contains(e.Err.Error(), name)
}
