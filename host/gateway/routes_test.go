package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestOtherRoutesPassUntouchedAndUnchecked.
func TestOtherRoutesPassUntouchedAndUnchecked(t *testing.T) {
	const answer = "event: response.created\ndata: {}\n\n"
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-FineCE-Status", "checked") // a lie
		w.Header().Set("Etag", `"1"`)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, r.Method, " ", r.URL.RequestURI(), " ", r.Header.Get("Authorization"), "\n", answer)
	})
	s := newGateway(t, u, withhold(0.9, gateway.Open))
	for _, c := range []struct{ method, path, reason string }{
		{"POST", "/v1/audio/speech", "surface"}, {"GET", "/v1/models?limit=2&x=%2F", "surface"}, {"DELETE", "/v1/files/a%2Fb", "surface"},
		{"GET", "/v1/chat/completions", "stored"}, {"GET", "/v1/responses/resp_7?stream=true", "stored"}, {"GET", "/v1//Conversations/c/items", "stored"},
		{"POST", "/v1/responses/resp_7/cancel", "surface"}, {"GET", "/v1/responsesx", "surface"}, {"POST", "/v1/embeddings", "surface"},
	} {
		req, _ := http.NewRequest(c.method, s.URL+c.path, nil)
		req.Header.Set("Authorization", "Bearer client")
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		status(t, resp, "unchecked")
		if got, want := read(t, resp), c.method+" "+c.path+" Bearer client\n"+answer; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if resp.StatusCode != 202 || resp.Header.Get("Etag") == "" || resp.Header.Get("X-FineCE-Reason") != c.reason {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		resp.Body.Close()
	}
}

// TestStoredAnswersAreRefusedByFailurePolicyClosed, since they may be ones that were withheld.
func TestStoredAnswersAreRefusedByFailurePolicyClosed(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("the upstream got %s", r.URL) })
	for name, set := range map[string]func(*gateway.Config){
		"closed": withhold(0.9, gateway.Closed), "a key": both(withhold(0.9, gateway.Open), func(c *gateway.Config) { c.Key, c.Access = "k", anyone }),
	} {
		s := newGateway(t, u, set)
		for _, path := range []string{"/v1/responses/resp_7", "/v1//Responses/resp_7/", "/v1/chat/completions/chatcmpl-7", "/v1/conversations/c/items"} {
			resp, err := s.Client().Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			status(t, resp, "unchecked")
			if got := read(t, resp); resp.StatusCode != 403 || !strings.Contains(got, "finece-stored") || resp.Header.Get("X-FineCE-Reason") != "stored" {
				t.Errorf("%s, %s: %d %s", name, path, resp.StatusCode, got)
			}
		}
	}
}

// TestRoutesThatAreNotCheckedAreRefusedIfAskedTo, but for the list of models.
func TestRoutesThatAreNotCheckedAreRefusedIfAskedTo(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		if r.URL.Path == "/v1/chat/completions" {
			w.Write(demo(t))
		}
	})
	s := newGateway(t, u, func(c *gateway.Config) { c.Failure, c.RefuseUnchecked = gateway.Closed, true })
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/v1/models", 200}, {"HEAD", "/v1/models/gpt%2F4", 200}, {"GET", "/healthz", 200}, {"POST", "/v1/chat/completions", 200},
		{"DELETE", "/v1/models/x", 403}, {"GET", "/v1/modelsx", 403}, {"POST", "/v1/embeddings", 403}, {"GET", "/v1/responses/r", 403},
		{"POST", "/v1/messages/batches", 403}, {"GET", "/v1/chat/completions", 403}, {"POST", "/v1/chat/completions/", 200}, {"POST", "/v1//chat/completions", 200},
	} {
		before := len(u.requests)
		req, _ := http.NewRequest(c.method, s.URL+c.path, strings.NewReader(ask))
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp)
		if resp.StatusCode != c.status || c.status == 403 && (!strings.Contains(got, "finece-s") || len(u.requests) != before) {
			t.Errorf("%s %s: HTTP %d %.200s, the upstream got %d", c.method, c.path, resp.StatusCode, got, len(u.requests)-before)
		}
		resp.Body.Close()
	}
	open := config(u.URL, core(t))
	open.RefuseUnchecked = true
	if _, err := gateway.New(open); err == nil {
		t.Error("no error for the failure policy open")
	}
}

func TestRoutesOfItsOwn(t *testing.T) {
	s := newGateway(t, newUpstream(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("the upstream got %s", r.URL) }), nil)
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/healthz", 200, `{"status":"ok"}`},
		{"POST", "/healthz", 405, "finece-method"},
		{"GET", "/", 404, "finece-not-found"},
		{"GET", "/v2/models", 404, "finece-not-found"},
		{"GET", "/v1/%2e%2e/admin", 400, "finece-path"},
	} {
		req, _ := http.NewRequest(c.method, s.URL+c.path, nil)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); resp.StatusCode != c.status || !strings.Contains(got, c.says) || !json.Valid([]byte(got)) {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, got)
		}
		resp.Body.Close()
	}
}

// TestTheKeyIsTheUpstreamsAlone: it replaces the client's, and does not come
// back in an error that quotes it.
func TestTheKeyIsTheUpstreamsAlone(t *testing.T) {
	const key = "sk-upstream-0123456789"
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Debug", r.Header.Get("Authorization"))
		w.WriteHeader(401)
		fmt.Fprintf(w, `{"error":{"message":"wrong key: %s"}}`, r.Header.Get("Authorization"))
	})
	s := newGateway(t, u, func(c *gateway.Config) { c.Key, c.Access = key, anyone })
	for path, method := range map[string]string{"/v1/chat/completions": "POST", "/v1/models": "GET"} {
		req, _ := http.NewRequest(method, s.URL+path, strings.NewReader(ask))
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp) + fmt.Sprint(resp.Header)
		if strings.Contains(got, key) || !strings.Contains(got, "wrong key: Bearer (hidden)") || resp.StatusCode != 401 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, got)
		}
		resp.Body.Close()
	}
	if got := u.requests[0].Header.Get("Authorization"); got != "Bearer "+key {
		t.Errorf("the upstream got %q", got)
	}
}
