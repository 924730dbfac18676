package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadAnswers reads the answers to questions from a file of replies, as a [Store] keeps
// them: JSON Lines. It returns the completions of each question alone, by its id, in their
// order. Replies to partial answers are left out. A server's count of tokens that is lower
// than the number of log-probabilities is replaced by that number, because llama.cpp counts
// one choice of several.
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

// joined puts the replies to each question together.
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
