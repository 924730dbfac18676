package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
)

// observing sends what a gateway's observer is told.
func observing(told chan *gateway.Exchange) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Observe = func(_ context.Context, x *gateway.Exchange) { told <- x }
	}
}

// observed is the next exchange, whose observer is called after the client has its answer.
func observed(t testing.TB, told chan *gateway.Exchange) *gateway.Exchange {
	t.Helper()
	select {
	case x := <-told:
		return x
	case <-time.After(hung):
		t.Fatal("hung: the observer was not told")
		return nil
	}
}

// TestTheObserverIsTold what every client was, and how long it took.
func TestTheObserverIsTold(t *testing.T) {
	told := make(chan *gateway.Exchange, 100)
	u := newUpstream(t, replay(demo(t), bytewise(500)))
	for name, policy := range map[string]func(*gateway.Config){"annotate": nil, "withhold": withhold(0, gateway.Closed), "low": withhold(1, gateway.Closed)} {
		set := func(*gateway.Config) {}
		if policy != nil {
			set = policy
		}
		got := read(t, post(t, newGateway(t, u, both(set, observing(told))), ask))
		x := observed(t, told)
		if x.Status != 200 || x.Fate != gateway.Complete || x.Checked != "checked" || x.Route != "/v1/chat/completions" ||
			!x.Streamed || x.Asked != "demo" || x.Generator == "" || x.ID == "" || x.Sent != int64(len(got)) || x.Events == 0 || x.Read == 0 || x.Code != "" || x.Client != "" {
			t.Errorf("%s: %+v", name, x)
		}
		if len(x.Answers) != 1 || !x.Answers[0].Headline.HasValue() || x.Answers[0].Headline.Calibrated || x.Answers[0].Headline.Source.Estimator != "logprob" {
			t.Fatalf("%s: %+v", name, x.Answers)
		}
		switch name {
		case "low":
			if len(x.Decisions) != 1 || x.Decisions[0].Action != "end" || x.Decisions[0].Reason != "low" || x.Policy != gateway.Withhold {
				t.Errorf("low: %+v", x)
			}
		default:
			if a := x.Answers[0]; len(x.Decisions) != 0 || a.End == nil || a.End.Tokens == 0 || a.Headline.Kinds.String() != "end" || string(x.Policy) != name {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
}

// TestTheObserverIsToldOfEverythingElse that a client was answered.
func TestTheObserverIsToldOfEverythingElse(t *testing.T) {
	told := make(chan *gateway.Exchange, 100)
	line := gateway.KeyLine("laptop", "finece-secret")
	keys, err := gateway.ParseKeys([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"`+strings.Repeat("x", 1000)+`","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"So it is a quagga."},"finish_reason":"stop"}]}`)
	})
	s := newGateway(t, u, both(observing(told), func(c *gateway.Config) {
		c.Access = gateway.Access{Clients: keys, Host: func(string) bool { return true }}
	}))
	for _, c := range []struct{ method, path, key, want string }{
		{"POST", "/v1/chat/completions", "finece-secret", "laptop /v1/chat/completions 200 complete unavailable no-logprobs"},
		{"POST", "/V1//chat/completions/", "finece-secret", "laptop /v1/chat/completions 200 complete unavailable no-logprobs"},
		{"POST", "/v1/chat/completions", "finece-wrong", " /v1/chat/completions 401 complete   finece-key"},
		{"GET", "/v1/models/gpt", "finece-secret", "laptop /v1/models 200 complete unchecked surface"},
		{"GET", "/v1/files/finece-secret", "finece-secret", "laptop other 200 complete unchecked surface"},
		{"GET", "/v1/../x", "finece-secret", "laptop other 400 complete   finece-path"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, s.URL, strings.NewReader(ask))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path = c.path
		r.Header.Set("X-FineCE-Key", c.key)
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		resp.Body.Close()
		x := observed(t, told)
		if got := strings.TrimSpace(fmt.Sprint(x.Client, " ", x.Route, " ", x.Status, " ", x.Fate, " ", x.Checked, " ", x.Reason, " ", x.Code)); got != strings.TrimSpace(c.want) {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
		if text := fmt.Sprintf("%+v", x); strings.Contains(text, "secret") || strings.Contains(text, "quagga") || strings.Contains(text, "loaves") || len(x.ID) > 128 {
			t.Errorf("%s: the observer was told %s", c.path, text)
		}
	}
	u.CloseClientConnections()
	u.Close()
	read(t, post(t, newGateway(t, u, observing(told)), ask))
	if x := observed(t, told); x.Status != 502 || x.Code != "finece-upstream" || x.Reason != "upstream" || x.Checked != "unchecked" {
		t.Errorf("without an upstream: %+v", x)
	}
}

// TestTheObserverIsToldHowAnAnswerEnded if it did not end well.
func TestTheObserverIsToldHowAnAnswerEnded(t *testing.T) {
	told := make(chan *gateway.Exchange, 1)
	data := demo(t)
	half := data[:20_000]
	goesOn := make(chan struct{})
	t.Cleanup(func() { close(goesOn) })
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		replay(half, burst)(w, r)
		if r.Header.Get("X-Fate") == "broken" {
			panic(http.ErrAbortHandler)
		}
		select {
		case <-r.Context().Done():
		case <-goesOn:
		}
	})
	s := newGateway(t, u, observing(told))
	for _, fate := range []gateway.Fate{gateway.Broken, gateway.Cancelled} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/chat/completions", strings.NewReader(ask))
		r.Header.Set("X-Fate", string(fate))
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if fate == gateway.Cancelled {
			resp.Body.Close()
		} else {
			for buf := make([]byte, 1000); err == nil; {
				_, err = resp.Body.Read(buf)
			}
		}
		if x := observed(t, told); x.Fate != fate || x.Status != 200 {
			t.Errorf("%s: %+v", fate, x)
		}
	}
}

// TestTheObserverIsToldAboutTheConfidenceModel: how often it was asked, what failed, and
// how long the end waited.
func TestTheObserverIsToldAboutTheConfidenceModel(t *testing.T) {
	told := make(chan *gateway.Exchange, 1)
	u := answers(t)
	refuses := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) { w.WriteHeader(http.StatusTooManyRequests) })
	read(t, post(t, newGateway(t, u, both(asking(refuses), observing(told))), ask))
	if x := observed(t, told); x.ModelRefusals == 0 || x.ModelErrors < x.ModelRefusals || x.ModelCalls < x.ModelRefusals || x.Answers[0].Headline.Source.Estimator != "logprob" {
		t.Errorf("refusals: %+v", x)
	}

	hangs := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	clock := gateway.NewFakeClock()
	c := config(u.URL+"/v1", core(t))
	both(asking(hangs), defaultLimits(clock), observing(told))(&c)
	h, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := serverOf(t, h)
	for range gateway.BreakerLimit {
		if got := h.Breaker(); got != gateway.BreakerClosed {
			t.Errorf("the breaker is %s", got)
		}
		done := make(chan struct{})
		go func() { defer close(done); read(t, post(t, s, ask)) }()
		clock.Expire(t, time.Second)
		<-done
		if x := observed(t, told); x.ModelErrors == 0 || x.Settled != time.Second || x.Total != time.Second || x.Answers[0].Headline.Source.Estimator != "logprob" {
			t.Errorf("a slow model: %+v", x)
		}
	}
	if got := h.Breaker(); got != gateway.BreakerOpen {
		t.Errorf("the breaker is %s", got)
	}
	clock.Advance(gateway.BreakerPause)
	if got := h.Breaker(); got != gateway.BreakerHalfOpen {
		t.Errorf("the breaker is %s", got)
	}
}

