package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

func withhold(threshold float64, failure gateway.Failure) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Policy, c.WithholdBelow, c.Failure = gateway.Withhold, threshold, failure
	}
}

// content is the text of a stream's answer, and its finish reasons.
func content(t testing.TB, stream string) (text string, finished []string) {
	t.Helper()
	for line := range strings.SplitSeq(stream, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var c struct {
			Choices []struct {
				Delta  struct{ Content string }
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		for _, choice := range c.Choices {
			text += choice.Delta.Content
			if choice.Finish != "" {
				finished = append(finished, choice.Finish)
			}
		}
	}
	return text, finished
}

// TestZeroWithholdsNothingThatHasAConfidence: a threshold of 0 is 0, and not
// the default.
func TestZeroWithholdsNothingThatHasAConfidence(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, replay(data, burst))
	resp := post(t, newGateway(t, u, withhold(0, gateway.Closed)), ask)
	if got := resp.Header.Get("X-FineCE-Threshold"); got != "0" {
		t.Errorf("X-FineCE-Threshold %q", got)
	}
	if _, rest := told(t, read(t, resp)); rest != string(data) {
		t.Error(difference(rest, string(data)))
	}
}

// TestAnAnswerAboveTheThresholdPassesWhole, byte for byte.
func TestAnAnswerAboveTheThresholdPassesWhole(t *testing.T) {
	data := demo(t)
	for how, cut := range map[string]func([]byte) (int, time.Duration){"burst": burst, "elevens": bytewise(11)} {
		for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
			u := newUpstream(t, replay(data, cut))
			s := newGateway(t, u, func(c *gateway.Config) {
				withhold(0.8, gateway.Closed)(c)
				c.Carrier = carrier
			})
			resp := post(t, s, ask)
			if got := resp.Header.Get("X-FineCE-Threshold"); got != "0.8" {
				t.Errorf("X-FineCE-Threshold %q", got)
			}
			if _, rest := told(t, read(t, resp)); rest != string(data) {
				t.Errorf("%s: %s", how, difference(rest, string(data)))
			}
		}
	}
}

// TestWithholdingLosesNothingOfWhatMayPass, whatever the provider.
func TestWithholdingLosesNothingOfWhatMayPass(t *testing.T) {
	for name, data := range streams(t) {
		u := newUpstream(t, replay(data, bytewise(5000)))
		s := newGateway(t, u, func(c *gateway.Config) {
			withhold(1e-9, gateway.Open)(c)
			c.MaxDelay = time.Minute
		})
		if _, rest := told(t, read(t, post(t, s, ask))); rest != string(data) {
			t.Errorf("%s: %s", name, difference(rest, string(data)))
		}
		s = newGateway(t, u, both(withhold(1e-9, gateway.Closed), func(c *gateway.Config) { c.MaxDelay = time.Minute }))
		got := read(t, post(t, s, ask))
		if text, finished := content(t, validOnly(got)); len(text) > 0 && len(finished) == 0 {
			t.Errorf("%s, closed: %q ended without a finish_reason", name, text)
		}
	}
}

// validOnly is a stream without the lines that are no JSON.
func validOnly(stream string) string {
	var kept []string
	for line := range strings.SplitSeq(stream, "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok && (data == "[DONE]" || json.Valid([]byte(data))) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// TestTextBelowTheThresholdDoesNotGoOut: the demo stream's third position has
// 0.856.
func TestTextBelowTheThresholdDoesNotGoOut(t *testing.T) {
	whole, _ := content(t, string(demo(t)))
	for how, cut := range map[string]func([]byte) (int, time.Duration){"burst": burst, "elevens": bytewise(11), "paced": paced(time.Millisecond)} {
		t.Run(how, func(t *testing.T) {
			u := newUpstream(t, replay(demo(t), cut))
			s := newGateway(t, u, withhold(0.9, gateway.Open))
			got := read(t, post(t, s, ask))
			text, finished := content(t, got)
			// What the second position, at byte 188, has let go.
			if text != whole[:188] {
				t.Errorf("text %q, want %q", text, whole[:188])
			}
			if fmt.Sprint(finished) != "[content_filter]" || strings.Count(got, "[DONE]") != 1 || !strings.HasSuffix(got, "data: [DONE]\n\n") {
				t.Errorf("ends with %s", got[max(0, len(got)-700):])
			}
			all, _ := told(t, got)
			want := record.Decision{Policy: "withhold", Action: record.ActionEnd, Index: 3, Threshold: 0.9, Byte: 188, Reason: "low"}
			if d := decided(all); *d != want || latest(all, 0)[3].Fused >= 0.9 {
				t.Errorf("decided %+v, want %+v", d, want)
			}
			const chunks = `data: {"id":"chatcmpl-demo","object":"chat.completion.chunk","created":1767225600,"model":"demo","choices":[`
			if !strings.Contains(got, chunks+`{"index":0,"delta":{},"finish_reason":"content_filter"}],"finece":`) || !strings.Contains(got, chunks+`],"usage":null}`) {
				t.Errorf("no final chunk, or no usage: %s", got[max(0, len(got)-700):])
			}
			if without := read(t, post(t, s, `{"stream":true}`)); strings.Contains(without, `"choices":[]`) {
				t.Error("choices: [] for a client that has not asked for usage")
			}
		})
	}
}

// TestWithholdingStopsTheUpstream: what nobody will read is not generated.
func TestWithholdingStopsTheUpstream(t *testing.T) {
	gone := make(chan struct{})
	data := demo(t)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		replay(data[:60_000], burst)(w, r)
		<-r.Context().Done()
		close(gone)
	})
	read(t, post(t, newGateway(t, u, withhold(0.9, gateway.Open)), ask))
	select {
	case <-gone:
	case <-time.After(hung):
		t.Error("hung: the upstream still sends")
	}
}

