package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

func TestModels(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/v1/models" || r.Header.Get("Authorization") != "Bearer k" || r.Header.Get("Content-Type") != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"a","max_model_len":512},{"id":"b","context_length":4096,"adapters":["chat"]},{"id":"c","context_window":8}]}`)
	}))
	defer server.Close()
	models, err := openai.Models(context.Background(), config(server.URL+"/v1", func(c *model.Config) { c.Key = "k" }))
	if err != nil {
		t.Fatal(err)
	}
	if len(models) != 3 || models[0].ID != "a" || models[0].Context != 512 ||
		models[1].Context != 4096 || len(models[1].Adapters) != 1 || models[0].Adapters != nil || models[2].Context != 8 {
		t.Errorf("%+v", models)
	}
}

func TestNoListOfModels(t *testing.T) {
	for name, status := range map[string]int{"text": 200, "none": 404} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "hello")
		}))
		_, err := openai.Models(context.Background(), config(server.URL, func(c *model.Config) { c.Retries = 0 }))
		var failed *openai.ServerError
		if !errors.As(err, &failed) || failed.Role != "list of models" {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}
