package serve

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/calibration"
)

// reloads sends SIGHUP and waits for the log's next line about it, which has to contain says.
func (s serving) reloads(t *testing.T, says ...string) {
	t.Helper()
	const about = "the settings were "
	was := strings.Count(s.log(), about)
	s.kill(syscall.SIGHUP)
	until(t, func() bool { return strings.Count(s.log(), about) > was }, func() string { return "no line about the SIGHUP in the log:\n" + s.log() })
	log := s.log()
	line := log[strings.LastIndex(log, about):]
	for _, text := range says {
		if !strings.Contains(line, text) {
			t.Errorf("the log does not say %q: %s", text, line)
		}
	}
}

// After SIGHUP new answers have the new policy, answers under way end as they began, and
// counts of use continue. A file that is wrong changes nothing.
func TestServeReadsItsFileAgain(t *testing.T) {
	const key, other, third = "finece-first-key", "finece-second-key", "finece-third-key"
	event := func(text string) string {
		return `data: {"id":"a","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"` + text + `"},"logprobs":{"content":[{"token":"` + text + `","logprob":-3}]},"finish_reason":null}]}` + "\n\n"
	}
	more, asked := make(chan struct{}), make(chan string, 10)
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Authorization")
		request, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("begun "))
		w.(http.Flusher).Flush()
		if strings.Contains(string(request), `"slow"`) {
			<-more
		}
		io.WriteString(w, event("ended")+"data: [DONE]\n\n")
	}))
	defer u.Close()
	line := func(name, key string) string {
		name, hash, _ := strings.Cut(gateway.KeyLine(name, key), " ")
		return "  - {name: " + name + ", hash: '" + hash + "'}\n"
	}
	folder := t.TempDir()
	settings := func(text string) string {
		return "upstream: " + u.URL + "/v1\nsettle: 2m\nuncalibrated: allow\n" + text
	}
	path := file(t, folder, settings("upstream_key: sk-first\nkeys:\n"+line("one", key)+line("two", other)))
	s := serve(t, nil, "--config", path)
	by := func(key string) []string { return []string{"Authorization", "Bearer " + key} }

	r, err := http.NewRequest("POST", s.url+"/v1/chat/completions", strings.NewReader(strings.Replace(chatRequest, `"demo"`, `"slow"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	underWay, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer underWay.Body.Close()
	if got := <-asked; got != "Bearer sk-first" {
		t.Errorf("the upstream got %q", got)
	}

	file(t, folder, settings("upstream_key: sk-second\npolicy: withhold\nwithhold_below: 0.9\nfailure: closed\nmax_connections: 7\nroutes:\n  - {model: open, policy: annotate}\nkeys:\n"+line("one", key)+line("three", third)))
	s.reloads(t, "policy: annotate -> withhold", "withhold_below: 0.8 -> 0.9", "upstream_key;", "key three added", "key two removed", "route 1: none -> model: open, policy: annotate", "needs_restart=max_connections")
	header, text := ask(t, s, "m", by(key)...)
	if got := <-asked; got != "Bearer sk-second" {
		t.Errorf("the upstream got %q", got)
	}
	if header.Get("X-Finece-Policy") != "withhold" || strings.Contains(text, "ended") {
		t.Errorf("after SIGHUP: %v %s", header, text)
	}
	if header, text = ask(t, s, "open", by(third)...); header.Get("X-Finece-Policy") != "annotate" || !strings.Contains(text, "ended") {
		t.Errorf("on the new route: %v %s", header, text)
	}
	if _, text = ask(t, s, "m", by(other)...); !strings.Contains(text, "finece-key") {
		t.Errorf("with a key that was removed: %s", text)
	}

	file(t, folder, settings("polcy: warn\nupstream_key: sk-third\n"))
	s.reloads(t, "not read again", "serve.yaml:4", "did you mean policy?")
	file(t, folder, settings("upstream_key: sk-third\nkeys:\n"+line("one", key)+"routes:\n  - {path: /v1/embeddings, policy: warn}\n"))
	s.reloads(t, "not read again", "route 1: path /v1/embeddings: answers there are not scored")
	if header, _ = ask(t, s, "m", by(key)...); header.Get("X-Finece-Policy") != "withhold" {
		t.Errorf("after files that are wrong: %v", header)
	}

	close(more)
	if rest, err := io.ReadAll(bufio.NewReader(underWay.Body)); err != nil || !strings.Contains(string(rest), "ended") || underWay.Header.Get("X-Finece-Policy") != "annotate" {
		t.Errorf("the answer that was under way: %v %s", err, rest)
	}
	if status, use := send(t, http.DefaultClient, "GET", s.url+"/finece/usage", by(key)...); status != 200 || !strings.Contains(use, `"requests":3,"refused":0`) {
		t.Errorf("HTTP %d %s", status, use)
	}
	end := s.stop(syscall.SIGTERM)
	for _, secret := range []string{"sk-first", "sk-second", "sk-third", key, other, third} {
		if end.code != exit.OK || strings.Contains(end.err, secret) {
			t.Errorf("exit code %d; %s is in the log:\n%s", end.code, secret, end.err)
		}
	}
}

// If the guardrail cannot use a new file, nothing in that file takes effect: the tests of drift
// stay those of the calibration in use.
func TestAFileThatTheGuardrailRefusesChangesNothing(t *testing.T) {
	m := newConfidenceModel(t)
	folder := t.TempDir()
	fitted := calibrate.Map{Method: calibrate.Temperature, Clip: 1e-6, Parameters: []float64{1}, N: 9, High: 1}
	maps := calibration.Append(nil, &calibrate.Calibration{Source: "test", Maps: [calibrate.Bands]calibrate.Map{fitted, fitted, fitted}}, nil)
	if err := os.WriteFile(filepath.Join(folder, "map.json"), maps, 0o600); err != nil {
		t.Fatal(err)
	}
	settings := "upstream: http://127.0.0.1:1/v1\nestimator: " + m.URL + "/v1\nmodel: judge\nguardrail: true\nfeedback_db: feedback.db\n"
	s := serve(t, nil, "--config", file(t, folder, settings+"calibration: map.json\n"), "--metrics-listen", "127.0.0.1:0")
	get(t, s.url+"/healthz") // it takes signals by then
	before := calibrationAt(t, s.ops, "").Drift
	file(t, folder, settings)
	s.reloads(t, "not read again", "--guardrail: ")
	if after := calibrationAt(t, s.ops, "").Drift; len(before) != 1 || !slices.Equal(after, before) {
		t.Errorf("the tests of drift were %+v and are %+v", before, after)
	}
	s.stop(syscall.SIGTERM).wants(t, exit.OK, "not read again")
}

// A file of keys is read again, too, and the browser that has the page keeps its access.
func TestServeReadsItsKeysAgain(t *testing.T) {
	u := newRecorder(t)
	folder := t.TempDir()
	path := folder + "/keys.txt"
	first := newKey(t, path)
	s := serve(t, []string{upstreamKey + "=" + operatorsKey}, "--keys", path, "--upstream", u.URL+"/v1")
	second := newKey(t, path)
	chat := s.url + "/v1/chat/completions"
	if status, _ := send(t, http.DefaultClient, "POST", chat, "Authorization", "Bearer "+second); status != 401 {
		t.Errorf("before: HTTP %d", status)
	}
	s.reloads(t, `key key-2 added`)
	for _, key := range []string{first, second} {
		if status, body := send(t, http.DefaultClient, "POST", chat, "Authorization", "Bearer "+key); status != 200 {
			t.Errorf("HTTP %d %s", status, body)
		}
	}
	s.reloads(t, "changed=nothing")
	s.stop(syscall.SIGTERM)
}

// SIGHUP, which a closed terminal sends, ends a server that reads no file.
func TestSIGHUPEndsAServerWithoutFiles(t *testing.T) {
	s := serve(t, nil, "--upstream", "http://127.0.0.1:1/v1")
	s.kill(syscall.SIGHUP)
	if err := s.cmd.Wait(); err == nil || !strings.Contains(fmt.Sprint(err), "hangup") {
		t.Errorf("it ended with %v", err)
	}
}
