package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
)

// noon is a time that a test moves.
type noon struct {
	mu sync.Mutex
	at time.Time
}

func newNoon() *noon { return &noon{at: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)} }

func (n *noon) now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at
}

func (n *noon) pass(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at = n.at.Add(d)
}

// limited serves a gateway with two keys, the first of which has limits.
func limited(t *testing.T, u *upstream, limits string, set func(*gateway.Config)) (*httptest.Server, *gateway.Meter, *noon) {
	t.Helper()
	k, err := gateway.ParseKeys([]byte(gateway.KeyLine("laptop", clientsKey) + " " + limits + "\n" + gateway.KeyLine("ci", "finece-other")))
	if err != nil {
		t.Fatal(err)
	}
	clock := newNoon()
	m := gateway.NewMeter(clock.now)
	return newGateway(t, u, func(c *gateway.Config) {
		c.Access.Clients, c.Meter = k, m
		if set != nil {
			set(c)
		}
	}), m, clock
}

// idle waits until no request is under way: a client has its answer a little earlier.
func idle(t *testing.T, m *gateway.Meter) {
	t.Helper()
	for deadline := time.Now().Add(hung); m.Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("hung: a request that has ended counts as under way")
		}
	}
}

const chatPath = "/v1/chat/completions"

// refused checks a refusal.
func refused(t *testing.T, resp *http.Response, body, code, after string) {
	t.Helper()
	if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, `"type":"finece-error"`) || !strings.Contains(body, `"code":"`+code+`"`) || resp.Header.Get("Retry-After") != after {
		t.Errorf("HTTP %d, Retry-After %q, %s: want 429, %s, %s", resp.StatusCode, resp.Header.Get("Retry-After"), body, code, after)
	}
}

func TestAClientIsHeldToItsRate(t *testing.T) {
	u := echo(t)
	s, m, clock := limited(t, u, "rate=2/min", nil)
	mine, other := []string{"X-Api-Key", clientsKey}, []string{"X-Api-Key", "finece-other"}
	ok := func(header []string) {
		t.Helper()
		if resp, body := send(t, s, "POST", chatPath, header...); resp.StatusCode != 200 {
			t.Errorf("HTTP %d %s", resp.StatusCode, body)
		}
	}
	ok(mine)
	ok(mine)
	resp, body := send(t, s, "POST", chatPath, mine...)
	refused(t, resp, body, "finece-rate", "30")
	resp, body = send(t, s, "GET", "/v1/models", mine...)
	refused(t, resp, body, "finece-rate", "30")
	ok(other)
	clock.pass(29 * time.Second)
	resp, body = send(t, s, "POST", chatPath, mine...)
	refused(t, resp, body, "finece-rate", "1")
	clock.pass(time.Second)
	ok(mine)
	if len(u.requests) != 4 {
		t.Errorf("the upstream got %d requests", len(u.requests))
	}
	idle(t, m)
	all := m.Use()
	if len(all) != 2 || all[0].Name != "ci" || all[0].Requests != 1 || all[1].Requests != 3 || all[1].Refused != 3 || all[1].Limits.Rate != 2 || all[1].Open != 0 {
		t.Errorf("%+v", all)
	}
}

func TestAClientIsHeldToItsStreams(t *testing.T) {
	more := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n")
		w.(http.Flusher).Flush()
		<-more
	})
	s, m, _ := limited(t, u, "streams=1", nil)
	mine := []string{"X-Api-Key", clientsKey}
	r, _ := http.NewRequest("POST", s.URL+chatPath, strings.NewReader(ask))
	r.Header.Set("X-Api-Key", clientsKey)
	first, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp, body := send(t, s, "POST", chatPath, mine...)
	refused(t, resp, body, "finece-streams", "1")
	if _, used := send(t, s, "GET", "/finece/usage", mine...); !strings.Contains(used, `"requests":1,"refused":1,"open":1`) {
		t.Errorf("%s", used)
	}
	close(more)
	io.Copy(io.Discard, first.Body)
	first.Body.Close()
	idle(t, m)
	if resp, body := send(t, s, "POST", chatPath, mine...); resp.StatusCode != 200 {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
}