// TestTheObserverIsToldHowLongTextWasHeld.
func TestTheObserverIsToldHowLongTextWasHeld(t *testing.T) {
	told := make(chan *gateway.Exchange, 1)
	client := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	clock := gateway.NewFakeClock()
	limit := gateway.DefaultConfig().MaxDelay
	s := newGateway(t, answers(t), both(asking(client), withhold(0.5, gateway.Closed), defaultLimits(clock), observing(told)))
	done := make(chan struct{})
	go func() { defer close(done); read(t, post(t, s, ask)) }()
	clock.Expire(t, limit)
	<-done
	if x := observed(t, told); x.Held != limit || len(x.Decisions) != 1 || x.Decisions[0].Action != "end" {
		t.Errorf("%+v", x)
	}
}

// TestAnAnswersOwnID is in its header and in what the observer is told, with the answer's
// positions. What is not scored has none.
func TestAnAnswersOwnID(t *testing.T) {
	told := make(chan *gateway.Exchange, 100)
	named := 0
	name := func(c *gateway.Config) {
		c.Name = func() string { named++; return fmt.Sprint("own-", named) }
		c.Scorer = "map-1"
	}
	u := newUpstream(t, replay(demo(t), bytewise(500)))
	s := newGateway(t, u, both(observing(told), name))
	for i := range 2 {
		resp := post(t, s, ask)
		text := read(t, resp)
		x := observed(t, told)
		want := fmt.Sprint("own-", i+1)
		if resp.Header.Get("X-FineCE-Id") != want || x.Own != want || x.Scorer != "map-1" || x.ID == "" || !strings.Contains(text, `"finece":{"version":1,"id":"`+x.ID+`"`) {
			t.Errorf("header %q, exchange %q, id %q; want %q", resp.Header.Get("X-FineCE-Id"), x.Own, x.ID, want)
		}
		places := x.Answers[0].Places
		if len(places) < 3 || places[0].Index != 0 || places[len(places)-1].Fused != x.Answers[0].Headline.Fused || places[1].Source.Estimator != "logprob" {
			t.Errorf("%d positions: %+v", len(places), places)
		}
	}
	resp, err := s.Client().Get(s.URL + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	if x := observed(t, told); x.Own != "" || resp.Header.Get("X-FineCE-Id") != "" {
		t.Errorf("not scored, and named %q", x.Own)
	}
}
