package host_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// asking is a configuration with a confidence model.
func asking() host.Config {
	c := host.DefaultConfig()
	c.Question = "What is 6 times 7?"
	c.Format = stream.Text
	c.Estimator = session.Model
	return c
}

// reply is a chat completion that says content.
func reply(content string) []byte {
	text, _ := json.Marshal(content)
	return []byte(`{"choices":[{"index":0,"message":{"role":"assistant","content":` + string(text) + `}}]}`)
}

func asks(events []host.Event) []uint32 {
	var ids []uint32
	for _, e := range events {
		if e.Kind == session.Ask {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// must returns the events of a call that may not fail.
func must(t *testing.T) func([]host.Event, error) []host.Event {
	return func(events []host.Event, err error) []host.Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return clone(nil, events)
	}
}

const threeParagraphs = "Six sevens.\n\nThat is 42.\n\nSo 42."

func TestAModelIsAskedForEachPosition(t *testing.T) {
	onBoth(t, func(t *testing.T, engine host.Engine) {
		s, events, err := engine.Open(asking())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		all := clone(nil, events)
		all = append(all, must(t)(s.Write([]byte(threeParagraphs)))...)
		all = append(all, must(t)(s.End())...)
		ids := asks(all)
		if len(ids) != 4 {
			t.Fatalf("%d requests, want p(0), two paragraphs and p(z)", len(ids))
		}
		for i, want := range []string{"", "Six sevens.", "That is 42.", "So 42."} {
			body, err := s.Request(nil, ids[i])
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(body) || !strings.Contains(string(body), "What is 6 times 7?") || !strings.Contains(string(body), want) {
				t.Errorf("request %d: %s", i, body)
			}
			if i < 3 && strings.Contains(string(body), "So 42.") {
				t.Errorf("request %d quotes text after its position: %s", i, body)
			}
		}

		// Replies in another order than the requests, one of them nonsense and
		// one that never comes.
		all = append(all, must(t)(s.Resolve(ids[2], reply("0.9")))...)
		all = append(all, must(t)(s.Resolve(ids[0], reply("0.3")))...)
		all = append(all, must(t)(s.Resolve(ids[1], reply("very sure")))...)
		all = append(all, must(t)(s.Fail(ids[3], session.Timeout))...)
		if _, err := s.Resolve(ids[2], reply("0.1")); !errors.Is(err, session.ErrUnknownAsk) {
			t.Errorf("a second reply to one request: %v, want ErrUnknownAsk", err)
		}
		if _, err := s.Request(nil, 99); !errors.Is(err, session.ErrUnknownAsk) {
			t.Errorf("an id never asked: %v, want ErrUnknownAsk", err)
		}

		last := collect(t, 0, all)
		nan := math.NaN()
		want := []struct {
			state      session.State
			raw, fused float64
			reason     session.Reason
		}{
			{session.Final, 0.3, 0.6, session.NoReason}, // 0.5*0.3 + 0.5*0.9, over the missing one
			{session.Unavailable, nan, nan, session.BadReply},
			{session.Final, 0.9, 0.9, session.NoReason},
			{session.Unavailable, nan, nan, session.Timeout},
		}
		for i, w := range want {
			g := last[i]
			if g.State != w.state || g.Reason != w.reason || !same(g.Raw, w.raw) || !same(g.Fused, w.fused) {
				t.Errorf("position %d: %v %v raw %v fused %v, want %v %v raw %v fused %v",
					i, g.State, g.Reason, g.Raw, g.Fused, w.state, w.reason, w.raw, w.fused)
			}
		}
		var said string
		for _, e := range all {
			if e.Kind == session.Fault {
				said = string(e.Fault.Detail)
			}
		}
		if !strings.Contains(said, "very sure") {
			t.Errorf("the fault says %q, which does not quote the reply", said)
		}
	})
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestEarlierConfidencesAreRevisedAsEquation5Says(t *testing.T) {
	onBoth(t, func(t *testing.T, engine host.Engine) {
		data, err := os.ReadFile(demo)
		if err != nil {
			t.Fatal(err)
		}
		c := host.DefaultConfig()
		s, events, err := engine.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		all := clone(nil, events)
		all = append(all, must(t)(s.Write(data))...)
		all = append(all, must(t)(s.End())...)
		last := collect(t, 0, all)
		raw := make([]float64, len(last))
		for i, e := range last {
			raw[i] = e.Raw
		}
		want, err := bci.FusePath(nil, raw, c.Fusion)
		if err != nil {
			t.Fatal(err)
		}
		revised := 0
		for i, e := range last {
			if !same(e.Fused, want[i]) {
				t.Errorf("position %d: fused %v, the path gives %v", i, e.Fused, want[i])
			}
			if e.Revision > 0 {
				revised++
			}
			if e.State != session.Final && e.State != session.Unavailable {
				t.Errorf("position %d is still %v after the end", i, e.State)
			}
		}
		if len(last) < 5 || revised < 3 {
			t.Errorf("%d positions, %d of them revised", len(last), revised)
		}
	})
}

func TestWhatCannotBeScoredSaysWhy(t *testing.T) {
	chunk := func(delta, finish string) string {
		return `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + "}]}\n\n"
	}
	const done = "data: [DONE]\n\n"
	for _, c := range []struct {
		name, data string
		want       session.Reason
	}{
		{"no logprobs", chunk(`{"content":"42"}`, `"stop"`) + done, session.NoLogprobs},
		{"nothing generated", chunk(`{"role":"assistant"}`, `"stop"`) + done, session.NoText},
		{"nothing sent", "", session.NoText},
		{"a refusal", chunk(`{"refusal":"I cannot."}`, `"stop"`) + done, session.Refusal},
		{"a tool call", chunk(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`, `"tool_calls"`) + done, session.ToolCall},
		{"an error in mid-stream", chunk(`{"content":"4"}`, "null") + "data: {\"error\":{\"message\":\"overloaded\"}}\n\n", session.StreamFailed},
		{"a stream cut off", chunk(`{"content":"4"}`, "null"), session.StreamFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, engine host.Engine) {
				s, events, err := engine.Open(host.DefaultConfig())
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				all := clone(nil, events)
				all = append(all, must(t)(s.Write([]byte(c.data)))...)
				all = append(all, must(t)(s.End())...)
				last := collect(t, 0, all)
				if end := last[len(last)-1]; end.State != session.Unavailable || end.Reason != c.want {
					t.Errorf("p(z) is %v: %v, want unavailable: %v", end.State, end.Reason, c.want)
				}
			})
		})
	}
}

