package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

func skipping(c *gateway.Config) { c.SkipAbove = 0.8 }

// judge is a confidence model that gives every text the same number, and keeps what it was
// asked.
type judge struct {
	mu    sync.Mutex
	asked []string
}

func (j *judge) model(t testing.TB, number string) func(*gateway.Config) {
	return asking(confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		body, _ := io.ReadAll(r.Body)
		j.mu.Lock()
		j.asked = append(j.asked, string(body))
		j.mu.Unlock()
		says(w, number)
	}))
}

func (j *judge) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.asked
}

// gateDecision is what the gate has decided, nil if nothing; and the confidences told of
// positions other than p(0).
func gateDecision(t testing.TB, all []record.Record) (skip *record.Decision, others int) {
	t.Helper()
	for _, r := range all {
		switch r := r.(type) {
		case *record.Decision:
			if r.Policy == string(gateway.Gate) {
				if skip != nil {
					t.Errorf("two decisions of the gate: %+v, %+v", skip, r)
				}
				skip = r
			}
		case *record.Confidence:
			if r.Kinds&position.Question == 0 {
				others++
			}
		}
	}
	return skip, others
}

// TestTheGateSkipsWhatNeedsNoScoring, whatever the policy beside it: the confidence model is
// asked about the question alone, and the text passes. An answer to another question is
// handled as the policy says.
func TestTheGateSkipsWhatNeedsNoScoring(t *testing.T) {
	data := string(demo(t))
	whole, _ := content(t, data)
	for _, c := range []struct {
		name    string
		set     func(*gateway.Config)
		answers int  // that are asked for at least
		acts    bool // the policy does something to an answer of 0.5
	}{
		{"annotate", func(*gateway.Config) {}, 1, false},
		{"warn", func(c *gateway.Config) { c.Policy, c.WarnBelow = gateway.Warn, 0.99 }, 1, true},
		{"withhold, open", withhold(0.99, gateway.Open), 1, true},
		{"withhold, closed", withhold(0.99, gateway.Closed), 1, true},
		{"stop", stop(0.99, 1), 1, false},
		{"escalate", escalating(0.99, 1, gateway.Closed), 1, true},
		{"best-of", bestOf(2), 2, true},
		{"vote", voting(2), 2, true},
	} {
		for _, number := range []string{"0.9", "0.8", "0.5"} {
			for _, streamed := range []bool{true, false} {
				name := fmt.Sprintf("%s, p(0) %s, streamed %v", c.name, number, streamed)
				u := answers(t)
				var j judge
				seen := make(chan *gateway.Exchange, 1)
				s := newGateway(t, u, both(skipping, c.set, j.model(t, number), observing(seen)))
				body, text := ask, whole
				if !streamed {
					body, text = `{"model":"m","messages":[{"role":"user","content":"?"}]}`, "It is 42."
				}
				resp := post(t, s, body)
				got := read(t, resp)
				all, rest := told(t, got+"\n")
				skip, others := gateDecision(t, all)
				x := observed(t, seen)
				if number != "0.9" { // 0.8 is not above 0.8
					// Stop comes too late where all of the stream has passed.
					acted := c.name == "stop" || c.acts == (textOf(t, got) != text || decided(all).Policy != "")
					if skip != nil || others == 0 || len(j.all()) < 2 || x.Reason == "skipped" || !acted {
						t.Errorf("%s: %+v, %d other positions, %d requests: %s", name, skip, others, len(j.all()), got)
					}
					continue
				}
				if n := len(j.all()); n < 1 || n > c.answers || u.count() > c.answers {
					t.Errorf("%s: %d requests to the confidence model, %d to the upstream", name, n, u.count())
				}
				for _, asked := range j.all() {
					if strings.Contains(asked, "It is 42") || strings.Contains(asked, "126") {
						t.Errorf("%s: the confidence model was asked about the answer: %s", name, asked)
					}
				}
				if textOf(t, got) != text || c.answers == 1 && streamed && !strings.Contains(c.name, "escalate") && rest != data+"\n" {
					t.Errorf("%s: the text is %q, %s", name, textOf(t, got), difference(rest, data))
				}
				if skip == nil || skip.Action != record.ActionSkip || skip.Reason != "high" || skip.Threshold != 0.8 || skip.Index != 0 || others != 0 {
					t.Errorf("%s: %+v, %d other positions: %s", name, skip, others, got)
				}
				if first := latest(all, 0)[0]; first == nil || first.Fused != 0.9 {
					t.Errorf("%s: p(0) is %+v", name, first)
				}
				if x.Checked != "unavailable" || x.Reason != "skipped" || x.Answers[0].Headline.Fused != 0.9 || len(x.Decisions) != 1 || !streamed && resp.Header.Get("X-FineCE-Reason") != "skipped" {
					t.Errorf("%s: %+v %v", name, x, resp.Header)
				}
			}
		}
	}
}

