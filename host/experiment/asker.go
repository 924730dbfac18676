package experiment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// Asker sends requests to one confidence model. A request whose reply is in the store is
// not sent again. An Asker is safe for concurrent use.
type Asker struct {
	client *model.Client
	model  estimate.Model
	where  string
	store  openai.Store
}

// NewAsker returns an Asker that keeps replies in store, which may be nil. If several
// servers have a model of the same name, where tells their replies apart in the store.
// It is "" for one server. It must not be an address that changes from run to run. An
// error is about the configuration.
func NewAsker(server model.Config, m estimate.Model, where string, store openai.Store) (*Asker, error) {
	client, err := model.NewFor(&m, server)
	if err != nil {
		return nil, fmt.Errorf("experiment: confidence model %s: %w", m.Name, err)
	}
	return &Asker{client, m, where, store}, nil
}

// savedReply is the reply of a confidence model, as the store keeps it.
type savedReply struct {
	openai.Saved
	Body json.RawMessage `json:"body"`
}

// Post returns the reply to the body of a request. The reply comes from the store or, if
// it is not there, from the server. The id is that of the question, under which the reply
// is stored.
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
		return nil, fmt.Errorf("experiment: %s: the reply is not JSON", a.client.URL())
	}
	return v.Body, openai.SaveTo(a.store, key, id, "confidence", &v)
}
