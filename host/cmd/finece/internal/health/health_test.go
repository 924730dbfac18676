package health

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

func TestAsk(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	if err := ask(t.Context(), s.URL+"/healthz"); err != nil {
		t.Error(err)
	}
	wants(t, exit.Unavailable, ask(t.Context(), s.URL+"/readyz"))
	wants(t, exit.Usage, ask(t.Context(), ":"))
	s.Close()
	wants(t, exit.IO, ask(t.Context(), s.URL+"/healthz"))
}

func wants(t *testing.T, code int, err error) {
	t.Helper()
	var coded *exit.Error
	if !errors.As(err, &coded) || coded.Code != code {
		t.Errorf("%v, want exit code %d", err, code)
	}
}
