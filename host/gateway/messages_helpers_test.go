package gateway_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/stream/fixture"
)

const askMessages = `{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"What is half of 48?"}],"stream":true}`

func message(t testing.TB, u *upstream, set func(*gateway.Config), body string) *http.Response {
	t.Helper()
	return postTo(t, newGateway(t, u, set), "/v1/messages", body)
}

// messagesFixture is a stream of Messages among the fixtures.
func messagesFixture(t testing.TB, name string) string {
	t.Helper()
	data, ok := messagesStreams(t)[name]
	if !ok {
		t.Fatalf("no fixture %s", name)
	}
	return string(data)
}

// messagesStreams are the streams of Messages among the fixtures, and those of the extra
// corpus where it is.
func messagesStreams(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, f := range fixture.All() {
		if f.Want.Format == "anthropic" && strings.HasSuffix(f.Name, ".sse") {
			all[f.Name] = f.Data
		}
	}
	paths, _ := filepath.Glob(recorded + "/anthropic-*.sse")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = data
	}
	return all
}

// grammar checks that the events of a stream are what a client of Messages expects, and
// returns the answer's text and its stop_reason.
func grammar(t testing.TB, stream string) (text, stop string) {
	t.Helper()
	open, next, started, ended, over := -1, 0, false, false, false
	for event := range strings.SplitSeq(stream, "\n\n") {
		name, data := "", ""
		for line := range strings.Lines(event) {
			if value, ok := strings.CutPrefix(line, "event: "); ok {
				name = strings.TrimSpace(value)
			} else if value, ok := strings.CutPrefix(line, "data: "); ok {
				data = value
			}
		}
		if data == "" {
			continue
		}
		var e struct {
			Type  string
			Index int
			Delta struct {
				Text, Thinking string
				Stop           string `json:"stop_reason"`
			}
			Usage *struct {
				Output *int `json:"output_tokens"`
			}
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		right := name == e.Type && !over
		switch e.Type {
		case "message_start":
			right, started = right && !started, true
		case "content_block_start":
			right = right && started && !ended && open < 0 && e.Index == next
			open, next = e.Index, e.Index+1
		case "content_block_delta":
			right = right && open == e.Index
			text += e.Delta.Text + e.Delta.Thinking
		case "content_block_stop":
			right = right && open == e.Index
			open = -1
		case "message_delta":
			right = right && started && !ended && open < 0 && e.Usage != nil && e.Usage.Output != nil
			ended, stop = true, e.Delta.Stop
		case "message_stop":
			right, over = right && ended, true
		case "ping", "error":
		default:
			right = false
		}
		if !right {
			t.Fatalf("out of place: %s in\n%s", data, stream)
		}
	}
	if !over {
		t.Fatalf("no message_stop in\n%s", stream)
	}
	return text, stop
}
