package openai

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/finece/finece/host/model"
)

// Embeddings computes vectors with the /embeddings of an OpenAI-compatible server.
// It is safe for concurrent use.
type Embeddings struct {
	to    *Endpoint
	model string
	extra map[string]json.RawMessage
}

// NewEmbeddings makes a client for the model called name. extra is further parameters for each
// request, such as "dimensions".
func NewEmbeddings(server model.Config, name string, extra map[string]json.RawMessage) (*Embeddings, error) {
	to, err := NewEndpoint("embeddings", server, "embeddings")
	if err != nil {
		return nil, err
	}
	return &Embeddings{to, name, extra}, nil
}

// Name returns the model's name.
func (e *Embeddings) Name() string { return e.model }

// maxInputs is the most texts in one request. Some servers allow no more.
const maxInputs = 256

// Vectors returns a vector for each text. Equal texts are asked for once.
func (e *Embeddings) Vectors(ctx context.Context, texts []string) ([][]float64, error) {
	found := map[string][]float64{}
	var distinct []string
	for _, t := range texts {
		if _, ok := found[t]; !ok {
			found[t] = nil
			distinct = append(distinct, t)
		}
	}
	for len(distinct) > 0 {
		batch := distinct[:min(len(distinct), maxInputs)]
		distinct = distinct[len(batch):]
		var reply struct {
			Data []struct {
				Index     int       `json:"index"`
				Embedding []float64 `json:"embedding"`
			} `json:"data"`
		}
		request := map[string]any{"model": e.model, "input": batch, "encoding_format": "float"}
		if err := e.to.Post(ctx, With(request, e.extra), &reply); err != nil {
			return nil, err
		}
		for _, d := range reply.Data {
			if d.Index < 0 || d.Index >= len(batch) || len(d.Embedding) == 0 {
				return nil, e.to.Failure(fmt.Errorf("embedding %d of %d is empty or was not asked for", d.Index, len(batch)))
			}
			found[batch[d.Index]] = d.Embedding
		}
	}
	vectors := make([][]float64, len(texts))
	for i, t := range texts {
		if vectors[i] = found[t]; vectors[i] == nil {
			return nil, e.to.Failure(fmt.Errorf("the reply has no embedding for %.40q", t))
		}
	}
	return vectors, nil
}
