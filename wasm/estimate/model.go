package estimate

import (
	"errors"
	"strconv"
)

// Adapter is an HTTP API of confidence models: the shape of a request and of its reply.
type Adapter uint8

const (
	// Chat is the chat completions API of OpenAI. vLLM, SGLang, llama.cpp, Ollama and most
	// providers have it. The instruction is the system message, the input is the user message.
	//
	//	{"model","messages":[{"role","content"}],"max_tokens","temperature":0,"logprobs":true,"top_logprobs"}
	//	{"choices":[{"message":{"content"},"finish_reason","logprobs":{"content":[{"token","logprob","top_logprobs":[{"token","logprob"}]}]}}]}
	Chat Adapter = iota
	// Completions is the older completions API of OpenAI, for a base model that was
	// fine-tuned on the alpaca layout. It reads log-probabilities in the shape below, and in
	// that of Chat, which llama.cpp's server uses.
	//
	//	{"model","prompt","max_tokens","temperature":0,"logprobs"}
	//	{"choices":[{"text","finish_reason","logprobs":{"tokens":[],"token_logprobs":[],"top_logprobs":[{token:logprob}]}}]}
	Completions
	// Classify is vLLM's /classify: a model with a classification head.
	//
	//	{"model","input"}
	//	{"data":[{"label","probs":[],"num_classes"}]}
	Classify
	// Pooling is vLLM's /pooling: a value head or a reward model. A reply with
	// a row for each token counts by its last row.
	//
	//	{"model","input"}
	//	{"data":[{"data":[]}]} or {"data":[{"data":[[]]}]}
	Pooling
	// Reward is /predict of Hugging Face's text-embeddings-inference and similar servers: one
	// score for each label.
	//
	//	{"inputs"}
	//	[{"label","score"}] or [[{"label","score"}]]
	Reward
	adapters = iota
)

var adapterNames = [adapters]string{"chat", "completions", "classify", "pooling", "reward"}

// String returns the adapter's name, which [ParseAdapter] reads.
func (a Adapter) String() string { return nameOf(adapterNames[:], int(a)) }

// Adapters returns every adapter, in the order of their numbers.
func Adapters() []Adapter { return all[Adapter](adapters) }

// ParseAdapter reads a name that String returns.
func ParseAdapter(name string) (Adapter, error) {
	i, err := parse("adapter", adapterNames[:], name)
	return Adapter(i), err
}

var adapterPaths = [adapters]string{"chat/completions", "completions", "classify", "pooling", "predict"}

// Path returns the path of the adapter's requests, relative to the root of the API. For Chat and
// Completions, the root usually ends in /v1. For the others, it is the root of the server.
func (a Adapter) Path() string {
	if a >= adapters {
		return ""
	}
	return adapterPaths[a]
}

// Activation is the function that turns a head's output into a probability.
type Activation uint8

const (
	NoActivation Activation = iota // the output is a probability already; a value outside [0,1] is an error
	Sigmoid                        // the output is a logit
	activations  = iota
)

var activationNames = [activations]string{"none", "sigmoid"}

// String returns "none" or "sigmoid".
func (a Activation) String() string { return nameOf(activationNames[:], int(a)) }

// Activations returns every activation, in the order of their numbers.
func Activations() []Activation { return all[Activation](activations) }

// ParseActivation reads a name that String returns.
func ParseActivation(name string) (Activation, error) {
	i, err := parse("activation", activationNames[:], name)
	return Activation(i), err
}

// Model says how to ask a confidence model and how to read its reply. Start
// from [DefaultModel].
type Model struct {
	Adapter Adapter
	Name    string // the model's name in requests; "" leaves it out

	Instructions [stages]string // by Stage; "" is the default
	OneMessage   bool           // Chat: instruction and input in one user message, for chat templates without a system role and models fine-tuned on the alpaca layout
	MaxTokens    int            // Chat, Completions: maximum length of the reply, reasoning included
	TopLogprobs  int            // Chat, Completions: alternatives to each token; 0 asks for no log-probabilities. Servers have limits: 20 for OpenAI's chat and vLLM, 5 for OpenAI's completions

	Class      int        // Classify, Pooling: the number of the output for a correct answer, from 0; a head with one output has only that
	Label      string     // Reward: the label of a correct answer; "" if the model has only one label
	Activation Activation // Classify, Pooling, Reward
}

// DefaultModel returns Chat without a name, 16 tokens, 20 alternatives, and Class 1, the second
// output.
func DefaultModel() Model { return Model{MaxTokens: 16, TopLogprobs: 20, Class: 1} }

// The largest values of Model.MaxTokens and Model.TopLogprobs.
const (
	MaxMaxTokens   = 1 << 20
	MaxTopLogprobs = 100
)

// Validate returns an error about the first field that is out of range, or nil.
func (m *Model) Validate() error {
	generates := m.Adapter == Chat || m.Adapter == Completions
	switch {
	case m.Adapter >= adapters:
		return errors.New("estimate: unknown Adapter")
	case m.Activation >= activations:
		return errors.New("estimate: unknown Activation")
	case generates && (m.MaxTokens < 1 || m.MaxTokens > MaxMaxTokens):
		return outside("MaxTokens", m.MaxTokens, 1, MaxMaxTokens)
	case generates && (m.TopLogprobs < 0 || m.TopLogprobs > MaxTopLogprobs):
		return outside("TopLogprobs", m.TopLogprobs, 0, MaxTopLogprobs)
	case m.Class < 0:
		return errors.New("estimate: Class is negative: want the number of an output, from 0")
	}
	return nil
}

func outside(field string, v, lo, hi int) error {
	return errors.New("estimate: " + field + " is " + strconv.Itoa(v) + ": want " + strconv.Itoa(lo) + " to " + strconv.Itoa(hi))
}
