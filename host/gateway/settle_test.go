package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
)

const plainAnswer = `{"choices":[{"index":0,"message":{"role":"assistant","content":"It is 42."},"finish_reason":"stop"}]}`

// answers serves the demo stream to requests that stream, else a plain answer.
func answers(t testing.TB) *upstream {
	data := demo(t)
	return newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), `"stream":true`) {
			replay(data, burst)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, plainAnswer)
	})
}

// TestAnAnswersEndWaitsForOneSecond for the confidence model, and no longer.
func TestAnAnswersEndWaitsForOneSecond(t *testing.T) {
	silent := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	u := answers(t)
	whole, _ := content(t, string(demo(t)))
	clock := gateway.NewFakeClock()
	s := newGateway(t, u, both(asking(silent), defaultLimits(clock)))

	resp := post(t, s, ask)
	got := readUntil(t, resp, func(s string) bool { text, _ := content(t, wholeEvents(s)); return text == whole })
	clock.Expire(t, time.Second)
	if got += read(t, resp); !strings.HasSuffix(got, "[DONE]\n\n") || !strings.Contains(got, `"reason":"timeout"`) {
		t.Errorf("the end is %s", got[max(0, len(got)-500):])
	}

	// A plain answer's headers tell what came of it, so that it comes afterwards.
	plain := make(chan string)
	go func() { plain <- read(t, post(t, s, `{"model":"m"}`)) }()
	clock.Expire(t, time.Second)
	if got := <-plain; !strings.Contains(got, "It is 42.") || !strings.Contains(got, `"reason":"timeout"`) {
		t.Errorf("the plain answer is %s", got)
	}
}

// TestAnswersDoNotWaitForADeadModel once several have waited in vain. After a
// pause one answer tries again.
func TestAnswersDoNotWaitForADeadModel(t *testing.T) {
	var alive atomic.Bool
	client := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if alive.Load() {
			says(w, "0.75")
			return
		}
		<-r.Context().Done()
	})
	u := answers(t)
	clock := gateway.NewFakeClock()
	var mu sync.Mutex
	var log []string
	s := newGateway(t, u, both(asking(client), defaultLimits(clock), func(c *gateway.Config) {
		c.Report = func(message string, err error) {
			mu.Lock()
			defer mu.Unlock()
			if message == "the confidence model" {
				log = append(log, err.Error())
			}
		}
	}))
	opened := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(log)
	}
	answer := func(waits bool) string {
		t.Helper()
		got := make(chan string, 1)
		go func() { got <- read(t, post(t, s, ask)) }()
		if waits {
			clock.Expire(t, time.Second)
		}
		return <-got
	}
	for range gateway.BreakerLimit {
		if opened() != 0 {
			t.Error("the breaker opened too early")
		}
		answer(true)
	}
	if opened() != 1 {
		t.Errorf("the log says %q", log)
	}
	for range 3 {
		if got := answer(false); !strings.HasSuffix(got, "[DONE]\n\n") || !strings.Contains(got, `"reason":"timeout"`) {
			t.Errorf("an answer that does not wait ends with %s", got[max(0, len(got)-500):])
		}
	}
	clock.Advance(gateway.BreakerPause)
	answer(true) // the trial fails
	answer(false)
	clock.Advance(gateway.BreakerPause)
	alive.Store(true)
	for range 3 { // the first is the trial
		if got := answer(false); !strings.Contains(got, `"kinds":["end"]`) || strings.Contains(got, `"reason":"timeout"`) {
			t.Errorf("the model answers again: %s", got[max(0, len(got)-500):])
		}
	}
	alive.Store(false)
	answer(true) // one failure is not several
}

// TestAClientThatLeavesDuringATrialLeavesItToAnother.
func TestAClientThatLeavesDuringATrialLeavesItToAnother(t *testing.T) {
	client := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	u := answers(t)
	whole, _ := content(t, string(demo(t)))
	clock := gateway.NewFakeClock()
	s := newGateway(t, u, both(asking(client), defaultLimits(clock)))
	begin := func() *http.Response {
		resp := post(t, s, ask)
		readUntil(t, resp, func(s string) bool { text, _ := content(t, wholeEvents(s)); return text == whole })
		return resp
	}
	for range gateway.BreakerLimit {
		resp := begin()
		clock.Expire(t, time.Second)
		read(t, resp)
	}
	clock.Advance(gateway.BreakerPause)
	begin().Body.Close()
	for limit := time.Now().Add(hung); ; { // until the gateway has noticed
		if time.Now().After(limit) {
			t.Fatal("hung: no answer waits")
		}
		resp := begin()
		done := make(chan struct{})
		go func() { io.ReadAll(resp.Body); close(done) }()
		if clock.Waits(time.Second, done) {
			clock.Expire(t, time.Second)
			<-done
			return
		}
	}
}
