package serve

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

const operatorsKey = "sk-operator-0123456789"

// recorder is an upstream that remembers what it was sent.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	u := &recorder{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.seen = append(u.seen, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header))
		u.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"42"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(u.Close)
	return u
}

// since returns the requests that have come since its last call.
func (u *recorder) since() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return seen
}

// send sends a request with headers in pairs.
func send(t *testing.T, client *http.Client, method, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// newKey makes a key with the command.
func newKey(t *testing.T, path string, args ...string) string {
	t.Helper()
	r := finece(t, nil, append(append([]string{"key", "new"}, args...), path)...)
	r.wants(t, exit.OK, "shown only this once")
	return strings.TrimSpace(r.out)
}

// TestAWebPageCannotSpendTheOperatorsKey: a web page gets nothing from the upstream, with and
// without client keys, and no client reaches an administrative route of it.
func TestAWebPageCannotSpendTheOperatorsKey(t *testing.T) {
	u := newRecorder(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "laptop")
	env := []string{upstreamKey + "=" + operatorsKey}
	for name, args := range map[string][]string{"no keys": {"--no-auth"}, "keys": {"--keys", path}} {
		s := serve(t, env, append(args, "--upstream", u.URL+"/v1")...)
		mine := []string{"Authorization", "Bearer " + key}
		for what, header := range map[string][]string{
			"a page": {"Origin", "https://evil.example"}, "a rebound name": {"Host", "evil.example"},
		} {
			if status, body := send(t, http.DefaultClient, "POST", s.url+"/v1/chat/completions", append(header, mine...)...); status != 403 {
				t.Errorf("%s: %s got HTTP %d %s", name, what, status, body)
			}
		}
		if status, _ := send(t, http.DefaultClient, "GET", s.url+"/", "Host", "evil.example"); status != 403 {
			t.Errorf("%s: the page has HTTP %d for a rebound name", name, status)
		}
		for _, admin := range []string{"/v1/organization/admin_api_keys", "/v1/files", "/v1/fine_tuning/jobs", "/v1//files", "/V1/files"} {
			if status, body := send(t, http.DefaultClient, "POST", s.url+admin, mine...); status < 400 {
				t.Errorf("%s: %s: HTTP %d %s", name, admin, status, body)
			}
		}
		if seen := u.since(); len(seen) > 0 {
			t.Errorf("%s: the upstream got %v", name, seen)
		}
		if status, body := send(t, http.DefaultClient, "POST", s.url+"/v1/chat/completions", mine...); status != 200 {
			t.Errorf("%s: a client: HTTP %d %s", name, status, body)
		}
		if seen := u.since(); len(seen) != 1 || !strings.Contains(seen[0], operatorsKey) || strings.Contains(seen[0], key) {
			t.Errorf("%s: the upstream got %v", name, seen)
		}
		s.stop(syscall.SIGTERM).wants(t, exit.OK)
	}
}

// TestClientsNeedKeys: clients need keys, and the page needs a link that works in one browser.
func TestClientsNeedKeys(t *testing.T) {
	u := newRecorder(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	keys := []string{newKey(t, path), newKey(t, path, "--name", "ci"), newKey(t, path)}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"key-1 sha256:", "ci sha256:", "key-2 sha256:"} {
		if !strings.Contains(string(stored), name) || strings.Contains(string(stored), keys[i]) || !strings.HasPrefix(keys[i], "finece-") || len(keys[i]) < 43 {
			t.Errorf("key %q in %s", keys[i], stored)
		}
	}
	s := serve(t, []string{upstreamKey + "=" + operatorsKey}, "--keys", path, "--upstream", u.URL+"/v1", "--allow-origin", "http://127.0.0.1:1")
	chat := s.url + "/v1/chat/completions"
	for _, key := range keys {
		if status, body := send(t, http.DefaultClient, "POST", chat, "Authorization", "Bearer "+key); status != 200 {
			t.Errorf("HTTP %d %s", status, body)
		}
	}
	for _, header := range [][]string{nil, {"Authorization", "Bearer finece-wrong"}, {"Cookie", "finece-page-" + s.url[strings.LastIndex(s.url, ":")+1:] + "=wrong"}} {
		if status, body := send(t, http.DefaultClient, "POST", chat, header...); status != 401 || !strings.Contains(body, "client keys") {
			t.Errorf("%q: HTTP %d %s", header, status, body)
		}
	}

	browser := func() *http.Client {
		jar, _ := cookiejar.New(nil)
		return &http.Client{Jar: jar}
	}
	first, second := browser(), browser()
	if status, _ := send(t, first, "HEAD", s.link); status != 200 {
		t.Errorf("HEAD: HTTP %d", status)
	}
	if status, _ := send(t, first, "GET", s.url+"/?token=wrong"); status != 403 {
		t.Errorf("a wrong link: HTTP %d", status)
	}
	if status, body := send(t, first, "GET", s.link); status != 200 || !strings.Contains(body, "<html") {
		t.Errorf("the link: HTTP %d %s", status, body)
	}
	if status, body := send(t, first, "POST", chat, "Origin", s.url); status != 200 {
		t.Errorf("the page: HTTP %d %s", status, body)
	}
	u.since()
	// Browsers add the cookie to requests of other ports' pages, too.
	for origin, want := range map[string]int{"http://127.0.0.1:1": 401, "http://127.0.0.1:2": 403} {
		if status, _ := send(t, first, "POST", chat, "Origin", origin); status != want || len(u.since()) > 0 {
			t.Errorf("a page of %s: HTTP %d, want %d", origin, status, want)
		}
	}
	if status, _ := send(t, first, "GET", s.link); status != 200 {
		t.Errorf("the link again in the same browser: HTTP %d", status)
	}
	if status, body := send(t, second, "GET", s.link); status != 403 || !strings.Contains(body, "has been used") {
		t.Errorf("the link in another browser: HTTP %d %s", status, body)
	}
	if status, _ := send(t, second, "POST", chat, "Origin", s.url); status != 401 {
		t.Errorf("the other browser: HTTP %d", status)
	}
	u.CloseClientConnections()
	u.Close()
	if status, _ := send(t, http.DefaultClient, "POST", chat, "Authorization", "Bearer "+keys[0]); status != 502 {
		t.Errorf("without an upstream: HTTP %d", status)
	}
	r := s.stop(syscall.SIGTERM)
	r.wants(t, exit.OK, "the upstream failed")
	for _, secret := range append(keys, operatorsKey) {
		if strings.Contains(r.err, secret) {
			t.Errorf("a key is in the log: %s", r.err)
		}
	}
}

// TestTheCookieIsForThePageAlone: neither scripts nor requests from other sites get the cookie.
func TestTheCookieIsForThePageAlone(t *testing.T) {
	p := newPage(8080)
	w := httptest.NewRecorder()
	p.exchange(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", p.link(), nil))
	cookie := w.Header().Get("Set-Cookie")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || !strings.HasPrefix(cookie, "finece-page-8080=") {
		t.Errorf("HTTP %d %v", w.Code, w.Header())
	}
}

// TestServeSaysHowToGetKeys: where keys are missing, the error has the command that makes one.
func TestServeSaysHowToGetKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.txt")
	newKey(t, path)
	with := []string{upstreamKey + "=" + operatorsKey}
	upstream := []string{"--upstream", "http://127.0.0.1:1/v1"}
	for _, c := range []struct {
		env  []string
		args []string
		code int
		says string
	}{
		{with, upstream, exit.Usage, `make a key with "finece key new keys.txt" and start serve with --keys keys.txt; or give --no-auth`},
		{with, append(upstream, "--no-auth", "--keys", path), exit.Usage, "exclude each other"},
		{with, append(upstream, "--no-auth", "--allow-origin", "*"), exit.Usage, "every web page"},
		{with, append(upstream, "--no-auth", "--listen", "0.0.0.0:0"), exit.Usage, "needs a loopback address"},
		{nil, append(upstream, "--listen", "0.0.0.0:0"), exit.Usage, `finece key new keys.txt`},
		{nil, []string{"--listen", ":0"}, exit.Usage, `finece key new keys.txt`},
		{nil, append(upstream, "--keys", path+".none"), exit.IO, "finece key new " + path + ".none"},
		{nil, append(upstream, "--allow-origin", "chat.example"), exit.Usage, "want a scheme and a host"},
	} {
		finece(t, c.env, append([]string{"serve"}, c.args...)...).wants(t, c.code, c.says)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{path, "--name", "key-1"}, "has a key of that name"},
		{[]string{path, "--name", "a b"}, "want letters"},
		{nil, "finece key new keys.txt"},
	} {
		finece(t, nil, append([]string{"key", "new"}, c.args...)...).wants(t, exit.Usage, c.says)
	}
}

// TestServeKeepsAKeysLimits: serve enforces the limits of a key that finece key new made.
func TestServeKeepsAKeysLimits(t *testing.T) {
	u := newRecorder(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "ci", "--rate", "1", "--tokens", "200000")
	s := serve(t, []string{upstreamKey + "=" + operatorsKey}, "--keys", path, "--upstream", u.URL+"/v1")
	mine := []string{"Authorization", "Bearer " + key}
	if status, body := send(t, http.DefaultClient, "POST", s.url+"/v1/chat/completions", mine...); status != 200 {
		t.Errorf("HTTP %d %s", status, body)
	}
	if status, body := send(t, http.DefaultClient, "POST", s.url+"/v1/chat/completions", mine...); status != 429 || !strings.Contains(body, "finece-rate") {
		t.Errorf("HTTP %d %s", status, body)
	}
	if status, body := send(t, http.DefaultClient, "GET", s.url+"/finece/usage", mine...); status != 200 || !strings.Contains(body, `"name":"ci","requests":1,"refused":1`) || !strings.Contains(body, `"limits":{"rate":1,"tokens":200000}`) {
		t.Errorf("HTTP %d %s", status, body)
	}
	s.stop(syscall.SIGTERM).wants(t, exit.OK)
}
