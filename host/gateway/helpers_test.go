package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/stream/fixture"
)

const (
	demoFile = "../../wasm/session/testdata/demo.sse"
	recorded = "../../../shared/data/streams" // an extra corpus, where it is
)

var engine = sync.OnceValues(func() (*wazero.Engine, error) { return wazero.New(context.Background()) })

func core(t testing.TB) host.Engine {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func demo(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(demoFile)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// upstream is a server in an upstream's place.
type upstream struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func newUpstream(t testing.TB, serve http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		u.mu.Lock()
		u.requests = append(u.requests, r)
		u.bodies = append(u.bodies, string(body))
		u.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		serve(w, r)
	}))
	t.Cleanup(func() {
		u.CloseClientConnections()
		u.Close()
	})
	return u
}

// count is how many requests have come.
func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.bodies)
}

func (u *upstream) body(i int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i >= len(u.bodies) {
		return ""
	}
	return u.bodies[i]
}

// replay serves a stream in pieces: a function of the rest that returns how much
// comes next, and how long to wait before it.
func replay(data []byte, cut func(rest []byte) (int, time.Duration)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		for rest := data; len(rest) > 0; {
			n, pause := cut(rest)
			if pause > 0 {
				select {
				case <-time.After(pause):
				case <-r.Context().Done():
					return
				}
			}
			if _, err := w.Write(rest[:n]); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			rest = rest[n:]
		}
	}
}

func burst(rest []byte) (int, time.Duration) { return len(rest), 0 }

func bytewise(n int) func([]byte) (int, time.Duration) {
	return func(rest []byte) (int, time.Duration) { return min(n, len(rest)), 0 }
}

// paced is an event at a time.
func paced(pause time.Duration) func([]byte) (int, time.Duration) {
	return func(rest []byte) (int, time.Duration) {
		if i := bytes.Index(rest, []byte("\n\n")); i >= 0 {
			return i + 2, pause
		}
		return len(rest), pause
	}
}

// config is a gateway that lets pass what it cannot check.
func config(upstream string, engine host.Engine) gateway.Config {
	c := gateway.DefaultConfig()
	c.Upstream, c.Engine, c.Failure = upstream, engine, gateway.Open
	c.CarrierDelay = time.Minute // each test decides when records come
	c.Settle, c.MaxDelay = hung, hung
	c.Uncalibrated = gateway.Allow
	return c
}

// newGateway serves a gateway in front of u.
func newGateway(t testing.TB, u *upstream, set func(c *gateway.Config)) *httptest.Server {
	t.Helper()
	c := config(u.URL+"/v1", core(t))
	if testing.Verbose() {
		c.Report = func(message string, err error) { t.Logf("%s: %v", message, err) }
	}
	if set != nil {
		set(&c)
	}
	h, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return serverOf(t, h)
}

