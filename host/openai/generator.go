package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/contract"
)

// API is how the client asks a server to continue a partial answer.
type API uint8

const (
	// ContinueFinal is /chat/completions with the partial answer as the last
	// message, "continue_final_message": true and "add_generation_prompt":
	// false, as vLLM and SGLang read them.
	ContinueFinal API = iota
	// Prefix is /chat/completions with "prefix": true in the last message, as
	// DeepSeek and Mistral read it.
	Prefix
	// Trailing is /chat/completions that ends with an assistant message and sets no
	// other parameter. llama.cpp and others continue that message.
	Trailing
	// Completions is /completions with the prompt and the partial answer joined.
	Completions
)

var apiNames = [...]string{string(contract.ContinueFinal), string(contract.Prefix), string(contract.Trailing), "completions"}

// APIs returns the names of the APIs.
func APIs() []string { return apiNames[:] }

func (a API) String() string {
	if int(a) < len(apiNames) {
		return apiNames[a]
	}
	return fmt.Sprintf("api(%d)", a)
}

// ParseAPI reads the name of an API.
func ParseAPI(s string) (API, error) {
	for i, name := range apiNames {
		if s == name {
			return API(i), nil
		}
	}
	return 0, fmt.Errorf("openai: unknown API %q: want %s", s, strings.Join(apiNames[:], ", "))
}

// GeneratorConfig says which model is sampled and how.
type GeneratorConfig struct {
	Server model.Config // Concurrency is the number of requests in flight
	Model  string
	API    API

	System string // the system message; "" sends none
	Prompt string // the user message, with {question} in it; "" sends the question alone

	Temperature float64  // in [0,2]
	TopP        float64  // in (0,1]; 0 does not send it
	MaxTokens   int      // of a completion; 0 does not send it
	Stop        []string // sequences that end a completion
	NoSeed      bool     // for servers that reject seeds
	PerRequest  int      // completions per request ("n"); 0 asks for all completions of a stem at once
	Logprobs    bool     // ask for the tokens with their log-probabilities
	TopLogprobs int      // Logprobs: alternatives to each token; servers have limits, such as 20

	Extra map[string]json.RawMessage // further parameters of a request, such as "top_k"
}

// Completion is one sampled completion.
type Completion struct {
	Text   string `json:"text"`
	Finish string `json:"finish,omitempty"` // the server's word: "stop", "length", ...
	// Tokens are the tokens of Text, if GeneratorConfig.Logprobs is set; nil if the server sends
	// none. They may include the token that ends a completion.
	Tokens []Token `json:"tokens,omitempty"`
}

// Generator asks a model for completions. It is safe for concurrent use.
type Generator struct {
	c    GeneratorConfig
	to   *Endpoint
	most atomic.Int64 // the most completions that the server gives per request; 0 is not known
}

// NewGenerator makes a generator. It fails if the configuration is wrong.
func NewGenerator(c GeneratorConfig) (*Generator, error) {
	switch {
	case int(c.API) >= len(apiNames):
		return nil, fmt.Errorf("openai: unknown API %d", c.API)
	case !(c.Temperature >= 0 && c.Temperature <= 2):
		return nil, fmt.Errorf("openai: temperature %v: want 0 to 2", c.Temperature)
	case !(c.TopP >= 0 && c.TopP <= 1):
		return nil, fmt.Errorf("openai: top_p %v: want more than 0, at most 1", c.TopP)
	case c.MaxTokens < 0 || c.PerRequest < 0 || c.TopLogprobs < 0:
		return nil, errors.New("openai: MaxTokens, PerRequest and TopLogprobs must not be negative")
	case c.Prompt != "" && !strings.Contains(c.Prompt, placeholder):
		return nil, fmt.Errorf("openai: the prompt does not contain %s", placeholder)
	}
	path := "chat/completions"
	if c.API == Completions {
		path = "completions"
	}
	to, err := NewEndpoint("generator", c.Server, path)
	if err != nil {
		return nil, err
	}
	g := &Generator{c: c, to: to}
	if c.PerRequest > 0 {
		g.most.Store(int64(c.PerRequest))
	}
	return g, nil
}

// With returns a generator for the same server with a changed configuration. Changes of Server
// and API are ignored.
func (g *Generator) With(change func(*GeneratorConfig)) (*Generator, error) {
	c := g.c
	change(&c)
	c.Server, c.API = g.c.Server, g.c.API
	made, err := NewGenerator(c)
	if err != nil {
		return nil, err
	}
	made.to = g.to
	if c.PerRequest == g.c.PerRequest {
		made.most.Store(g.most.Load())
	}
	return made, nil
}

// Config returns the generator's configuration.
func (g *Generator) Config() GeneratorConfig { return g.c }

const placeholder = "{question}"

// Prompt returns the user message for a question.
func (g *Generator) Prompt(question string) string {
	if g.c.Prompt == "" {
		return question
	}
	return strings.ReplaceAll(g.c.Prompt, placeholder, question)
}

