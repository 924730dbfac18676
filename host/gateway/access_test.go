package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
)

const (
	operatorsKey = "sk-operator-0123456789"
	clientsKey   = "finece-client-0123456789"
)

// echo is an upstream that answers with what it was sent.
func echo(t testing.TB) *upstream {
	return newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"42"},"finish_reason":"stop"}],"path":%q,"headers":%q}`, r.Method+" "+r.RequestURI, headers(r.Header))
	})
}

func keys(t testing.TB) *gateway.Keys {
	t.Helper()
	k, err := gateway.ParseKeys([]byte("# clients\n\n" + gateway.KeyLine("laptop", clientsKey) + "\n" + gateway.KeyLine("ci", "finece-other") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// send sends a request with headers in pairs.
func send(t testing.TB, s *httptest.Server, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL, strings.NewReader(`{"model":"m"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = path // as it is, whatever its spelling
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// TestAClientNeedsAKey where there are client keys; the upstream never sees it.
func TestAClientNeedsAKey(t *testing.T) {
	for _, operator := range []bool{true, false} {
		u := echo(t)
		s := newGateway(t, u, func(c *gateway.Config) {
			c.Access.Clients = keys(t)
			if operator {
				c.Key = operatorsKey
			}
		})
		for _, c := range []struct {
			header []string
			status int
		}{
			{nil, 401},
			{[]string{"Authorization", "Bearer wrong"}, 401},
			{[]string{"Authorization", "Bearer " + clientsKey + "x"}, 401},
			{[]string{"Authorization", "Bearer"}, 401},
			{[]string{"Cookie", "finece=" + clientsKey}, 401},
			{[]string{"Authorization", "Bearer " + clientsKey}, 200},
			{[]string{"Authorization", "bearer  finece-other"}, 200},
			{[]string{"X-Api-Key", clientsKey, "Cookie", "a=b"}, 200},
			{[]string{"X-FineCE-Key", clientsKey, "Authorization", "Bearer sk-clients-own"}, 200},
		} {
			before := len(u.requests)
			resp, body := send(t, s, "POST", "/v1/chat/completions", c.header...)
			if resp.StatusCode != c.status {
				t.Errorf("%q: HTTP %d %s", c.header, resp.StatusCode, body)
			}
			if c.status == 401 {
				if len(u.requests) != before || !strings.Contains(body, "finece-key") || resp.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%q: the upstream got %d requests; %s", c.header, len(u.requests)-before, body)
				}
				continue
			}
			sent := u.requests[before].Header
			if text := headers(sent); strings.Contains(text, "finece-") || sent.Get("Cookie") != "" || sent.Get("X-FineCE-Key") != "" {
				t.Errorf("%q: the upstream got %s", c.header, text)
			}
			want := ""
			switch {
			case operator:
				want = "Bearer " + operatorsKey
			case strings.Contains(fmt.Sprint(c.header), "sk-clients-own"):
				want = "Bearer sk-clients-own"
			}
			if got := sent.Get("Authorization"); got != want {
				t.Errorf("%q: the upstream got Authorization %q, want %q", c.header, got, want)
			}
		}
		if resp, _ := send(t, s, "GET", "/healthz"); resp.StatusCode != 200 {
			t.Errorf("/healthz: HTTP %d", resp.StatusCode)
		}
	}
}

