package baseline

import (
	"context"
	"encoding/json"
	"math"
	"strings"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics/portable"
)

// TruePrompt is the question of [PTrue], asked after an answer.
const TruePrompt = "Now rate your confidence in the proposed answer as either 0 or 1. Reply with 0 or 1 alone."

// trueAlternatives is the number of alternatives requested for the reply's token.
const trueAlternatives = 20

// PTrue is P(True) in the form of CISC (Taubenfeld et al. 2025, arXiv 2502.06233; after
// Kadavath et al. 2022). The model is asked to rate its answer as 0 or 1. With the
// probabilities p of the reply's first token, the confidence is
//
//	p("1") / (p("0") + p("1"))
//
// Other tokens are left out.
type PTrue struct{}

// Name is "p(true)".
func (PTrue) Name() string { return "p(true)" }

// Needs is True.
func (PTrue) Needs() Needs { return True }

// Confidence is unavailable if the most probable token is neither 0 nor 1, or if there is no
// answer yet.
func (PTrue) Confidence(s *Statistics) (float64, error) {
	if err := s.need(True); err != nil {
		return 0, err
	}
	return s.True.value()
}

// isTrue asks the model for 0 or 1.
func (w *work) isTrue(ctx context.Context) error {
	s := w.s
	switch {
	case s.State.Text == "":
		s.True.Err = unavailable("there is no answer yet")
		return nil
	case w.config.NoLogprobs:
		s.True.Err = unavailable(noLogprobs)
		return nil
	}
	request := w.request()
	request["messages"] = append(w.messages(s.State.Text), map[string]any{"role": "user", "content": TruePrompt})
	request["max_tokens"], request["logprobs"], request["top_logprobs"] = 1, true, trueAlternatives
	body, err := w.ask(ctx, s.State.Question.ID, "true", request, func() ([]byte, error) {
		return w.chat.PostRaw(ctx, request)
	})
	if err != nil {
		return err
	}
	w.spent(True, UsageOf(body))
	s.True.Confidence, s.True.Err = readTrue(body)
	return nil
}

// readTrue returns the confidence from a reply of one token with alternatives.
func readTrue(body []byte) (float64, error) {
	var r struct {
		Choices []struct {
			Logprobs *openai.Logprobs `json:"logprobs"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(body, &r); err != nil || len(r.Choices) == 0 || r.Choices[0].Logprobs == nil {
		return 0, unavailable(noLogprobs)
	}
	tokens, err := r.Choices[0].Logprobs.List()
	if err != nil || len(tokens) == 0 {
		return 0, unavailable(noLogprobs)
	}
	most, said := math.Inf(-1), ""
	var mass [2]float64
	for _, a := range append([]openai.Alternative{{Text: tokens[0].Text, Logprob: tokens[0].Logprob}}, others(&tokens[0])...) {
		if !known(a.Logprob) {
			continue
		}
		text := strings.TrimSpace(a.Text)
		if a.Logprob > most {
			most, said = a.Logprob, text
		}
		if text == "0" || text == "1" {
			mass[text[0]-'0'] += portable.Exp(min(a.Logprob, 0))
		}
	}
	if said != "0" && said != "1" {
		return 0, &Unavailable{Reason: "the model said neither 0 nor 1"}
	}
	return mass[1] / (mass[0] + mass[1]), nil
}

// others returns the alternatives to a token, without the token itself.
func others(t *openai.Token) []openai.Alternative {
	var out []openai.Alternative
	for _, a := range t.Top {
		if a.Text != t.Text {
			out = append(out, a)
		}
	}
	return out
}