// request returns the body that asks for completions of question + partial, without
// n and seed, which differ between the requests for one stem.
func (g *Generator) request(question, partial string) map[string]any {
	r := map[string]any{"temperature": g.c.Temperature}
	if g.c.Logprobs {
		g.c.API.askLogprobs(r, g.c.TopLogprobs)
	}
	if g.c.Model != "" {
		r["model"] = g.c.Model
	}
	if g.c.TopP > 0 {
		r["top_p"] = g.c.TopP
	}
	if g.c.MaxTokens > 0 {
		r["max_tokens"] = g.c.MaxTokens
	}
	if len(g.c.Stop) > 0 {
		r["stop"] = g.c.Stop
	}
	if g.c.API == Completions {
		r["prompt"] = g.Prompt(question) + partial
		return With(r, g.c.Extra)
	}
	messages := g.Messages(question, partial)
	if partial != "" {
		last := messages[len(messages)-1]
		switch g.c.API {
		case ContinueFinal:
			r["continue_final_message"], r["add_generation_prompt"] = true, false
		case Prefix:
			last["prefix"] = true
		}
	}
	r["messages"] = messages
	return With(r, g.c.Extra)
}

// Messages returns the chat messages of a question and a partial answer: system,
// user, assistant, each with "role" and "content". An empty system message or
// partial answer is left out.
func (g *Generator) Messages(question, partial string) []map[string]any {
	var messages []map[string]any
	say := func(role, content string) {
		messages = append(messages, map[string]any{"role": role, "content": content})
	}
	if g.c.System != "" {
		say("system", g.c.System)
	}
	say("user", g.Prompt(question))
	if partial != "" {
		say("assistant", partial)
	}
	return messages
}

// askLogprobs makes a request ask for tokens with log-probabilities, and for top alternatives to
// each token.
func (a API) askLogprobs(request map[string]any, top int) {
	if a == Completions {
		request["logprobs"] = top
		return
	}
	request["logprobs"] = true
	if top > 0 {
		request["top_logprobs"] = top
	}
}

// askAlternative makes a request for log-probabilities without alternatives ask for one
// alternative. llama-cpp-python sends no log-probabilities if top_logprobs is left out, and
// llama.cpp's server sends none if it is 0. added is false if the request asks for some.
func (a API) askAlternative(request map[string]any) (added bool) {
	if a == Completions {
		added = request["logprobs"] == 0
	} else {
		_, has := request["top_logprobs"]
		added = !has
	}
	if added {
		a.askLogprobs(request, 1)
	}
	return added
}

// Reply holds the fields that replies of chat/completions and of completions share.
type Reply struct {
	Model   string   `json:"model"`
	Choices []Choice `json:"choices"`
	Usage   struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
}

// Choice is one completion in a reply. Text and Content are null or absent if the
// API does not use them.
type Choice struct {
	Index   int             `json:"index"`
	Text    json.RawMessage `json:"text"`
	Message struct {
		Content json.RawMessage `json:"content"`
	} `json:"message"`
	Finish   string    `json:"finish_reason"`
	Logprobs *Logprobs `json:"logprobs"`
}

// ask makes one request for up to n completions and returns at least one.
func (g *Generator) ask(ctx context.Context, request map[string]any, n int, seed int64) (*savedCompletions, error) {
	if n > 1 {
		request["n"] = n
	}
	if !g.c.NoSeed {
		request["seed"] = seed
	}
	added := g.c.Logprobs && g.c.API.askAlternative(request)
	var r Reply
	if err := g.to.Post(ctx, request, &r); err != nil {
		return nil, err
	}
	if len(r.Choices) == 0 {
		return nil, g.to.Failure(errors.New("the reply has no choices; is it an OpenAI-compatible server?"))
	}
	slices.SortStableFunc(r.Choices, func(a, b Choice) int { return cmp.Compare(a.Index, b.Index) })
	out := &savedCompletions{Served: r.Model, PromptTokens: r.Usage.Prompt, CompletionTokens: r.Usage.Completion}
	tokens := 0
	for _, c := range r.Choices[:min(n, len(r.Choices))] {
		raw := c.Message.Content
		if g.c.API == Completions {
			raw = c.Text
		}
		var text *string // null if there is only reasoning or a refusal
		if err := json.Unmarshal(raw, &text); err != nil && raw != nil {
			return nil, g.to.Failure(errors.New("a choice's text is not a string"))
		}
		if text == nil {
			text = new(string)
		}
		done := Completion{Text: *text, Finish: c.Finish}
		if g.c.Logprobs {
			var err error
			if done.Tokens, err = c.Logprobs.List(); err != nil {
				return nil, g.to.Failure(err)
			}
			if added {
				for i := range done.Tokens {
					done.Tokens[i].Top = nil
				}
			}
		}
		out.Completions = append(out.Completions, done)
		tokens += len(done.Tokens)
	}
	// llama.cpp's server counts the tokens of only one of several choices.
	out.CompletionTokens = max(out.CompletionTokens, tokens)
	return out, nil
}

// perRequest returns how many completions to ask for in one request if n are wanted.
func (g *Generator) perRequest(n int) int {
	if most := int(g.most.Load()); most > 0 {
		return min(n, most)
	}
	return n
}

// gave remembers that a request for asked completions returned only got completions.
func (g *Generator) gave(asked, got int) {
	for got < asked {
		most := g.most.Load()
		if most > 0 && most <= int64(got) || g.most.CompareAndSwap(most, int64(got)) {
			return
		}
	}
}
