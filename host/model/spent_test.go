package model_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/estimate"
)

// TestTheTokensOfRepliesAreTold checks that the tokens are reported once for each reply of the
// server.
func TestTheTokensOfRepliesAreTold(t *testing.T) {
	const says = `{"choices":[{"message":{"content":"0.5"}}]`
	for _, c := range []struct {
		reply string
		want  int64
	}{
		{says + `,"usage":{"prompt_tokens":40,"completion_tokens":3,"total_tokens":43}}`, 43},
		{`{"usage":{"completion_tokens":3,"prompt_tokens":40},` + says[1:] + `}`, 43},
		{says + `,"usage":{"total_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}}`, 7},
		{says + `,"usage":null}`, 0},
		{says + `,"usage":{"total_tokens":-7}}`, 0},
		{says + `}`, 0},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, c.reply) }))
		defer s.Close()
		config := model.DefaultConfig(s.URL)
		config.Cache = 4
		client, err := model.NewFor(&estimate.Model{Name: "m", MaxTokens: 8}, config)
		if err != nil {
			t.Fatal(err)
		}
		told := int64(0)
		ctx := model.WithSpent(t.Context(), func(n int64) { told += n })
		for range 2 { // the second reply is the cache's
			if _, err := client.Post(ctx, []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}
		if told != c.want {
			t.Errorf("%s: %d tokens, want %d", c.reply, told, c.want)
		}
	}
}
