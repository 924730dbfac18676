package baseline

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/estimate"
)

// Config configures how statistics are collected. Start from [DefaultConfig] and set
// Generator.
type Config struct {
	// Generator samples the answers, at its temperature. Its server is also asked for the
	// other statistics, except Known. Config says whether log-probabilities are requested;
	// the generator's own settings for that are not used.
	Generator *openai.Generator
	Seed      uint64
	Samples   int // n: number of completions of a state
	// TopLogprobs is the number of alternatives requested for a First or Next token.
	// Servers have limits.
	TopLogprobs int
	// NoLogprobs requests no log-probabilities, for servers that reject such requests.
	// Estimators that need them are then unavailable.
	NoLogprobs bool

	// Equivalence says which answers mean the same. If it is nil, Classes and Agreement are
	// unavailable.
	Equivalence grade.Equivalence
	Vectorizer  construct.Vectorizer // makes Similarity

	Steps     position.Kind // what a step is: Paragraph or Line
	MinLength int           // code points that a step needs; a shorter one is joined to the next

	Scoring Scoring // how the log-probabilities of a text's tokens are obtained
	// Solver is a second model on the generator's server that scores texts, such as the
	// model that a confidence model was trained from; "" for none.
	Solver string
	Verb   VerbConfig
	Head   *Head // of P(IK); nil makes P(IK) unavailable

	// Store keeps the replies. If it is nil, the collector keeps them in memory.
	Store    openai.Store
	Requests int // samples requested at once; the generator's server has a limit of its own
}

// DefaultConfig returns ten samples, five alternatives (as in the authors' code of
// First-Prob), paragraphs as steps, TF-IDF, and no scoring.
func DefaultConfig() Config {
	return Config{
		Samples: defaults.ExperimentSamples, TopLogprobs: 5, Vectorizer: construct.TFIDF{},
		Steps: position.Paragraph, MinLength: position.DefaultOptions().MinLength, Verb: DefaultVerb(), Requests: defaults.ModelRequests,
	}
}

// Validate returns what is wrong with c, or nil.
func (c *Config) Validate() error {
	switch {
	case c.Generator == nil || c.Vectorizer == nil:
		return errors.New("baseline: Generator and Vectorizer have to be set")
	case c.Samples < 1 || c.Samples > 10_000:
		return fmt.Errorf("baseline: Samples is %d: want 1 to 10000", c.Samples)
	case c.TopLogprobs < 0 || c.TopLogprobs > 100:
		return fmt.Errorf("baseline: TopLogprobs is %d: want 0 to 100", c.TopLogprobs)
	case c.Requests < 1:
		return errors.New("baseline: Requests has to be at least 1")
	case c.Verb.MaxTokens < 1 || c.Verb.Prompt == "":
		return errors.New("baseline: Verb needs a Prompt and at least 1 for MaxTokens; start from DefaultVerb")
	}
	if err := c.Scoring.validate(); err != nil {
		return err
	}
	_, err := construct.Steps("", c.Steps, c.MinLength)
	return err
}

// usage is the count of tokens in a server's reply.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
}

func (u usage) cost(completions int) Cost { return Cost{1, completions, u.Prompt, u.Completion} }

// Head is the trained head of P(IK). It is asked over HTTP.
type Head struct {
	client *model.Client
	model  estimate.Model
}

// NewHead returns a head: a value head (estimate.Pooling, estimate.Classify) or a fine-tuned
// model (estimate.Chat, estimate.Completions). It is asked about the question alone. An
// error is about the configuration.
func NewHead(server model.Config, m estimate.Model) (*Head, error) {
	client, err := model.NewFor(&m, server)
	if err != nil {
		return nil, fmt.Errorf("baseline: the head of P(IK): %w", err)
	}
	return &Head{client, m}, nil
}

// body returns the request about a question.
func (h *Head) body(q *grade.Question) json.RawMessage {
	return h.model.AppendRequest(nil, estimate.QuestionOnly, []byte(q.Text), nil)
}
