package contract

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

func TestEveryHostIsAProviders(t *testing.T) {
	for _, h := range Hosts {
		if !slices.ContainsFunc(Providers, func(p Provider) bool { return p.Name == h.Name }) {
			t.Errorf("%s: no provider is called %q", h.Suffix, h.Name)
		}
	}
}

func TestProviderAt(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.openai.com/v1/chat/completions":                                                                 "OpenAI, chat completions",
		"https://api.openai.com/v1/responses":                                                                        "OpenAI, Responses",
		"https://eu.api.openai.com/v1/completions":                                                                   "OpenAI, completions",
		"https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1":                            "Azure OpenAI",
		"https://europe-west1-aiplatform.googleapis.com/v1/projects/p/models/gemini-2.5-flash:streamGenerateContent": "Gemini, Vertex AI",
		"https://api.groq.com/openai/v1/chat/completions":                                                            "Groq",
		"https://api.openai.com.example.org/v1/chat/completions":                                                     "",
		"https://my-openrouter.ai/api/v1/chat/completions":                                                           "",
		"https://notapi.groq.com.evil/v1/chat/completions":                                                           "",
		"https://api.openai.com/v1/files":                                                                            "",
		"http://127.0.0.1:8000/v1/chat/completions":                                                                  "",
		"::": "",
	} {
		got := ""
		if p := ProviderAt(address); p != nil {
			got = p.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestLacks(t *testing.T) {
	for name, want := range map[string]string{
		"Groq":                     "Groq sends no log-probabilities",
		"OpenAI, chat completions": "OpenAI, chat completions does not always send log-probabilities (reasoning models send none)",
		"vLLM":                     "",
	} {
		i := slices.IndexFunc(Providers, func(p Provider) bool { return p.Name == name })
		if got := Providers[i].Lacks(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAsking(t *testing.T) {
	const chat = "https://api.openai.com/v1/chat/completions"
	const gemini = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent"
	for _, c := range []struct{ address, body, want string }{
		{chat, `{"model":"m"}`, `{"logprobs":true,"model":"m","top_logprobs":5}`},
		{chat, `{"logprobs":false,"top_logprobs":2}`, `{"logprobs":false,"top_logprobs":2}`},
		{chat, `{"logprobs":true}`, `{"logprobs":true,"top_logprobs":5}`},
		{"http://127.0.0.1:8000/v1/chat/completions", `{}`, `{"logprobs":true,"top_logprobs":5}`},
		{"http://127.0.0.1:8000/v1/completions", `{}`, `{"logprobs":5}`},
		{"http://127.0.0.1:8000/api/chat", `{}`, `{}`},
		{"https://api.groq.com/openai/v1/chat/completions", `{}`, `{}`},
		{gemini, `{"generationConfig":{"temperature":1,"logprobs":1}}`, `{"generationConfig":{"logprobs":1,"responseLogprobs":true,"temperature":1}}`},
		{gemini, `{"generationConfig":{"logprobs":1,"responseLogprobs":true}}`, `{"generationConfig":{"logprobs":1,"responseLogprobs":true}}`},
		{gemini, `{}`, `{"generationConfig":{"responseLogprobs": true, "logprobs": 5}}`},
	} {
		got, added, err := Asking(c.address, []byte(c.body))
		if err != nil || compact(t, string(got)) != compact(t, c.want) || added != (c.body != c.want) {
			t.Errorf("%s %s: %s, %v, %v, want %s", c.address, c.body, got, added, err, c.want)
		}
	}
	if _, _, err := Asking(chat, []byte(`[]`)); err == nil {
		t.Error("an array was taken")
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
