package openai

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/finece/finece/host/model"
)

// Model describes a model that a server lists at /models.
type Model struct {
	ID string
	// Context is the number of tokens of a prompt and its completion together; 0 if the
	// server does not say.
	Context int
	// Adapters are the ways in which a confidence model can be asked, by the names of package
	// estimate. It is nil if the server does not list them; "finece lm" does.
	Adapters []string
}

// Models asks a server which models it serves. It uses BaseURL, Key, Timeout, Retries and HTTP
// of c. Not every server has such a list. The error is ctx's or a [*ServerError].
func Models(ctx context.Context, c model.Config) ([]Model, error) {
	e, err := NewEndpoint("list of models", c, "models")
	if err != nil {
		return nil, err
	}
	raw, err := e.client.Get(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, e.Failure(err)
	}
	var list struct {
		Data []struct {
			ID     string   `json:"id"`
			Max    int      `json:"max_model_len"`  // vLLM, SGLang, finece lm
			Length int      `json:"context_length"` // OpenRouter, Together
			Window int      `json:"context_window"` // Groq
			Ways   []string `json:"adapters"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, e.Failure(fmt.Errorf("the reply: %w", err))
	}
	models := make([]Model, len(list.Data))
	for i, m := range list.Data {
		models[i] = Model{m.ID, max(m.Max, m.Length, m.Window), m.Ways}
	}
	return models, nil
}