// TestTheUpstreamIsToldNothingOfThePage: finece lm would refuse a page of another server.
func TestTheUpstreamIsToldNothingOfThePage(t *testing.T) {
	u := echo(t)
	s := newGateway(t, u, func(c *gateway.Config) { c.Access.Origins = []string{"https://chat.example.com"} })
	for _, c := range []struct{ path, origin, site string }{
		{"/v1/chat/completions", "https://chat.example.com", "cross-site"},
		{"/v1/chat/completions", s.URL, "same-origin"},
		{"/v1/embeddings", s.URL, "same-origin"},
	} {
		before := len(u.requests)
		resp, body := send(t, s, "POST", c.path, "Origin", c.origin, "Sec-Fetch-Site", c.site, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Referer", c.origin+"/")
		if resp.StatusCode != 200 || len(u.requests) != before+1 {
			t.Fatalf("%s of %s: HTTP %d %s", c.path, c.origin, resp.StatusCode, body)
		}
		for _, name := range []string{"Origin", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site"} {
			if got := u.requests[before].Header.Get(name); got != "" {
				t.Errorf("%s: the upstream got %s: %s", c.path, name, got)
			}
		}
	}
}

// TestTheOperatorsKeyGoesWithScoredRoutesAlone, and with questions about models.
func TestTheOperatorsKeyGoesWithScoredRoutesAlone(t *testing.T) {
	u := echo(t)
	s := newGateway(t, u, func(c *gateway.Config) { c.Key, c.Access = operatorsKey, anyone })
	own := []string{"Authorization", "Bearer sk-clients-own", "OpenAI-Organization", "org-1", "X-Api-Key", "a", "X-HTTP-Method-Override", "DELETE"}
	for _, c := range []struct{ method, path, sent string }{
		{"POST", "/v1/chat/completions", "POST /v1/chat/completions"},
		{"POST", "/v1//chat/completions", "POST /v1/chat/completions"},
		{"POST", "/v1/chat/completions/", "POST /v1/chat/completions"},
		{"POST", "/V1/Chat/Completions", "POST /v1/chat/completions"},
		{"POST", "/v1/chat%2Fcompletions?a=b", "POST /v1/chat/completions?a=b"},
		{"POST", `/v1\chat/completions`, "POST /v1/chat/completions"},
		{"GET", "/v1/models", "GET /v1/models"},
		{"GET", "/v1/models/a%2Fb", "GET /v1/models/a%2Fb"},
		{"DELETE", "/v1/models/a", ""},
		{"GET", "/V1/models", ""},
		{"GET", "/v1/chat/completions", ""},
		{"GET", "/v1/organization/admin_api_keys", ""},
		{"POST", "/v1/organization/admin_api_keys", ""},
		{"POST", "/v1/files", ""},
		{"POST", "/v1/fine_tuning/jobs", ""},
		{"POST", "/v1/embeddings", ""},
		{"POST", "/v1/models/../files", ""},
		{"GET", "/v1/models/%2e%2e/files", ""},
		{"GET", "/v1/models/%252e%252e%252ffiles", ""},
		{"GET", "/v1/models/a%5C..%5C..%5Cfiles", ""},
		{"GET", "/v1/models/%0d%0aX", ""},
		{"OPTIONS", "/v1/files", ""},
	} {
		before := len(u.requests)
		resp, body := send(t, s, c.method, c.path, own...)
		if c.sent == "" {
			if len(u.requests) != before || resp.StatusCode < 400 || !strings.Contains(body, `"error"`) {
				t.Errorf("%s %s: HTTP %d, %d requests to the upstream; %s", c.method, c.path, resp.StatusCode, len(u.requests)-before, body)
			}
			continue
		}
		if len(u.requests) != before+1 {
			t.Errorf("%s %s: HTTP %d %s", c.method, c.path, resp.StatusCode, body)
			continue
		}
		got := u.requests[before]
		if at := got.Method + " " + got.RequestURI; at != c.sent {
			t.Errorf("%s %s reached the upstream as %s, want %s", c.method, c.path, at, c.sent)
		}
		if text := headers(got.Header); got.Header.Get("Authorization") != "Bearer "+operatorsKey || strings.Contains(text, "org-1") || strings.Contains(text, "X-Api-Key") || strings.Contains(text, "Override") {
			t.Errorf("%s %s: the upstream got %s", c.method, c.path, text)
		}
		if c.method == "POST" && resp.Header.Get("X-FineCE-Status") == "unchecked" {
			t.Errorf("%s was not scored: %v", c.path, resp.Header)
		}
	}
}

// TestModelsAreAskedForAsTheClientAsks: a client of Anthropic's is in front of its API.
func TestModelsAreAskedForAsTheClientAsks(t *testing.T) {
	u := echo(t)
	s := newGateway(t, u, func(c *gateway.Config) { c.Key, c.Access = operatorsKey, anyone })
	send(t, s, "GET", "/v1/models", "Anthropic-Version", "2023-06-01", "X-Api-Key", "sk-clients-own")
	got := u.requests[0].Header
	if got.Get("X-Api-Key") != operatorsKey || got.Get("Authorization") != "" {
		t.Errorf("the upstream got %s", headers(got))
	}
	if resp, body := send(t, s, "GET", "/v1/files", "Anthropic-Version", "2023-06-01"); resp.StatusCode != 403 || !strings.Contains(body, `"type":"error"`) {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
}

// TestAnotherSpellingIsWithheld on each surface, although other routes pass unscored.
func TestAnotherSpellingIsWithheld(t *testing.T) {
	answers := map[string]string{
		gateway.PathChat:        `{"choices":[{"index":0,"message":{"role":"assistant","content":"A secret."},"finish_reason":"stop"}]}`,
		gateway.PathCompletions: `{"choices":[{"index":0,"text":"A secret.","finish_reason":"stop"}]}`,
		gateway.PathMessages:    `{"type":"message","role":"assistant","content":[{"type":"text","text":"A secret."}],"stop_reason":"end_turn"}`,
		gateway.PathResponses:   `{"object":"response","status":"completed","output":[{"id":"m","type":"message","content":[{"type":"output_text","text":"A secret."}]}]}`,
	}
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if answers[r.URL.Path] == "" { // the upstream gets the API's own spelling
			t.Errorf("the upstream got %s", r.URL)
		}
		io.WriteString(w, answers[r.URL.Path])
	})
	s := newGateway(t, u, both(modelSaying(t, [2]string{"secret", "0.1"}), withhold(0.5, gateway.Closed)))
	spellings := map[string]func(string) string{
		"its own":          func(p string) string { return p },
		"two slashes":      func(p string) string { return strings.Replace(p, "/v1/", "/v1//", 1) },
		"a slash after it": func(p string) string { return p + "/" },
		"upper case":       strings.ToUpper,
		"mixed case":       func(p string) string { return strings.Replace(p, "s", "S", 1) },
		"escaped letter":   func(p string) string { return fmt.Sprintf("/v1/%%%02x%s", p[4], p[5:]) },
		"escaped slash":    func(p string) string { return "/v1%2f" + p[len("/v1/"):] },
		"backslash":        func(p string) string { return `/v1%5C` + p[len("/v1/"):] },
	}
	for api := range answers {
		for name, spell := range spellings {
			resp, body := send(t, s, "POST", spell(api))
			if resp.Header.Get("X-FineCE-Status") != "checked" || strings.Contains(body, "secret") || !strings.Contains(body, `"action":"end"`) {
				t.Errorf("%s, %s: %v %s", api, name, resp.Header, body)
			}
		}
	}
}

