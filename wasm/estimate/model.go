package estimate

import (
	"errors"
	"strconv"
)

// Adapter is a way to ask a confidence model over HTTP: the shape of a request
// and of its reply.
type Adapter uint8

const (
	// Chat is the chat completions API of OpenAI, as vLLM, SGLang, llama.cpp,
	// Ollama and most providers serve it. The instruction is the system
	// message, the input the user message.
	//
	//	{"model","messages":[{"role","content"}],"max_tokens","temperature":0,"logprobs":true,"top_logprobs"}
	//	{"choices":[{"message":{"content"},"finish_reason","logprobs":{"content":[{"token","logprob","top_logprobs":[{"token","logprob"}]}]}}]}
	Chat Adapter = iota
	// Completions is the older completions API of OpenAI, for a base model
	// that was fine-tuned on the alpaca layout. Of the two shapes of logprobs
	// in use, it reads the one below and Chat's (llama.cpp's server).
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
	// Reward is /predict of Hugging Face's text-embeddings-inference, and its
	// like: one score for each label.
	//
	//	{"inputs"}
	//	[{"label","score"}] or [[{"label","score"}]]
	Reward
	adapters = iota
)

var adapterNames = [adapters]string{"chat", "completions", "classify", "pooling", "reward"}

// String returns the adapter's name, as [ParseAdapter] reads it.
func (a Adapter) String() string { return nameOf(adapterNames[:], int(a)) }

// Adapters returns every adapter, in the order of their numbers.
func Adapters() []Adapter { return all[Adapter](adapters) }

// ParseAdapter reads a name that String returns.
func ParseAdapter(name string) (Adapter, error) {
	i, err := parse("adapter", adapterNames[:], name)
	return Adapter(i), err
}

var adapterPaths = [adapters]string{"chat/completions", "completions", "classify", "pooling", "predict"}

// Path is where servers take the adapter's requests, below the root of their
// API: for Chat and Completions that usually ends in /v1; for the others it is
// the server itself.
func (a Adapter) Path() string {
	if a >= adapters {
		return ""
	}
	return adapterPaths[a]
}

// Activation is what makes a probability of a head's output.
type Activation uint8

const (
	NoActivation Activation = iota // the server has done it: anything outside [0,1] is an error
	Sigmoid                        // the head's output is a logit
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
	Name    string // the model's name for the server; "" leaves it out

	Instructions [stages]string // by Stage; "" is the default
	OneMessage   bool           // Chat: instruction and input in one user message, for chat templates without a system role and models fine-tuned on the alpaca layout
	MaxTokens    int            // Chat, Completions: the reply's length at most, reasoning included
	TopLogprobs  int            // Chat, Completions: alternatives to each token; 0 asks for no log-probabilities. Servers have limits: 20 for OpenAI's chat and vLLM, 5 for OpenAI's completions

	Class      int        // Classify, Pooling: which of several outputs is that of a correct answer
	Label      string     // Reward: which of several labels is that of a correct answer
	Activation Activation // Classify, Pooling, Reward
}

// DefaultModel is Chat without a name, 16 tokens, 20 alternatives, and for a
// head with several classes the second.
func DefaultModel() Model { return Model{MaxTokens: 16, TopLogprobs: 20, Class: 1} }

// The greatest values of Model.MaxTokens and Model.TopLogprobs.
const (
	MaxMaxTokens   = 1 << 20
	MaxTopLogprobs = 100
)

// Validate says what in m cannot be served, or nil.
func (m *Model) Validate() error {
	generates := m.Adapter == Chat || m.Adapter == Completions
	switch {
	case m.Adapter >= adapters:
		return errors.New("estimate: Adapter is none of those known")
	case m.Activation >= activations:
		return errors.New("estimate: Activation is none of those known")
	case generates && (m.MaxTokens < 1 || m.MaxTokens > MaxMaxTokens):
		return outside("MaxTokens", m.MaxTokens, 1, MaxMaxTokens)
	case generates && (m.TopLogprobs < 0 || m.TopLogprobs > MaxTopLogprobs):
		return outside("TopLogprobs", m.TopLogprobs, 0, MaxTopLogprobs)
	case m.Class < 0:
		return errors.New("estimate: Class is negative: want the place of an output, from 0")
	}
	return nil
}

func outside(field string, v, lo, hi int) error {
	return errors.New("estimate: " + field + " is " + strconv.Itoa(v) + ": want " + strconv.Itoa(lo) + " to " + strconv.Itoa(hi))
}