func TestChoicesAreScoredApart(t *testing.T) {
	var data strings.Builder
	for i, word := range []string{"One", "Eins", " two", " zwei"} {
		fmt.Fprintf(&data, `data: {"object":"chat.completion.chunk","choices":[{"index":%d,"delta":{"content":%q},"logprobs":{"content":[{"token":%q,"logprob":%v,"top_logprobs":[]}]},"finish_reason":null}]}`+"\n\n",
			i%2, word, word, -float64(i%2)-0.5)
	}
	for i := range 2 {
		fmt.Fprintf(&data, `data: {"object":"chat.completion.chunk","choices":[{"index":%d,"delta":{},"finish_reason":"stop"}]}`+"\n\n", i)
	}
	data.WriteString("data: [DONE]\n\n")
	onBoth(t, func(t *testing.T, engine host.Engine) {
		s, events, err := engine.Open(host.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		all := clone(nil, events)
		all = append(all, must(t)(s.Write([]byte(data.String())))...)
		all = append(all, must(t)(s.End())...)
		for choice, want := range []float64{math.Exp(-0.5), math.Exp(-1.5)} {
			last := collect(t, choice, all)
			if end := last[len(last)-1]; math.Abs(end.Raw-want) > 1e-12 {
				t.Errorf("choice %d: %v, want %v", choice, end.Raw, want)
			}
		}
	})
}

func TestAWrongConfigurationIsAnErrorThatNamesTheSetting(t *testing.T) {
	onBoth(t, func(t *testing.T, engine host.Engine) {
		for _, c := range []struct {
			set  func(*host.Config)
			want string
		}{
			{func(c *host.Config) { c.Fusion.Alpha = 1.5 }, "lpha"},
			{func(c *host.Config) { c.Fusion.Alpha = math.NaN() }, "lpha"},
			{func(c *host.Config) { c.Positions.Every = -1 }, "very"},
			{func(c *host.Config) { c.Positions.EntropyThreshold = math.NaN() }, "hreshold"},
			{func(c *host.Config) { c.MaxEvent = 1 }, "max_event"},
			{func(c *host.Config) { c.Fusion.Depth = 1000 }, "epth"},
			{func(c *host.Config) { c.Positions.Strategy = position.End << 1 }, "trategy"},
		} {
			config := host.DefaultConfig()
			c.set(&config)
			if _, _, err := engine.Open(config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		}
	})
}

func TestACalibrationIsAppliedBeforeIntegration(t *testing.T) {
	logistic := func(slope, intercept float64) calibrate.Map {
		return calibrate.Map{Method: calibrate.Platt, Clip: 1e-6, Parameters: []float64{slope, intercept}, N: 100, Low: 0.2, High: 0.8}
	}
	onBoth(t, func(t *testing.T, engine host.Engine) {
		c := asking()
		c.Calibration = &calibrate.Calibration{Boundary: 5, Maps: [calibrate.Bands]calibrate.Map{logistic(0.5, 0), logistic(1, -1), logistic(2, 0)}}
		s, events, err := engine.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		all := clone(nil, events)
		all = append(all, must(t)(s.Write([]byte(threeParagraphs)))...)
		all = append(all, must(t)(s.End())...)
		raw := []float64{0.3, 0.5, 0.6, 0.9}
		for i, id := range asks(all) {
			all = append(all, must(t)(s.Resolve(id, reply(fmt.Sprint(raw[i]))))...)
		}
		value := make([]float64, 4)
		for i, band := range []calibrate.Band{calibrate.Question, calibrate.Early, calibrate.Late, calibrate.Late} {
			var outside bool
			value[i], outside = c.Calibration.Apply(band, raw[i])
			from := collect(t, 0, all)[i].Source
			if from.Map != calibrate.Platt || from.Band != band || (from.Outside == calibrate.OutsideRange) != outside || outside != (i == 3) {
				t.Errorf("position %d: %v, want the map of %s", i, from, band)
			}
		}
		want, err := bciChain(value, c.Fusion)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range collect(t, 0, all) {
			if e.Raw != raw[i] || !same(e.Fused, want[i]) || e.State != session.Final {
				t.Errorf("position %d: %v raw %v fused %v, want %v", i, e.State, e.Raw, e.Fused, want[i])
			}
		}
	})
}

// bciChain integrates the values of one path.
func bciChain(value []float64, p bci.Params) ([]float64, error) {
	tree := bci.Tree{Conf: value, Parent: make([]int32, len(value))}
	for i := range tree.Parent {
		tree.Parent[i] = int32(i) - 1
	}
	return bci.Fuse(nil, tree, p)
}
