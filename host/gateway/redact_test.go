package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
)

// TestAnErrorComesWhole, without the key, however long it is.
func TestAnErrorComesWhole(t *testing.T) {
	const key = "sk-upstream-0123456789"
	part := strings.Repeat("e", 4<<10-7)
	sent := strings.Repeat(part+key, 300)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, sent)
	})
	s := newGateway(t, u, func(c *gateway.Config) { c.Key, c.Access = key, anyone })
	resp, err := s.Client().Get(s.URL + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := read(t, resp); got != strings.Repeat(part+"(hidden)", 300) {
		t.Errorf("%d bytes of %d, %d keys", len(got), len(sent), strings.Count(got, key))
	}
}

// TestErrorsCanBeRead: the upstream is asked for no compression that hides the
// key from the gateway.
func TestErrorsCanBeRead(t *testing.T) {
	for _, c := range []struct {
		key           model.Secret
		accepts, want string
	}{
		{"", "gzip, deflate, br", "gzip, deflate, br"},
		{"sk-up", "gzip, deflate, br", "gzip"},
		{"sk-up", "br, GZIP;q=0.5", "gzip"},
		{"sk-up", "br, gzip;q=0.0", "identity"},
		{"sk-up", "br", "identity"},
	} {
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.Header.Get("Accept-Encoding"))
		})
		s := newGateway(t, u, func(g *gateway.Config) { g.Key, g.Access = c.key, anyone })
		r, err := http.NewRequest(http.MethodGet, s.URL+"/v1/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", c.accepts)
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != c.want {
			t.Errorf("key %v, accepts %q: asked for %q, want %q", c.key, c.accepts, got, c.want)
		}
		resp.Body.Close()
	}
}