// TestTokensAreCounted as the session counts them or, if they are more, as the
// upstream's usage does; an answer that is not scored by its bytes.
func TestTokensAreCounted(t *testing.T) {
	const text = `{"choices":[{"index":0,"message":{"role":"assistant","content":"a b c"},"logprobs":{"content":[{"token":"a","logprob":-0.1},{"token":" b","logprob":-0.1},{"token":" c","logprob":-0.1}]},"finish_reason":"stop"}]`
	for _, c := range []struct {
		name, kind, body string
		header           []string
		tokens           string
	}{
		{"session", "application/json", text + `}`, nil, `"tokens":3,"today":3,"usage":{"prompt_tokens":0,"completion_tokens":0}`},
		{"usage", "application/json", text + `,"usage":{"prompt_tokens":7,"completion_tokens":40}}`, nil, `"tokens":40,"today":40,"usage":{"prompt_tokens":7,"completion_tokens":40}`},
		{"stream", "text/event-stream", string(demo(t)), nil, `"tokens":155,"today":155,"usage":{"prompt_tokens":96,"completion_tokens":155}`},
		{"unscored", "text/plain", strings.Repeat("x", 403), nil, `"tokens":100,"today":100,`},
		{"evasion", "application/json", strings.Repeat(" ", 400-len(text)-1) + text + `}`, []string{"Content-Encoding", "br"}, `"tokens":100,"today":100,`},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				io.WriteString(w, c.body)
			})
			s, _, clock := limited(t, u, "tokens=3/day", nil)
			mine := append([]string{"X-Api-Key", clientsKey}, c.header...)
			if resp, body := send(t, s, "POST", chatPath, mine...); resp.StatusCode != 200 {
				t.Errorf("HTTP %d %s", resp.StatusCode, body)
			}
			if resp, used := send(t, s, "GET", "/finece/usage", mine...); resp.StatusCode != 200 || !strings.Contains(used, c.tokens) || !strings.HasPrefix(used, `{"name":"laptop","requests":1,"refused":0,"open":`) || !strings.HasSuffix(used, `"limits":{"tokens":3}}`+"\n") {
				t.Errorf("%s, want %s", used, c.tokens)
			}
			clock.pass(11*time.Hour + 59*time.Minute + 500*time.Millisecond)
			resp, body := send(t, s, "POST", chatPath, mine...)
			refused(t, resp, body, "finece-tokens", "60")
			clock.pass(time.Minute)
			if resp, body := send(t, s, "POST", chatPath, mine...); resp.StatusCode != 200 {
				t.Errorf("the next day: HTTP %d %s", resp.StatusCode, body)
			}
		})
	}
}

// TestUsageIsTheClientsOwn, and nobody's without a key.
func TestUsageIsTheClientsOwn(t *testing.T) {
	u := echo(t)
	s, _, _ := limited(t, u, "", nil)
	send(t, s, "POST", chatPath, "X-Api-Key", clientsKey)
	if _, used := send(t, s, "GET", "/finece/usage", "X-Api-Key", "finece-other"); !strings.HasPrefix(used, `{"name":"ci","requests":0,`) || strings.Contains(used, "laptop") {
		t.Errorf("%s", used)
	}
	for header, want := range map[string]int{"": 401, clientsKey: 200} {
		if resp, _ := send(t, s, "GET", "/finece/usage", "X-Api-Key", header); resp.StatusCode != want {
			t.Errorf("%q: HTTP %d", header, resp.StatusCode)
		}
	}
	if resp, _ := send(t, s, "POST", "/finece/usage", "X-Api-Key", clientsKey); resp.StatusCode != 405 {
		t.Errorf("POST: HTTP %d", resp.StatusCode)
	}
	open := newGateway(t, u, nil)
	if resp, body := send(t, open, "GET", "/finece/usage"); resp.StatusCode != 404 || !strings.Contains(body, "no client keys") {
		t.Errorf("without keys: HTTP %d %s", resp.StatusCode, body)
	}
	if len(u.requests) != 1 {
		t.Errorf("the upstream got %d requests", len(u.requests))
	}
}

func TestLimitsAreRead(t *testing.T) {
	for _, text := range []string{"", "rate=60/min", "streams=4", "rate=60/min streams=4 tokens=200000/day"} {
		l, err := gateway.ParseLimits(strings.Fields(text))
		if err != nil || l.String() != text {
			t.Errorf("%q: %q, %v", text, l, err)
		}
	}
	for _, text := range []string{"rate=60", "rate=0/min", "rate=-1/min", "streams=4/min", "streams=x", "tokens=1e9/day", "rate=1/min rate=2/min", "sk-secret", "rate", "rate=99999999999/min"} {
		if _, err := gateway.ParseLimits(strings.Fields(text)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := gateway.ParseKeys([]byte("\n" + gateway.KeyLine("a", "b") + " sk-secret"))
	if err == nil || errors.Is(err, gateway.ErrNoKeys) || !strings.HasPrefix(err.Error(), "line 2: after the hash: want limits") {
		t.Errorf("%v", err)
	}
}
