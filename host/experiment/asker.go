package experiment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// Asker asks a confidence model, each question once. It is safe for concurrent
// use.
type Asker struct {
	client *model.Client
	model  estimate.Model
	where  string
	store  openai.Store
}

// NewAsker makes an asker that keeps the replies in store, which may be nil. In the
// store, where tells them from those of other servers with a model of the same name:
// "" for one server, and for none an address that changes from run to run. An error
// is about the configuration.
func NewAsker(server model.Config, m estimate.Model, where string, store openai.Store) (*Asker, error) {
	client, err := model.NewFor(&m, server)
	if err != nil {
		return nil, fmt.Errorf("experiment: confidence model %s: %w", m.Name, err)
	}
	return &Asker{client, m, where, store}, nil
}

// savedReply is what a confidence model said.
type savedReply struct {
	openai.Saved
	Body json.RawMessage `json:"body"`
}

// Post sends the body of a request about the question with this id, or takes the
// reply that the store has of it.
func (a *Asker) Post(ctx context.Context, id string, body []byte) ([]byte, error) {
	key, err := openai.KeyOf("confidence", a.where, a.model.Adapter.String(), string(body))
	if err != nil {
		return nil, err
	}
	var v savedReply
	have, err := openai.LoadFrom(a.store, key, &v)
	if err != nil || have {
		return v.Body, err
	}
	if v.Body, err = a.client.Post(ctx, body); err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	if !json.Valid(v.Body) {
		return nil, fmt.Errorf("experiment: %s: the reply is no JSON", a.client.URL())
	}
	return v.Body, openai.SaveTo(a.store, key, id, "confidence", &v)
}
