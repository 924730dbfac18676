package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/stream/fixture"
)

const (
	askOllama = `{"model":"m","messages":[{"role":"user","content":"What is half of 48?"}]}`
	ollamaEnd = `{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":10,"eval_count":5}` + "\n"
)

func ollamaToken(text string, logprob float64) string {
	return fmt.Sprintf(`{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"%s"},"done":false,"logprobs":[{"token":"%[1]s","logprob":%[2]v}]}`+"\n", text, logprob)
}

func ollamaTokens(texts ...string) (all string) {
	for _, text := range texts {
		all += ollamaToken(text, sure)
	}
	return all
}

var messageOfLine = regexp.MustCompile(`"message":\{"role":"assistant","content":("(?:[^"\\]|\\.)*")\}`)

// generated makes lines of /api/chat those of /api/generate.
func generated(lines string) string { return messageOfLine.ReplaceAllString(lines, `"response":$1`) }

// ownLine is a line of the gateway's own that has records alone.
var ownLine = regexp.MustCompile(`\{"model":"m","created_at":"[^"]*\.\d+Z",("message":\{"role":"assistant","content":""\}|"response":""),"done":false\}\n`)

// stamp is the time of a line of the gateway's own.
var stamp = regexp.MustCompile(`"created_at":"[^"]*"`)