func serverOf(t testing.TB, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// anyone may use the gateway's key.
var anyone = gateway.Access{Anyone: true, Host: func(string) bool { return true }}

// defaultLimits measures the default limits on waiting by a clock.
func defaultLimits(clock *gateway.FakeClock) func(*gateway.Config) {
	return func(c *gateway.Config) {
		d := gateway.DefaultConfig()
		c.Settle, c.MaxDelay = d.Settle, d.MaxDelay
		c.SetClock(clock)
	}
}

// hung is the limit of whatever a test waits for.
const hung = 2 * time.Minute

const ask = `{"model":"demo","messages":[{"role":"user","content":"How many loaves?"}],"stream":true,"logprobs":true,"top_logprobs":5,"stream_options":{"include_usage":true}}`

func post(t testing.TB, s *httptest.Server, body string) *http.Response {
	t.Helper()
	return postTo(t, s, "/v1/chat/completions", body)
}

func postTo(t testing.TB, s *httptest.Server, path, body string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), hung, errors.New("hung: no end of the answer after "+hung.String()))
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// read reads an answer's whole body.
func read(t testing.TB, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// readWhile reads an answer's whole body while f runs, which returns after done is closed.
func readWhile(t testing.TB, resp *http.Response, f func(done <-chan struct{})) string {
	t.Helper()
	var body []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		body, err = io.ReadAll(resp.Body)
	}()
	f(done)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func status(t testing.TB, resp *http.Response, want string) {
	t.Helper()
	if got := resp.Header.Get("X-FineCE-Status"); got != want {
		t.Errorf("X-FineCE-Status %q, want %q (HTTP %d, reason %q)", got, want, resp.StatusCode, resp.Header.Get("X-FineCE-Reason"))
	}
}

var (
	member      = regexp.MustCompile(`,"finece":(\{.*\})\}\r?\n`)
	commentLine = regexp.MustCompile(`(?m)^: finece (.*)\n`)
	extra       = regexp.MustCompile(`data: \{"id":[^\n]*"choices":\[\{"index":0,"delta":\{\},"finish_reason":null\}\]\}\n\n`)
)

// told takes what the gateway says out of a stream, and returns it and the rest.
func told(t testing.TB, stream string) (all []record.Record, rest string) {
	t.Helper()
	for _, form := range []*regexp.Regexp{member, commentLine} {
		for _, m := range form.FindAllStringSubmatch(stream, -1) {
			e, err := record.ReadEnvelope([]byte(m[1]))
			if err != nil || e.Version != record.Version || len(e.Events) == 0 {
				t.Fatalf("%v: %s", err, m[1])
			}
			all = append(all, e.Events...)
		}
	}
	rest = member.ReplaceAllString(stream, "}\n")
	rest = commentLine.ReplaceAllString(rest, "")
	return all, extra.ReplaceAllString(rest, "")
}

// latest is the last confidence told for each position of a choice.
func latest(all []record.Record, choice int) map[int]*record.Confidence {
	last := map[int]*record.Confidence{}
	for _, r := range all {
		if c, ok := r.(*record.Confidence); ok && c.Choice == choice {
			last[c.Index] = c
		}
	}
	return last
}

// decided is the last decision told, an empty one if there is none.
func decided(all []record.Record) *record.Decision {
	for _, r := range slices.Backward(all) {
		if d, ok := r.(*record.Decision); ok {
			return d
		}
	}
	return &record.Decision{}
}

// endOf is the record of a choice's end, nil if it was not told.
func endOf(all []record.Record) *record.End {
	for _, r := range all {
		if e, ok := r.(*record.End); ok {
			return e
		}
	}
	return nil
}

// streams are the event streams of chat completions among the fixtures, and those of the extra
// corpus where it is, framed as they were.
func streams(t testing.TB) map[string][]byte {
	t.Helper()
	all := streamsOf(t, "openai-chat", "-chat-", "data: [DONE]\n\n")
	all["demo.sse"] = demo(t)
	return all
}

// streamsOf are those of a format, whose recordings have a word in their names. end is added to
// recordings that were kept without their events.
func streamsOf(t testing.TB, format, word, end string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, f := range fixture.All() {
		if f.Want.Format != format || !strings.HasSuffix(f.Name, ".sse") {
			continue
		}
		// told takes out lines that end in LF. The others end within an event, or after [DONE]:
		// the gateway passes that on or not, as its policy is.
		switch f.Name {
		case "framing/cr.sse", "framing/crlf.sse", "framing/after-done.sse", "faults/cut-in-event.sse", "vllm/chat-cut.sse":
		default:
			all[f.Name] = f.Data
		}
	}
	paths, _ := filepath.Glob(recorded + "/*" + word + "*")
	if len(paths) == 0 {
		t.Logf("%s is absent: its recordings were not run", recorded)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(path, ".chunks.jsonl"):
			var framed bytes.Buffer
			for line := range bytes.Lines(data) {
				framed.WriteString("data: " + strings.TrimRight(string(line), "\n") + "\n\n")
			}
			framed.WriteString(end)
			data = framed.Bytes()
		case !strings.HasSuffix(path, ".sse"):
			continue
		}
		all[filepath.Base(path)] = data
	}
	return all
}

// paragraphsOnly estimates at the ends of paragraphs, from the mean log-probability, and
// leaves each estimate as it is.
func paragraphsOnly(c *gateway.Config) {
	c.Session.Positions.Strategy = position.Paragraph
	c.Session.Method = estimate.Perplexity
	c.Session.Fusion.Depth = 0
}

// chunk is what tests read of a chunk.
type chunk struct {
	Object  string
	Choices []struct {
		Index    int
		Text     string
		Delta    struct{ Content string }
		Finish   string `json:"finish_reason"`
		Logprobs json.RawMessage
	}
}

// chunksOf is the chunks of a stream.
func chunksOf(t testing.TB, stream string) (all []chunk) {
	t.Helper()
	for line := range strings.Lines(stream) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var c chunk
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		all = append(all, c)
	}
	return all
}