// TestTheGateActsOnEverySurface: the stream is the upstream's, although it is below the
// threshold of withhold.
func TestTheGateActsOnEverySurface(t *testing.T) {
	for path, c := range map[string]struct{ body, data string }{
		"/v1/chat/completions": {ask, string(demo(t))},
		"/v1/completions":      {`{"model":"m","stream":true,"logprobs":4,"prompt":"?"}`, legacy(sure, "It", " is", " 42.") + legacyEnd},
		"/v1/messages":         {askMessages, messagesFixture(t, "anthropic/messages.sse")},
		"/v1/responses":        {askResponses, numbered(responseEvents(sure, "It", " is", " 42.")...)},
	} {
		var j judge
		s := newGateway(t, newUpstream(t, replay([]byte(c.data), burst)), both(skipping, withhold(0.99, gateway.Closed), j.model(t, "0.9")))
		got := read(t, postTo(t, s, path, c.body))
		all, rest := told(t, got)
		if skip, others := gateDecision(t, all); skip == nil || others != 0 || len(j.all()) != 1 || rest != c.data {
			t.Errorf("%s: %+v, %d other positions, %d requests: %s", path, skip, others, len(j.all()), difference(rest, c.data))
		}
	}
}

// TestAnAnswerIsScoredIfTheQuestionIsNot: p(0) fails, is late, or is no probability.
func TestAnAnswerIsScoredIfTheQuestionIsNot(t *testing.T) {
	data := demo(t)
	first := func(f http.HandlerFunc) func(*gateway.Config) {
		return asking(confidenceModel(t, func(w http.ResponseWriter, r *http.Request, n int) {
			if n == 1 {
				f(w, r)
				return
			}
			says(w, "0.9")
		}))
	}
	for name, set := range map[string]func(*gateway.Config){
		"it fails":          first(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
		"it cannot be read": first(func(w http.ResponseWriter, _ *http.Request) { says(w, "perhaps") }),
		"it is outside": both(first(func(w http.ResponseWriter, _ *http.Request) { says(w, "0.9") }), func(c *gateway.Config) {
			c.Uncalibrated, c.Session.Card = gateway.Refuse, &calibrate.Card{Generator: "other", Labels: 9, High: 1}
		}),
	} {
		s := newGateway(t, newUpstream(t, replay(data, burst)), both(skipping, set))
		all, rest := told(t, read(t, post(t, s, ask)))
		skip, _ := gateDecision(t, all)
		scored := 0
		for _, c := range latest(all, 0) {
			if c.Index > 0 && c.HasValue() {
				scored++
			}
		}
		if skip != nil || scored == 0 || rest != string(data) {
			t.Errorf("%s: %+v, %d positions: %s", name, skip, scored, difference(rest, string(data)))
		}
	}
}

// TestNothingIsAskedBeforeTheQuestion: while p(0) is out, nothing else is asked, and an
// answer's end waits as long as ever.
func TestNothingIsAskedBeforeTheQuestion(t *testing.T) {
	whole, _ := content(t, string(demo(t)))
	for _, c := range []struct {
		name string
		set  func(*gateway.Config)
		wait time.Duration
		text bool
	}{
		{"annotate", func(*gateway.Config) {}, time.Second, true},
		{"withhold, open", withhold(0.5, gateway.Open), 30 * time.Second, true},
		{"withhold, closed", withhold(0.5, gateway.Closed), 30 * time.Second, false},
	} {
		var mu sync.Mutex
		requests := 0
		silent := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, n int) {
			mu.Lock()
			requests = n
			mu.Unlock()
			<-r.Context().Done()
		})
		clock := gateway.NewFakeClock()
		s := newGateway(t, answers(t), both(skipping, asking(silent), defaultLimits(clock), c.set))
		got := readWhile(t, post(t, s, ask), func(done <-chan struct{}) { clock.Elapse(c.wait, done) })
		text, _ := content(t, got)
		all, _ := told(t, got)
		skip, _ := gateDecision(t, all)
		mu.Lock()
		if skip != nil || requests > 1 || (text == whole) != c.text || !strings.HasSuffix(got, ended) {
			t.Errorf("%s: %+v, %d requests, %q", c.name, skip, requests, text)
		}
		mu.Unlock()
	}
}

// TestTheGateRefusesASourceThatIsNotCalibrated, when the gateway starts.
func TestTheGateRefusesASourceThatIsNotCalibrated(t *testing.T) {
	model := asking(modelAt(t, "http://127.0.0.1:1/v1"))
	card := func(card calibrate.Card) func(*gateway.Config) {
		return both(model, func(c *gateway.Config) { card.Labels, card.High = 9, 1; c.Session.Card = &card })
	}
	mapped := func(bands ...calibrate.Band) func(*gateway.Config) {
		return both(model, func(c *gateway.Config) {
			c.Session.Calibration = likewise(&calibrate.Card{Bands: bands, Labels: 9, High: 1})
		})
	}
	for _, c := range []struct {
		name string
		set  func(*gateway.Config)
		want string // in the error; "" if there is none
	}{
		{"log-probabilities", func(*gateway.Config) {}, "skip_above needs a confidence model"},
		{"a model without a card", model, "the policy gate acts on a threshold, so it needs probabilities: the confidence model has neither"},
		{"one that is allowed", both(model, func(c *gateway.Config) { c.Uncalibrated = gateway.Allow }), ""},
		{"a model with a card", card(calibrate.Card{}), ""},
		{"a model of whole answers", card(calibrate.Card{Kinds: position.End}), "(question)"},
		{"a map", mapped(), ""},
		{"a map of p(0)", mapped(calibrate.Question), ""},
		{"a map without p(0)", mapped(calibrate.Late), "no positions of the question alone"},
		{"beyond its range", both(model, func(c *gateway.Config) { c.SkipAbove = -0.1 }), "skip_above -0.1: want 0 to 1"},
	} {
		config := config("http://127.0.0.1:1/v1", core(t))
		config.Uncalibrated = gateway.Refuse
		both(skipping, c.set)(&config)
		_, err := gateway.New(config)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