// TestPagesOfOtherOriginsAreRefused unless they are allowed; a foreign name in
// Host is refused, too.
func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	u := echo(t)
	s := newGateway(t, u, func(c *gateway.Config) {
		c.Key, c.Access = operatorsKey, gateway.Access{
			Anyone: true, Origins: []string{"https://chat.example"},
			Host: func(name string) bool { return name == "127.0.0.1" || name == "::1" },
		}
	})
	address := strings.TrimPrefix(s.URL, "http://")
	for _, c := range []struct {
		name   string
		header []string
		status int
		code   string
	}{
		{"no browser", nil, 200, ""},
		{"its own page", []string{"Origin", s.URL, "Sec-Fetch-Site", "same-origin"}, 200, ""},
		{"an allowed page", []string{"Origin", "https://chat.example"}, 200, ""},
		{"any page", []string{"Origin", "https://evil.example"}, 403, "finece-origin"},
		{"another port", []string{"Origin", "http://127.0.0.1:1"}, 403, "finece-origin"},
		{"a sandboxed page", []string{"Origin", "null"}, 403, "finece-origin"},
		{"a name that contains it", []string{"Origin", "http://" + address + ".evil.example"}, 403, "finece-origin"},
		{"an image", []string{"Sec-Fetch-Site", "cross-site"}, 403, "finece-origin"},
		{"an image of another port", []string{"Sec-Fetch-Site", "same-site"}, 403, "finece-origin"},
		{"DNS rebinding", []string{"Host", "evil.example", "Origin", "http://evil.example"}, 403, "finece-host"},
		{"DNS rebinding of a GET", []string{"Host", "evil.example:80"}, 403, "finece-host"},
		{"another spelling", []string{"Host", "[::1]:80"}, 200, ""},
	} {
		before := len(u.requests)
		resp, body := send(t, s, "POST", "/v1/chat/completions", c.header...)
		if resp.StatusCode != c.status || c.code != "" && (!strings.Contains(body, c.code) || len(u.requests) != before) {
			t.Errorf("%s: HTTP %d %s", c.name, resp.StatusCode, body)
		}
		if resp.StatusCode == 200 && (strings.Contains(body, "Origin") || strings.Contains(body, "Sec-Fetch")) {
			t.Errorf("%s: the upstream was told of the page: %s", c.name, body)
		}
		allowed := ""
		if c.name == "an allowed page" {
			allowed = "https://chat.example"
		}
		if got := resp.Header.Values("Access-Control-Allow-Origin"); strings.Join(got, ",") != allowed {
			t.Errorf("%s: Access-Control-Allow-Origin %q", c.name, got)
		}
	}
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type", "Origin"}
	resp, body := send(t, s, "OPTIONS", "/v1/chat/completions", append(ask, "https://chat.example")...)
	h := resp.Header
	if resp.StatusCode != 204 || body != "" || h.Get("Access-Control-Allow-Origin") != "https://chat.example" || h.Get("Vary") != "Origin" ||
		h.Get("Access-Control-Allow-Headers") != "authorization,content-type" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: HTTP %d %v", resp.StatusCode, h)
	}
	if resp, body := send(t, s, "OPTIONS", "/v1/chat/completions", append(ask, "https://evil.example")...); resp.StatusCode != 403 || resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of any page: HTTP %d %s", resp.StatusCode, body)
	}
}