// ollamaContent is the text and the done_reason of an answer. It checks that each line is an
// object with a time, and that one line ends the answer.
func ollamaContent(t testing.TB, stream string) (text, reason string) {
	t.Helper()
	done := false
	for line := range strings.Lines(stream) {
		var e struct {
			Created  time.Time `json:"created_at"`
			Message  *struct{ Role, Content string }
			Response *string
			Done     bool
			Reason   string `json:"done_reason"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || done || e.Created.IsZero() || (e.Message == nil) == (e.Response == nil) {
			t.Fatalf("%v: %q in %s", err, line, stream)
		}
		if e.Message != nil {
			text += e.Message.Content
		} else {
			text += *e.Response
		}
		done, reason = e.Done, e.Reason
	}
	if !done {
		t.Errorf("no end of %s", stream)
	}
	return text, reason
}

func ollama(t testing.TB, u *upstream, set func(*gateway.Config), path, body string) *http.Response {
	t.Helper()
	return postTo(t, newGateway(t, u, set), path, body)
}

// lines serves lines of Ollama, or one document.
func lines(data string, cut int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kind := "application/x-ndjson"
		if !strings.Contains(data, `"done":false`) {
			kind = "application/json; charset=utf-8"
		}
		replay([]byte(data), bytewise(cut))(typed{w, kind}, r)
	}
}

// typed gives an answer another type.
type typed struct {
	http.ResponseWriter
	kind string
}

func (w typed) WriteHeader(status int) {
	w.Header().Set("Content-Type", w.kind)
	w.ResponseWriter.WriteHeader(status)
}

func (w typed) Flush() { w.ResponseWriter.(http.Flusher).Flush() }

// TestOllamasLinesPassUnchanged but for their records, however they are cut, under annotate and
// under withhold.
func TestOllamasLinesPassUnchanged(t *testing.T) {
	seen := 0
	for _, f := range fixture.All() {
		if f.Want.Format != "ollama" {
			continue
		}
		seen++
		path, data := gateway.PathOllamaChat, string(f.Data)
		if strings.Contains(f.Name, "generate") {
			path = gateway.PathOllamaGenerate
		}
		for name, policy := range map[string]func(*gateway.Config){"annotate": func(*gateway.Config) {}, "withhold": withhold(0.5, gateway.Open)} {
			for _, cut := range []int{1 << 20, 1, 7, 100} {
				u := newUpstream(t, lines(data, cut))
				resp := ollama(t, u, both(modelSaying(t), policy, func(c *gateway.Config) { c.CarrierDelay, c.KeepRequest = hung, true }), path, `{"model":"m","prompt":"?","messages":[{"role":"user","content":"?"}]}`)
				if !strings.HasSuffix(f.Name, ".json") {
					status(t, resp, "checking")
				}
				all, rest := told(t, strings.TrimSuffix(read(t, resp), "\n")+"\n")
				rest = ownLine.ReplaceAllString(rest, "")
				if want := strings.TrimSuffix(data, "\n"); strings.TrimSuffix(rest, "\n") != want {
					t.Errorf("%s, %s, in pieces of %d: %s", f.Name, name, cut, difference(rest, data))
				}
				if len(all) == 0 {
					t.Errorf("%s, %s: no records", f.Name, name)
				}
			}
		}
	}
	if seen < 9 {
		t.Errorf("%d fixtures", seen)
	}
}

// TestWhatPoliciesDoToOllama, streamed and not.
func TestWhatPoliciesDoToOllama(t *testing.T) {
	const first, rest = "Half of 48 is 24.", "\n\nSo the total is wrong."
	note := func(c *gateway.Config) { c.WarnText = " Check it." }
	low := modelSaying(t, [2]string{"wrong", "0.1"})
	comments := func(c *gateway.Config) { c.Carrier = gateway.Comment }
	for _, path := range []string{gateway.PathOllamaChat, gateway.PathOllamaGenerate} {
		for _, c := range []struct {
			name            string
			set             func(*gateway.Config)
			streamed, plain string
			reason          string // streamed
			plainReason     string
		}{
			{"annotate", low, first + rest, first + rest, "stop", "stop"},
			{"comments", both(low, comments), first + rest, first + rest, "stop", "stop"},
			{"warn", both(low, warn(0.5), note), first + rest + " Check it.", first + rest + " Check it.", "stop", "stop"},
			{"withhold", both(low, withhold(0.5, gateway.Closed)), first, "", "content_filter", "content_filter"},
			{"passes", both(modelSaying(t), withhold(0.5, gateway.Closed)), first + rest, first + rest, "stop", "stop"},
		} {
			shape := func(s string) string {
				if path == gateway.PathOllamaGenerate {
					return generated(s)
				}
				return s
			}
			u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				var asked struct{ Stream *bool }
				json.NewDecoder(r.Body).Decode(&asked)
				data := ollamaTokens("Half of 48", " is 24.", `\n\n`, "So the total", " is wrong.") + ollamaEnd
				if asked.Stream != nil && !*asked.Stream {
					data = strings.Replace(strings.TrimSuffix(ollamaEnd, "\n"), `"content":""`, `"content":"`+first+strings.ReplaceAll(rest, "\n", `\n`)+`"`, 1)
				}
				lines(shape(data), 50)(w, r)
			})
			for _, streamed := range []bool{true, false} {
				text, reason, body := c.streamed, c.reason, `{"model":"m","prompt":"?","messages":[{"role":"user","content":"?"}]}`
				if !streamed {
					text, reason, body = c.plain, c.plainReason, strings.Replace(body, "{", `{"stream":false,`, 1)
				}
				got := read(t, ollama(t, u, c.set, path, body))
				all, left := told(t, strings.TrimSuffix(got, "\n")+"\n")
				if is, why := ollamaContent(t, left); is != text || why != reason || len(all) == 0 {
					t.Errorf("%s, %s, streamed %v: %q ended with %q, %d records\n%s", path, c.name, streamed, is, why, len(all), got)
				}
			}
		}
	}
}

// TestLogprobsOfOllama are asked for, and removed if the client did not ask for them.
func TestLogprobsOfOllama(t *testing.T) {
	alternatives := `,"top_logprobs":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]}]}`
	data := strings.ReplaceAll(ollamaTokens("It", " is", " 42."), "}]}", alternatives) + ollamaEnd
	for _, c := range []struct{ asks, sent, sees string }{
		{"", `"logprobs":true`, `"logprobs":null}`},
		{`,"logprobs":true`, `"top_logprobs":5`, `"logprobs":[{"token":"It","logprob":-0.01,"top_logprobs":[]}]}`},
		{`,"logprobs":true,"top_logprobs":1`, `"top_logprobs":5`, `"logprobs":[{"token":"It","logprob":-0.01,"top_logprobs":[{"token":"a","logprob":-1}]}]}`},
	} {
		u := newUpstream(t, lines(data, 50))
		all, rest := told(t, read(t, ollama(t, u, func(g *gateway.Config) {
			paragraphsOnly(g)
			g.Session.Positions.Strategy |= position.Entropy
		}, gateway.PathOllamaChat, strings.TrimSuffix(askOllama, "}")+c.asks+"}")))
		if !strings.Contains(u.body(0), c.sent) || !strings.Contains(rest, c.sees) {
			t.Errorf("%q: sent %s, the client sees %s", c.asks, u.body(0), rest)
		}
		if whole := lastOf(all); whole == nil || whole.Fused < 0.98 {
			t.Errorf("%q: p(z) is %+v", c.asks, whole)
		}
	}
}

// TestContestsOfOllama sum the counts of all answers.
func TestContestsOfOllama(t *testing.T) {
	u := newUpstream(t, lines(ollamaTokens("It is", " 42.")+ollamaEnd, 50))
	all, rest := told(t, read(t, ollama(t, u, both(modelSaying(t), bestOf(3)), gateway.PathOllamaChat, askOllama)))
	if d := decided(all); d.Action != record.ActionRelease || !strings.Contains(rest, `"prompt_eval_count":30,"eval_count":15`) {
		t.Errorf("%+v %s", d, rest)
	}
}

// TestOllamasOtherPaths: the list of models and the version pass, what changes a server does not.
func TestOllamasOtherPaths(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path) })
	s := newGateway(t, u, nil)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api/tags", 200}, {"GET", "/api/version", 200}, {"DELETE", "/api/delete", 404}, {"POST", "/api/pull", 404}, {"GET", "/api/chat", 404}, {"POST", "/API//chat/", 200},
	} {
		r, _ := http.NewRequest(c.method, s.URL+c.path, strings.NewReader(askOllama))
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp)
		resp.Body.Close()
		want := c.method + " " + c.path
		if c.method == "POST" {
			want = "POST " + gateway.PathOllamaChat
		}
		if resp.StatusCode != c.status || c.status == 200 && got != want || c.status == 404 && !strings.HasPrefix(got, `{"error":`) {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, got)
		}
	}
}
