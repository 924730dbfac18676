package gateway_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestHeadersAreThoseOfEveryVersion: a client of the first version reads these names and
// values. Add to them; never change one. An upstream may be a gateway itself, of any
// version: its headers say nothing about this one.
func TestHeadersAreThoseOfEveryVersion(t *testing.T) {
	stream := replay(demo(t), burst)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-FineCE-Status", "checked")
		w.Header().Set("X-FineCE-Confidence", "0.99")
		if strings.Contains(r.URL.Path, "embeddings") {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte("{}"))
			return
		}
		stream(w, r)
	})
	for _, c := range []struct {
		policy gateway.Policy
		path   string
		want   map[string]string
	}{
		{gateway.Annotate, "/v1/chat/completions", map[string]string{
			"Status": "checking", "Policy": "annotate", "Failure": "open", "Carrier": "field", "Estimator": "perplexity",
		}},
		{gateway.Withhold, "/v1/chat/completions", map[string]string{
			"Status": "checking", "Policy": "withhold", "Failure": "open", "Carrier": "field", "Estimator": "perplexity", "Threshold": "0.8",
		}},
		{gateway.Annotate, "/v1/embeddings", map[string]string{"Status": "unchecked", "Reason": "surface"}},
	} {
		s := newGateway(t, u, func(g *gateway.Config) { g.Policy, g.Failure = c.policy, gateway.Open })
		resp, err := http.Post(s.URL+c.path, "application/json", strings.NewReader(`{"model":"m","stream":true,"logprobs":true,"messages":[{"role":"user","content":"x"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		got := map[string]string{}
		for name, values := range resp.Header {
			if of, ours := strings.CutPrefix(name, "X-Finece-"); ours {
				got[of] = strings.Join(values, " and ")
			}
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s %s: %v in %v, want %v", c.policy, c.path, got, slices.Sorted(maps.Keys(got)), c.want)
		}
	}
}