// TestAKeyThatAnyoneMaySpendIsRefused before anything is served.
func TestAKeyThatAnyoneMaySpendIsRefused(t *testing.T) {
	all := func(string) bool { return true }
	for _, c := range []struct {
		access gateway.Access
		says   string
	}{
		{gateway.Access{}, "needs Access.Clients"},
		{gateway.Access{Anyone: true}, "DNS rebinding"},
		{gateway.Access{Anyone: true, Host: all, Clients: keys(t)}, "excludes"},
		{gateway.Access{Anyone: true, Host: all, Origins: []string{"*"}}, "every web page"},
		{gateway.Access{Clients: keys(t), Origins: []string{"chat.example"}}, "want a scheme"},
		{gateway.Access{Clients: keys(t), Origins: []string{"*"}}, ""},
		{anyone, ""},
	} {
		config := config("http://127.0.0.1:1/v1", core(t))
		config.Key, config.Access = operatorsKey, c.access
		config.Session = host.DefaultConfig()
		_, err := gateway.New(config)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.access, err, c.says)
		}
	}
}

// TestAKeyFileThatIsWrongIsNotQuoted: it may contain a key.
func TestAKeyFileThatIsWrongIsNotQuoted(t *testing.T) {
	good := gateway.KeyLine("a", "1")
	for text, says := range map[string]string{
		"":                       "no keys",
		good + "\nfinece-secret": "line 2: want a name",
		"a finece-secret":        "line 1: want a name",
		"a sha256:finece-secret": "line 1: want a name",
		good + " finece-secret":  "line 1: after the hash: want limits",
		good[:len(good)-2]:       "line 1: want a name",
		good + "\n# b\n" + good:  "line 3: a second key",
	} {
		if _, err := gateway.ParseKeys([]byte(text)); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
