package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadAnswers reads the answers to questions from a file of replies in JSON Lines, as a [Store]
// keeps them. It returns the completions of whole answers in order, by the question's id, and
// leaves out continuations of partial answers. If a server's token count is lower than the
// number of tokens with log-probabilities, that number is used: llama.cpp counts only one of
// several choices.
func ReadAnswers(r io.Reader) (map[string]*Sampled, error) {
	pieces := map[string]map[int]*savedCompletions{}
	d := json.NewDecoder(r)
	for n := 1; ; n++ {
		var v savedCompletions
		switch err := d.Decode(&v); {
		case errors.Is(err, io.EOF):
			return joined(pieces)
		case err != nil:
			return nil, fmt.Errorf("openai: reply %d: %w", n, err)
		}
		if v.Kind != "completions" || v.At != "" || v.Partial != "" {
			continue
		}
		if pieces[v.ID] == nil {
			pieces[v.ID] = map[int]*savedCompletions{}
		}
		pieces[v.ID][v.Start] = &v
	}
}

// joined joins the replies to each question.
func joined(pieces map[string]map[int]*savedCompletions) (map[string]*Sampled, error) {
	out := map[string]*Sampled{}
	for id, of := range pieces {
		s := &Sampled{}
		for range of {
			v := of[len(s.Completions)]
			if v == nil {
				return nil, fmt.Errorf("openai: question %s: completion %d is missing", id, len(s.Completions))
			}
			if s.Served == "" {
				s.Served = v.Served
			}
			listed := 0
			for i := range v.Completions {
				listed += len(v.Completions[i].Tokens)
			}
			s.Completions = append(s.Completions, v.Completions...)
			s.Replies++
			s.PromptTokens += v.PromptTokens
			s.CompletionTokens += max(v.CompletionTokens, listed)
		}
		out[id] = s
	}
	return out, nil
}