func both(settings ...func(*gateway.Config)) func(*gateway.Config) {
	return func(c *gateway.Config) {
		for _, set := range settings {
			set(c)
		}
	}
}

// TestTextWaitsForAConfidenceModelOnlyUnderWithhold.
func TestTextWaitsForAConfidenceModelOnlyUnderWithhold(t *testing.T) {
	data := demo(t)
	whole, _ := content(t, string(data))
	answer := make(chan string)
	client := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		select {
		case number := <-answer:
			says(w, number)
		case <-r.Context().Done():
		}
	})
	u := newUpstream(t, replay(data, burst))

	t.Run("annotate", func(t *testing.T) {
		resp := post(t, newGateway(t, u, asking(client)), ask)
		got := readUntil(t, resp, func(s string) bool { text, _ := content(t, wholeEvents(s)); return text == whole })
		if strings.Contains(got, "[DONE]") {
			t.Error("[DONE] before the confidences")
		}
		go func() {
			for range 10 {
				answer <- "0.75"
			}
		}()
		got += read(t, resp)
		all, rest := told(t, got)
		if rest != string(data) {
			t.Error(difference(rest, string(data)))
		}
		last := latest(all, 0)
		if last[0].Raw != 0.75 || last[9].State != session.Final || len(last) != 10 {
			t.Errorf("told %+v", last)
		}
	})
	t.Run("withhold", func(t *testing.T) {
		resp := post(t, newGateway(t, u, both(asking(client), withhold(0.7, gateway.Closed))), ask)
		got := make(chan string, 1)
		go func() {
			buf := make([]byte, 1<<20)
			n, _ := resp.Body.Read(buf)
			got <- string(buf[:n])
		}()
		first := <-got
		if text, _ := content(t, wholeEvents(first)); text != "" {
			t.Errorf("%q came without a confidence", text)
		}
		go func() {
			for range 10 {
				answer <- "0.75"
			}
		}()
		if _, rest := told(t, first+read(t, resp)); rest != string(data) {
			t.Error(difference(rest, string(data)))
		}
	})
}

// wholeEvents is a stream up to its last whole event.
func wholeEvents(s string) string { return s[:strings.LastIndex("\n\n"+s, "\n\n")] }

func readUntil(t testing.TB, resp *http.Response, enough func(string) bool) (got string) {
	t.Helper()
	buf := make([]byte, 64<<10)
	for !enough(got) {
		n, err := resp.Body.Read(buf)
		got += string(buf[:n])
		if err != nil && !enough(got) {
			t.Fatalf("%v after %q", err, got)
		}
	}
	return got
}

