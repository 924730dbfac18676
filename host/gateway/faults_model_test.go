package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// modelFault is something that a confidence model does.
type modelFault struct {
	name   string
	answer func(w http.ResponseWriter, r *http.Request) // nil: nobody listens
	late   bool                                         // nothing comes until a limit has passed
	why    session.Reason                               // of p(0)
}

var modelFaults = []modelFault{
	{name: "refuses the connection", why: session.Unreachable},
	{name: "says 429", why: session.EndpointError, answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}},
	{name: "says 500", why: session.EndpointError, answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
	{name: "sends a page", why: session.BadReply, answer: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<!doctype html><p>Hello") }},
	{name: "sends prose", why: session.BadReply, answer: func(w http.ResponseWriter, _ *http.Request) { says(w, "I am quite sure") }},
	{name: "hangs in the middle of its reply", why: session.Timeout, late: true, answer: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"0.`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}},
	{name: "does not answer", why: session.Timeout, late: true, answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
}

// serve starts a confidence model that does so.
func (f *modelFault) serve(t *testing.T) func(*gateway.Config) {
	if f.answer != nil {
		return asking(confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) { f.answer(w, r) }))
	}
	s := httptest.NewServer(nil)
	s.Close()
	return asking(modelAt(t, s.URL))
}

// TestWhateverTheModelDoes the text passes under annotate, without waiting for it, and p(z)
// says why it has no value. Under withhold the failure policy decides.
func TestWhateverTheModelDoes(t *testing.T) {
	data := string(demo(t))
	whole, _ := content(t, data)
	u := newUpstream(t, replay([]byte(data), burst))
	limit := gateway.DefaultConfig().MaxDelay
	for _, f := range modelFaults {
		answer := func(t *testing.T, set func(*gateway.Config)) string {
			clock := gateway.NewFakeClock()
			resp := post(t, newGateway(t, u, both(f.serve(t), defaultLimits(clock), set)), ask)
			if !f.late {
				return read(t, resp)
			}
			got := ""
			if resp.Header.Get("X-FineCE-Policy") == "annotate" { // the text comes while no time passes
				got = readUntil(t, resp, func(s string) bool { text, _ := content(t, wholeEvents(s)); return text == whole })
			}
			return got + readWhile(t, resp, func(done <-chan struct{}) { clock.Elapse(limit, done) })
		}
		t.Run(f.name+"/annotate", func(t *testing.T) {
			all, rest := told(t, answer(t, func(*gateway.Config) {}))
			if rest != data {
				t.Error(difference(rest, data))
			}
			if asked := latest(all, 0)[0]; asked == nil || asked.State != session.Unavailable || asked.Reason != f.why {
				t.Errorf("p(0) is %+v, want %s", asked, f.why)
			}
			if end := endPosition(all); end == nil || end.Source.Estimator != "logprob" || end.Calibrated {
				t.Errorf("p(z) is %+v, want a certainty of the log-probabilities", end)
			}
		})
		t.Run(f.name+"/withhold open", func(t *testing.T) {
			if _, rest := told(t, answer(t, withhold(0.5, gateway.Open))); rest != data {
				t.Error(difference(rest, data))
			}
		})
		t.Run(f.name+"/withhold closed", func(t *testing.T) {
			got := answer(t, withhold(0.5, gateway.Closed))
			text, ends := content(t, got)
			if all, _ := told(t, got); text != "" || len(ends) != 1 || decided(all).Action != record.ActionEnd || !strings.HasSuffix(got, ended) {
				t.Errorf("text %q, ends %q, decided %+v", text, ends, decided(all))
			}
		})
	}
}

// TestASlowModelIsWaitedForAtTheEnd, if it is within Config.Settle.
func TestASlowModelIsWaitedForAtTheEnd(t *testing.T) {
	data := string(demo(t))
	whole, _ := content(t, data)
	u := newUpstream(t, replay([]byte(data), burst))
	came := make(chan struct{})
	client := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-came:
			says(w, "0.75")
		case <-r.Context().Done():
		}
	})
	resp := post(t, newGateway(t, u, both(asking(client), defaultLimits(gateway.NewFakeClock()))), ask)
	got := readUntil(t, resp, func(s string) bool { text, _ := content(t, wholeEvents(s)); return text == whole })
	close(came)
	all, rest := told(t, got+read(t, resp))
	if end := endPosition(all); rest != data || end == nil || end.State != session.Final || end.Raw != 0.75 {
		t.Errorf("p(z) is %+v: %s", end, difference(rest, data))
	}
}

// endPosition is the last confidence told for p(z) of the first choice; nil if there is none.
func endPosition(all []record.Record) (end *record.Confidence) {
	for _, r := range all {
		if c, ok := r.(*record.Confidence); ok && c.Choice == 0 && c.Kinds&position.End != 0 {
			end = c
		}
	}
	return end
}
