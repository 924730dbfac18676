package model_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// text has five positions: the question, the ends of its first three paragraphs, and its end.
const text = "One half is 21.\n\nThe other half is 21.\n\nTheir sum is 42.\n\nSo it is 42."

// asking is a session that asks a confidence model. It keeps the last event of each position.
type asking struct {
	host.Session
	t        *testing.T
	exchange *model.Exchange
	last     []session.Event // by position
}

func newAsking(t *testing.T, ctx context.Context, c *model.Client, limits model.Limits) *asking {
	t.Helper()
	config := host.DefaultConfig()
	config.Question, config.Format = "What is 6 times 7?", stream.Text
	config.Estimator, config.Model = session.Model, estimate.DefaultModel()
	s, events, err := host.Native().Open(config)
	if err != nil {
		t.Fatal(err)
	}
	a := &asking{Session: s, t: t}
	a.exchange = c.Exchange(ctx, s, limits, func(events []session.Event) {
		for _, e := range events {
			if e.Kind != session.Confidence {
				continue
			}
			for len(a.last) <= e.Position.Index {
				a.last = append(a.last, session.Event{})
			}
			a.last[e.Position.Index] = e
		}
	})
	t.Cleanup(func() {
		a.exchange.Close()
		s.Close()
	})
	a.must(a.exchange.Handle(events))
	return a
}

func (a *asking) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// write writes the whole text and ends it.
func (a *asking) write() {
	a.t.Helper()
	for _, call := range []func() ([]session.Event, error){func() ([]session.Event, error) { return a.Write([]byte(text)) }, a.End} {
		events, err := call()
		a.must(err)
		a.must(a.exchange.Handle(events))
	}
}

// states returns the final state of each position.
func (a *asking) states() string {
	var all []string
	for _, e := range a.last {
		if e.State == session.Unavailable {
			all = append(all, e.Reason.String())
		} else {
			all = append(all, fmt.Sprintf("%s %.2g", e.State, e.Raw))
		}
	}
	return strings.Join(all, ", ")
}

// replying answers a request with a confidence.
func replying(w http.ResponseWriter, confidence string) {
	fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":%q}}]}`, confidence)
}

func TestExchangeScoresEveryPosition(t *testing.T) {
	var lock sync.Mutex
	bodies := 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		bodies++
		replying(w, "0.7")
	})
	a := newAsking(t, t.Context(), client(t, model.DefaultConfig(server.URL)), model.DefaultLimits())
	a.write()
	a.must(a.exchange.Drain(t.Context()))
	if got, want := a.states(), "final 0.7, final 0.7, final 0.7, final 0.7, final 0.7"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if bodies != 5 || a.exchange.Pending() != 0 || len(a.exchange.Failures()) != 0 {
		t.Errorf("%d requests, %d pending", bodies, a.exchange.Pending())
	}
}

// TestExchangeGivesUpWhatIsStale lets no request return before the text has ended. One request
// is in flight and one may wait. Those about the question and the end are never given up.
func TestExchangeGivesUpWhatIsStale(t *testing.T) {
	ended := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-ended
		replying(w, "0.7")
	})
	a := newAsking(t, t.Context(), client(t, model.DefaultConfig(server.URL)), model.Limits{Flying: 1, Waiting: 1})
	a.write()
	close(ended)
	a.must(a.exchange.Drain(t.Context()))
	if got, want := a.states(), "final 0.7, superseded, superseded, final 0.7, final 0.7"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestExchangeAbandons(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { hang(r) })
	a := newAsking(t, t.Context(), client(t, model.DefaultConfig(server.URL)), model.Limits{Flying: 2, Waiting: math.MaxInt})
	a.write()
	if n := a.exchange.Pending(); n != 5 {
		t.Errorf("%d pending, want 5", n)
	}
	a.must(a.exchange.Abandon(session.GivenUp))
	if a.exchange.Pending() != 0 {
		t.Errorf("%d pending", a.exchange.Pending())
	}
	for i, e := range a.last {
		if e.State != session.Unavailable || e.Reason != session.GivenUp {
			t.Errorf("position %d: %v %v", i, e.State, e.Reason)
		}
	}
	// The two requests in flight return as cancelled, and change nothing.
	before := a.states()
	for range 2 {
		a.must(a.exchange.Settle(<-a.exchange.Replies()))
	}
	if got := a.states(); got != before {
		t.Errorf("%s, before %s", got, before)
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { hang(r) })
	a := newAsking(t, t.Context(), client(t, model.DefaultConfig(server.URL)), model.DefaultLimits())
	a.write()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.must(a.exchange.Drain(ctx))
	for i, e := range a.last {
		if e.State != session.Unavailable || e.Reason != session.Cancelled {
			t.Errorf("position %d: %v %v", i, e.State, e.Reason)
		}
	}
}

func TestExchangeTellsItsFailures(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	a := newAsking(t, t.Context(), client(t, model.DefaultConfig(server.URL)), model.DefaultLimits())
	a.write()
	a.must(a.exchange.Drain(t.Context()))
	if slices.ContainsFunc(a.last, func(e session.Event) bool { return e.Reason != session.EndpointError }) {
		t.Error(a.states())
	}
	failures := a.exchange.Failures()
	if len(failures) != 5 || !strings.Contains(failures[0].Error(), "HTTP 403 Forbidden; set the key in FINECE_API_KEY") {
		t.Errorf("%d failures: %v", len(failures), failures)
	}
	if again := a.exchange.Failures(); len(again) != 0 {
		t.Errorf("the same failures again: %v", again)
	}
}

// broken is a session that has ended.
type broken struct{ host.Session }

var errBroken = errors.New("the session has ended")

func (broken) Request([]byte, uint32) ([]byte, error)               { return nil, errBroken }
func (broken) Resolve(uint32, []byte) ([]session.Event, error)      { return nil, errBroken }
func (broken) Fail(uint32, session.Reason) ([]session.Event, error) { return nil, errBroken }
func askEvent(id uint32, kind position.Kind) session.Event {
	return session.Event{Kind: session.Ask, ID: id, Position: position.Position{Kind: kind}}
}

func TestExchangeReportsASessionThatFails(t *testing.T) {
	x := client(t, model.DefaultConfig("http://127.0.0.1:1")).Exchange(t.Context(), broken{}, model.DefaultLimits(), func([]session.Event) {})
	defer x.Close()
	for name, err := range map[string]error{
		"a request": x.Handle([]session.Event{askEvent(0, position.Question)}),
		"a reply":   x.Settle(model.Reply{ID: 0, Body: []byte("{}")}),
		"a failure": x.Settle(model.Reply{ID: 0, Err: errors.New("refused")}),
	} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewFor(t *testing.T) {
	m := estimate.DefaultModel()
	m.Adapter = estimate.Classify
	m.Name = "value"
	for _, base := range []string{"http://127.0.0.1:8000", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/"} {
		c, err := model.NewFor(&m, model.DefaultConfig(base))
		if err != nil || c.URL() != "http://127.0.0.1:8000/classify" {
			t.Errorf("%s: %v, %v", base, c, err)
		}
	}
	m.Adapter = estimate.Chat
	if c, err := model.NewFor(&m, model.DefaultConfig("http://127.0.0.1:8000/v1")); err != nil || c.URL() != "http://127.0.0.1:8000/v1/chat/completions" {
		t.Errorf("%v, %v", c, err)
	}
	m.Adapter = 99
	if _, err := model.NewFor(&m, model.DefaultConfig("http://127.0.0.1:8000")); err == nil || !strings.HasPrefix(err.Error(), "model: ") {
		t.Errorf("%v, want an error about the model", err)
	}
}
