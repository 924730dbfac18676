package feedback

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func nan() float64 { return math.NaN() }

// asked sends a request to a handler and returns its answer.
func asked(t *testing.T, s *Store, method, path, accept, body string) *httptest.ResponseRecorder {
	t.Helper()
	h := &Handler{Store: s, Scope: func(*http.Request) Scope { return everyone }}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	s := opened(t, Config{})
	s.Keep(t.Context(), exchange("", "OWN1", "chatcmpl-1", 0.3, 0.6, 0.9))
	long := strings.Repeat("x", maxNote+1)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", PathFeedback, `{"id":"chatcmpl-1","correct":true}`, 200, `{"id":"chatcmpl-1","choice":0,"correct":true}`},
		{"POST", PathFeedback, `{"id":"OWN1","correct":false,"choice":0,"note":"wrong city","further":1}`, 200, `"correct":false`},
		{"POST", PathFeedback, `{"id":"OWN1","correct":false,"choice":1}`, 404, "finece-not-found"},
		{"POST", PathFeedback, `{"id":"other","correct":true}`, 404, "finece-not-found"},
		{"POST", PathFeedback, `{"correct":true}`, 400, `\"id\" is missing`},
		{"POST", PathFeedback, `{"id":"OWN1"}`, 400, `\"correct\" is missing`},
		{"POST", PathFeedback, `{"id":"OWN1","correct":null}`, 400, `\"correct\" is missing`},
		{"POST", PathFeedback, `{"id":"OWN1","correct":1}`, 400, "finece-request-not-json"},
		{"POST", PathFeedback, `{"id":"OWN1","correct":true,"choice":-1}`, 400, "choice"},
		{"POST", PathFeedback, `{"id":"OWN1","correct":true,"note":"` + long + `"}`, 400, "note"},
		{"POST", PathFeedback, strings.Repeat(" ", maxBody+1), 413, "finece-request"},
		{"POST", PathFeedback, `correct`, 400, "finece-request-not-json"},
		{"GET", PathFeedback, "", 405, "finece-method"},
		{"GET", PathFeedback + "/OWN1", "", 405, "finece-method"},
		{"POST", PathCalibration, "", 405, "finece-method"},
		{"DELETE", PathFeedback + "/other", "", 404, "finece-not-found"},
		{"DELETE", PathFeedback + "/", "", 404, "finece-not-found"},
		{"DELETE", PathFeedback + "/OWN1", "", 204, ""},
		{"DELETE", PathFeedback + "/OWN1", "", 404, "finece-not-found"},
	} {
		w := asked(t, s, c.method, c.path, "", c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s %.80s: %d %s", c.method, c.path, c.body, w.Code, w.Body)
		}
		if c.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
	if Handles("/finece/usage") || !Handles(PathFeedback) || !Handles(PathFeedback+"/x") || !Handles(PathCalibration) || Handles(PathFeedback+"s") {
		t.Error("the paths of the handler")
	}
}

// TestThePage: a client that asks for HTML gets a page, with everything that the JSON has.
func TestThePage(t *testing.T) {
	s := opened(t, Config{DriftRate: 0.01, Report: func(string, error) {}})
	if w := asked(t, s, "GET", PathCalibration, "text/html,*/*;q=0.8", ""); !strings.Contains(w.Body.String(), "No answer has a label yet") {
		t.Errorf("without labels: %s", w.Body)
	}
	for i := range 80 {
		own := fmt.Sprint("own", i)
		x := exchange("<b>client</b>", own, "id", 0.2, 0.6, 0.9)
		for j := range x.Answers[0].Places {
			x.Answers[0].Places[j].Source.Model = `<script>alert("x")</script>`
		}
		s.Keep(t.Context(), x)
		put(t, s, "<b>client</b>", own, i%2 == 0)
	}
	for _, accept := range []string{"", "*/*", "application/json", "application/json, text/html"} {
		w := asked(t, s, "GET", PathCalibration, accept, "")
		if w.Header().Get("Content-Type") != "application/json" || !json.Valid(w.Body.Bytes()) {
			t.Errorf("Accept %q: %s", accept, w.Header().Get("Content-Type"))
		}
	}
	w := asked(t, s, "GET", PathCalibration, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "")
	text := w.Body.String()
	for _, want := range []string{"80 labels on 80 stored answers", "Whole answers", "Questions, before the answer", "Positions within answers: paragraph", "The calibration has drifted", "answers are less often correct", "50.0%", "0.900", `viewBox="`, "var(--ink)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plots, other := 0, map[string]int{}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.ElementNode && n.Data == "svg":
			plots++
		case n.Type == html.ElementNode && (n.Data == "script" || n.Data == "img" || n.Data == "link" || n.Data == "b"):
			other[n.Data]++
		}
	}
	if plots != 3 || len(other) > 0 {
		t.Errorf("%d plots, want 3; it also has %v", plots, other)
	}
}
