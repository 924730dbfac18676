package lm

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"time"
)

// poolingRequest is the body of /classify and /pooling, as with vLLM.
type poolingRequest struct {
	Model     string          `json:"model"`
	Input     json.RawMessage `json:"input"`
	Messages  []chatMessage   `json:"messages"`
	AddPrompt *bool           `json:"add_generation_prompt"`
}

// poolingResponse is the reply.
type poolingResponse struct {
	ID      string     `json:"id"`
	Object  string     `json:"object"`
	Created int64      `json:"created"`
	Model   string     `json:"model"`
	Data    []any      `json:"data"`
	Usage   *usageBody `json:"usage"`
}

// classified is an entry of /classify's reply.
type classified struct {
	Index   int       `json:"index"`
	Label   string    `json:"label"`
	Probs   []float64 `json:"probs"`
	Classes int       `json:"num_classes"`
}

// pooled is an entry of /pooling's reply.
type pooled struct {
	Index  int       `json:"index"`
	Object string    `json:"object"`
	Data   []float64 `json:"data"`
}

// classify replies with two classes. The second class is "correct". Its probability is the
// logistic function of the value head's logit.
func (s *Server) classify(w http.ResponseWriter, r *http.Request) error {
	return s.values(w, r, "classify-", func(i int, logit float64) any {
		p := 1 / (1 + math.Exp(-logit))
		label := "LABEL_0"
		if p > 0.5 {
			label = "LABEL_1"
		}
		return classified{i, label, []float64{1 - p, p}, 2}
	})
}

// pooling replies with the value head's logit.
func (s *Server) pooling(w http.ResponseWriter, r *http.Request) error {
	return s.values(w, r, "pool-", func(i int, logit float64) any { return pooled{i, "pooling", []float64{logit}} })
}

func (s *Server) values(w http.ResponseWriter, r *http.Request, prefix string, entry func(i int, logit float64) any) error {
	var q poolingRequest
	if err := receive(w, r, &q); err != nil {
		return err
	}
	m, err := s.valueModel(q.Model)
	if err != nil {
		return err
	}
	t := m.Engine.m.tokenizer
	var all [][]int
	if len(q.Messages) > 0 {
		no := false
		if q.AddPrompt == nil {
			q.AddPrompt = &no
		}
		ids, err := prompt(t, q.Messages, false, q.AddPrompt)
		if err != nil {
			return err
		}
		all = [][]int{ids}
	} else if all, err = prompts("input", q.Input, t); err != nil {
		return err
	}
	out := poolingResponse{ID: newID(prefix), Object: "list", Created: time.Now().Unix(), Model: m.Name, Data: make([]any, len(all))}
	usages := make([]Usage, len(all))
	if err := each(r.Context(), all, func(ctx context.Context, i int) error {
		scores, err := m.Engine.Score(ctx, all[i], 0)
		if err != nil {
			return err
		}
		out.Data[i], usages[i] = entry(i, scores.Value), scores.Usage
		return nil
	}); err != nil {
		return err
	}
	var usage Usage
	for _, u := range usages {
		usage.add(u)
	}
	out.Usage = usage.body()
	return send(w, http.StatusOK, out)
}

// valueModel returns the model of that name, which must have a value head. Without a name it returns
// the first model that has one.
func (s *Server) valueModel(name string) (*Served, error) {
	if name == "" {
		for i := range s.models {
			if s.models[i].Engine.m.config.ValueHead {
				return &s.models[i], nil
			}
		}
	}
	m, err := s.model(name)
	if err == nil && !m.Engine.m.config.ValueHead {
		err = badRequest("model", "model %q has no value head: it answers /v1/chat/completions and /v1/completions", m.Name)
	}
	return m, err
}
