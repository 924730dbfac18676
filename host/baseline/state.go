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
	// Tokens are those of Text as they were sampled, with their log-probabilities. No
	// server is then asked to score Text. Nil if they are not known.
	Tokens   []openai.Token
	Complete bool // Text is the whole answer: p(z)
	// Samples are completions of the state, or at p(z) answers to the question. No server is
	// then asked for any. Nil has them sampled.
	Samples *openai.Sampled
}

// StateOf is the state of a line of training data. The options of a multiple
// choice are in the question's text there, and are not told apart.
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

// prefix is the beginning that samples of the state continue.
func (s *State) prefix() string {
	if s.Complete {
		return ""
	}
	return s.Text
}

// place names a prefix, for the seeds of what is sampled from it. None is
// construct's name of one: samples with the seeds of the answer that is judged, or
// of those that its label counts, would be that answer, and agree with it.
func place(prefix string) string {
	sum := sha256.Sum256([]byte(prefix))
	return "at " + hex.EncodeToString(sum[:8])
}
