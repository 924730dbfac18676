package baseline

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// State is a question with a partial answer.
type State struct {
	Question *grade.Question
	Text     string // the answer so far; "" at p(0)
	// Tokens are the sampled tokens of Text, with their log-probabilities. If they are set,
	// no server is asked to score Text. Nil if they are unknown.
	Tokens   []openai.Token
	Complete bool // Text is the whole answer: p(z)
	// Samples are completions of the state, or at p(z) answers to the question. If they are
	// set, no server is asked for samples. If they are nil, samples are requested.
	Samples *openai.Sampled
}

// StateOf returns the state of a line of training data. The options of a multiple-choice
// question are part of the question's text there, so Question.Choices is nil.
func StateOf(s *construct.State) State {
	return State{
		Question: &grade.Question{ID: s.ID, Text: s.Question, Gold: s.Gold},
		Text:     s.Text,
		Complete: s.Position == "p(z)",
	}
}

func (s *State) validate() error {
	if s.Question == nil || s.Question.Text == "" {
		return errors.New("baseline: a state has no question")
	}
	return nil
}

// prefix returns the text that samples of the state continue.
func (s *State) prefix() string {
	if s.Complete {
		return ""
	}
	return s.Text
}

// place returns a name for a prefix. The seeds of samples depend on it. It differs from the
// names of package construct: with the same seeds, samples would repeat the answer that is
// judged or the answers that its label counts, and would always agree with them.
func place(prefix string) string {
	sum := sha256.Sum256([]byte(prefix))
	return "at " + hex.EncodeToString(sum[:8])
}
