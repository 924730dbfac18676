package openai_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// llama.cpp's server counts one choice of several in "usage". With log-probabilities the
// tokens are there to be counted. A request without alternatives asks for one, which is left
// out: llama.cpp sends no log-probabilities if top_logprobs is 0, and llama-cpp-python none if
// it is left out.
func TestTokensOfSeveralChoices(t *testing.T) {
	var asked map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = nil
		_ = json.NewDecoder(r.Body).Decode(&asked)
		choice := func(i int) string {
			return `{"index":` + string(rune('0'+i)) + `,"message":{"content":"a b"},"logprobs":{"content":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":-1}]},{"token":" b","logprob":-1}]}}`
		}
		_, _ = w.Write([]byte(`{"choices":[` + choice(0) + `,` + choice(1) + `,` + choice(2) + `],"usage":{"prompt_tokens":7,"completion_tokens":2}}`))
	}))
	defer server.Close()
	for logprobs, want := range map[bool]int{true: 6, false: 2} {
		g, err := openai.NewGenerator(openai.GeneratorConfig{Server: model.DefaultConfig(server.URL), Logprobs: logprobs})
		if err != nil {
			t.Fatal(err)
		}
		got, err := openai.NewSampler(g, 1, nil, 1).Sample(t.Context(), openai.Stem{ID: "q", Question: "What?"}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if got.PromptTokens != 7 || got.CompletionTokens != want {
			t.Errorf("logprobs %v: %d and %d tokens, want 7 and %d", logprobs, got.PromptTokens, got.CompletionTokens, want)
		}
		for _, c := range got.Completions {
			for _, token := range c.Tokens {
				if token.Top != nil {
					t.Errorf("logprobs %v: the token %+v has alternatives", logprobs, token)
				}
			}
		}
		if top, ok := asked["top_logprobs"]; ok != logprobs || ok && top != 1.0 {
			t.Errorf("logprobs %v: top_logprobs is %v", logprobs, top)
		}
	}
	for top, want := range map[int]float64{0: 1, 1: 1, 3: 3} {
		g, err := openai.NewGenerator(openai.GeneratorConfig{Server: model.DefaultConfig(server.URL), API: openai.Completions, Logprobs: true, TopLogprobs: top})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openai.NewSampler(g, 1, nil, 1).Sample(t.Context(), openai.Stem{ID: "q", Question: "What?"}, 1); err != nil {
			t.Fatal(err)
		}
		if asked["logprobs"] != want {
			t.Errorf("completions with %d alternatives: logprobs is %v, want %v", top, asked["logprobs"], want)
		}
	}
}
