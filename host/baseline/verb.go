package baseline

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/finece/finece/wasm/estimate"
)

// DefaultVerbPrompt is the question after a partial or whole answer.
const DefaultVerbPrompt = "How likely is it that this answer is right? Reply with a number between 0 and 1."

// DefaultQuestionPrompt is the text after a question that has no answer yet.
const DefaultQuestionPrompt = "How likely is it that you would answer this question right? Do not answer it. Reply with a number between 0 and 1."

// PublishedPrompt is the question of Tian et al. 2023 (arXiv 2305.14975, "Verb. 2S") after an
// answer. The built-in generator was trained on [DefaultVerbPrompt], but not on this one.
const PublishedPrompt = "Provide the probability that your answer is correct (0.0 to 1.0). Give ONLY the probability, no other words or explanation."

// VerbConfig says how a model is asked for its confidence. Start from
// [DefaultVerb].
type VerbConfig struct {
	// Prompt is the user's turn after the answer. Before it come the generator's messages
	// for the question, and the answer as the assistant's message.
	Prompt string
	// QuestionPrompt is asked at p(0), in the user's turn after the question and a blank
	// line. If it is "", nothing is asked and p(0) is unavailable.
	QuestionPrompt string
	// Expectation uses the mean of the number over the probabilities of its tokens instead
	// of the number that was written, if the server sends these probabilities.
	Expectation bool
	MaxTokens   int // of the reply, at least 1
}

// DefaultVerb returns DefaultVerbPrompt, DefaultQuestionPrompt, and replies of the length of
// estimate.DefaultModel.
func DefaultVerb() VerbConfig {
	return VerbConfig{DefaultVerbPrompt, DefaultQuestionPrompt, false, estimate.DefaultModel().MaxTokens}
}

// model returns the model with which package estimate reads the replies.
func (c *VerbConfig) model() estimate.Model {
	m := estimate.DefaultModel()
	m.MaxTokens = c.MaxTokens
	if !c.Expectation {
		m.TopLogprobs = 0
	}
	return m
}

// messages returns the messages that ask for the confidence in a text. asked has the
// generator's messages for the question.
func (c *VerbConfig) messages(asked []map[string]any, text string) []map[string]any {
	if text != "" {
		return append(asked, map[string]any{"role": "user", "content": c.Prompt})
	}
	last := asked[len(asked)-1]
	last["content"] = last["content"].(string) + "\n\n" + c.QuestionPrompt
	return asked
}

// readVerbal reads the body of a reply. The error is about a reply of another format. A reply
// that is not a number is not an error: its Reading has an Err.
func readVerbal(m *estimate.Model, body []byte) (Reading, Cost, error) {
	var r struct {
		Choices []struct {
			Message struct{ Content json.RawMessage }
		}
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return Reading{}, Cost{}, err
	}
	reading := Reading{}
	if len(r.Choices) > 0 {
		_ = json.Unmarshal(r.Choices[0].Message.Content, &reading.Said) // content that is not a string is handled below
	}
	got, err := m.ReadReply(body)
	var bad *estimate.ReplyError
	switch {
	case err == nil:
		reading.Confidence = got.Confidence
	case errors.As(err, &bad) && (bad.Failure == estimate.WrongShape || bad.Failure == estimate.ProviderError || bad.Failure == estimate.Malformed):
		return Reading{}, Cost{}, err
	default:
		reading.Err = &Unavailable{"the model did not give a number", errors.New(strings.TrimPrefix(err.Error(), "estimate: confidence model's reply: "))}
	}
	return reading, UsageOf(body), nil
}

// Verb is the confidence that the model states when it is asked, in a turn after the answer,
// how likely the answer is to be right: verbalized confidence in two stages (Tian et al.
// 2023, arXiv 2305.14975, "Verb. 2S"). At p(0) the model is asked before it answers.
type Verb struct{}

// Name is "verb".
func (Verb) Name() string { return "verb" }

// Needs is Verbal.
func (Verb) Needs() Needs { return Verbal }

// Confidence is unavailable unless the reply is one number in [0,1].
func (Verb) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Verbal); err != nil {
		return 0, err
	}
	return s.Verbal.value()
}