// TestWhatCannotBeCheckedGoesAsTheFailurePolicySays.
func TestWhatCannotBeCheckedGoesAsTheFailurePolicySays(t *testing.T) {
	data := demo(t)
	bare := stripped(t, data, -1)
	silent := func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }
	small, err := wazero.New(t.Context(), wazero.WithMemoryLimit(320<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	huge := `data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"` + strings.Repeat("x", 250<<10) + `"}}]}` + "\n\n"
	const delay = 30 * time.Second
	wait := func(c *gateway.Config) { c.MaxDelay = delay }
	for _, c := range []struct {
		name, stream, why string
		set               func(*gateway.Config)
	}{
		{"no logprobs", bare, "no-logprobs", func(*gateway.Config) {}},
		{"a model that is down", string(data), "endpoint-error", asking(confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(500) }))},
		{"a model that is silent", string(data), "held-too-long", both(asking(confidenceModel(t, silent)), wait)},
		{"more than may be held", string(data), "held-too-much", both(asking(confidenceModel(t, silent)), wait, func(c *gateway.Config) { c.MaxHeld = 20_000 })},
		{"a trap", string(data[:20_000]) + "\n\n" + huge + string(data[20_000:]), "core-lost", func(c *gateway.Config) { c.Engine = small }},
	} {
		u := newUpstream(t, replay([]byte(c.stream), burst))
		answer := func(t *testing.T, failure gateway.Failure) string {
			clock := gateway.NewFakeClock()
			resp := post(t, newGateway(t, u, both(withhold(0.5, failure), c.set, func(c *gateway.Config) { c.SetClock(clock) })), ask)
			got := ""
			if c.why == "held-too-much" { // comes while no time passes
				got = readUntil(t, resp, func(s string) bool { return strings.Contains(s, c.why) })
			}
			return got + readWhile(t, resp, func(done <-chan struct{}) { clock.Elapse(delay, done) })
		}
		t.Run(c.name+"/open", func(t *testing.T) {
			got := answer(t, gateway.Open)
			all, rest := told(t, got)
			if rest != c.stream {
				t.Error(difference(rest, c.stream))
			}
			actions := ""
			for _, r := range all {
				if d, ok := r.(*record.Decision); ok {
					actions += d.Action + ": " + d.Reason + "; "
				}
			}
			if !strings.Contains(actions, c.why) {
				t.Errorf("told %q, want %q", actions, c.why)
			}
		})
		t.Run(c.name+"/closed", func(t *testing.T) {
			got := answer(t, gateway.Closed)
			all, _ := told(t, got)
			if end := decided(all); end.Action != record.ActionEnd || end.Reason != c.why {
				t.Errorf("told at last %+v, want end: %s", end, c.why)
			}
			if _, finished := content(t, got); fmt.Sprint(finished) != "[content_filter]" || !strings.HasSuffix(got, "data: [DONE]\n\n") {
				t.Errorf("ends with %q", got[max(0, len(got)-400):])
			}
		})
	}
}

// TestAToolCallIsNotTakenForCheckedText.
func TestAToolCallIsNotTakenForCheckedText(t *testing.T) {
	const role = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}` + "\n\n"
	const call = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"pay","arguments":"{}"}}]},"finish_reason":null}]}` + "\n\n"
	const rest = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}` + "\n\ndata: [DONE]\n\n"
	u := newUpstream(t, replay([]byte(role+call+rest), burst))
	if got := read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), ask)); strings.Contains(got, "pay") || !strings.Contains(got, "tool-call") {
		t.Errorf("closed: %s", got)
	}
	if _, got := told(t, read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Open)), ask))); got != role+call+rest {
		t.Errorf("open: %s", got)
	}
}

// TestWhatFollowsTheEndUnderWithhold: nothing checks the bytes after [DONE]. They pass
// unchanged if the failure policy is open and nothing of the answer was withheld.
func TestWhatFollowsTheEndUnderWithhold(t *testing.T) {
	const after = ": usage follows\n\ndata: {\"object\":\"more\",\"cost\":0.5}\n\nnot an event"
	for _, c := range []struct {
		name      string
		threshold float64
		failure   gateway.Failure
		want      bool
	}{
		{"open", 0, gateway.Open, true},
		{"closed", 0, gateway.Closed, false},
		{"open, but the answer was withheld", 1, gateway.Open, false},
	} {
		for how, cut := range map[string]func([]byte) (int, time.Duration){"at once": burst, "in pieces": bytewise(7)} {
			u := newUpstream(t, replay([]byte(string(demo(t))+after), cut))
			got := read(t, post(t, newGateway(t, u, withhold(c.threshold, c.failure)), ask))
			_, rest, ended := strings.Cut(got, "data: [DONE]\n\n")
			if want := map[bool]string{true: after}[c.want]; !ended || rest != want {
				t.Errorf("%s, %s: %q after [DONE], want %q", c.name, how, rest, want)
			}
		}
	}
}

// TestClearTextGoesOutBeforeTheEnd, although the confidence of what comes after it is known
// first.
func TestClearTextGoesOutBeforeTheEnd(t *testing.T) {
	const first = "One paragraph, which is long enough."
	stream := chunkOf(probable("content", first)) + chunkOf(probable("content", "\\n\\nAnd another one.")) + finished + ended
	u := newUpstream(t, replay([]byte(stream), burst))
	for range 5 {
		known := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "another") {
				says(w, "0.1")
				close(known)
				return
			}
			<-known
			says(w, "0.9")
		}))
		set := both(withhold(0.5, gateway.Closed), asking(modelAt(t, s.URL)), func(c *gateway.Config) { c.Session.Fusion.Depth = 0 })
		got := read(t, post(t, newGateway(t, u, set), ask))
		s.Close()
		all, _ := told(t, got)
		if text, ends := content(t, got); text != first || fmt.Sprint(ends) != "[content_filter]" || decided(all).Byte != int64(len(first)) {
			t.Fatalf("%q %v %+v\n%s", text, ends, decided(all), got)
		}
	}
}
