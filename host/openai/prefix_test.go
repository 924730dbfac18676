package openai_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// A plain reply of llama.cpp's server (package xllamacpp 2026.10.11549) repeats the
// last assistant message before its continuation. The reply in testdata was recorded
// from it.
func TestRepeatedPrefixIsRemoved(t *testing.T) {
	reply, err := os.ReadFile("testdata/llamacpp-trailing.json")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(reply) }))
	defer server.Close()
	const repeated = "The city of Nantes lies in"
	for partial, want := range map[string][]string{
		repeated: {" the western part of the French", " France, specifically in the French"},
		// A reply that does not begin with the partial answer stays as it is.
		"It is said that": {repeated + " the western part of the French", repeated + " France, specifically in the French"},
		"":                {repeated + " the western part of the French", repeated + " France, specifically in the French"},
	} {
		for _, api := range []openai.API{openai.ContinueFinal, openai.Prefix, openai.Trailing} {
			g, err := openai.NewGenerator(openai.GeneratorConfig{Server: model.DefaultConfig(server.URL), API: api})
			if err != nil {
				t.Fatal(err)
			}
			got, err := openai.NewSampler(g, 1, nil, 1).Sample(t.Context(), openai.Stem{ID: "q", Question: "In which country lies Nantes?", At: "1.1", Partial: partial}, 2)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, c := range got.Completions {
				texts = append(texts, c.Text)
			}
			if !slices.Equal(texts, want) {
				t.Errorf("%v after %q: %q, want %q", api, partial, texts, want)
			}
		}
	}
}
