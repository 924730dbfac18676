package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

// handled is the handling of a test's gateway, with changes.
func handled(change func(*gateway.Config)) gateway.Handling {
	c := config("http://127.0.0.1/v1", nil)
	change(&c)
	return c.Handling
}

// The first route that matches says how an answer is handled.
func TestRoutesHandleAnswersDifferently(t *testing.T) {
	u := newUpstream(t, replay(demo(t), burst))
	var mu sync.Mutex
	var seen []gateway.Policy
	s := newGateway(t, u, func(c *gateway.Config) {
		c.Routes = []gateway.Route{
			{Path: chatPath, Model: "small-1", Handling: handled(stop(0.1, 2))},
			{Model: "small-*", Handling: handled(withhold(0.9, gateway.Closed))},
			{Path: "/v1/comp*", Handling: handled(func(c *gateway.Config) { c.Carrier = gateway.Comment })},
		}
		c.Observe = func(_ context.Context, x *gateway.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, x.Policy)
		}
	})
	for i, c := range []struct{ path, model, policy, threshold, failure, carrier string }{
		{chatPath, "small-1", "stop", "0.1", "open", "field"},
		{chatPath, "small-2", "withhold", "0.9", "closed", "field"},
		{"/v1//Chat/completions/", "small-2", "withhold", "0.9", "closed", "field"},
		{chatPath, "large", "annotate", "", "open", "field"},
		{chatPath, "", "annotate", "", "open", "field"},
		{"/v1/completions", "large", "annotate", "", "open", "comment"},
		{"/v1/completions", "small-1", "withhold", "0.9", "closed", "field"},
	} {
		resp := postTo(t, s, c.path, strings.Replace(ask, `"demo"`, `"`+c.model+`"`, 1))
		records, _ := told(t, read(t, resp))
		for name, want := range map[string]string{"Policy": c.policy, "Threshold": c.threshold, "Failure": c.failure, "Carrier": c.carrier} {
			if got := resp.Header.Get("X-FineCE-" + name); got != want {
				t.Errorf("%s, %q: %s is %q, want %q", c.path, c.model, name, got, want)
			}
		}
		ended := decided(records).Policy == "withhold" && decided(records).Action == record.ActionEnd
		if ended != (c.policy == "withhold") {
			t.Errorf("%s, %q: the last decision is %+v", c.path, c.model, decided(records))
		}
		mu.Lock()
		if len(seen) != i+1 || string(seen[i]) != c.policy {
			t.Errorf("%s, %q: observed %v", c.path, c.model, seen)
		}
		mu.Unlock()
	}
}

// The model that escalate asks is not routed again: its answer is part of the same exchange.
func TestEscalateStaysOnItsRoute(t *testing.T) {
	plain := `{"id":"a","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"It is 4."},"finish_reason":"stop","logprobs":{"content":[{"token":"It is 4.","logprob":-2}]}}]}`
	escalates := func(c *gateway.Config) {
		c.Policy, c.EscalateBelow, c.EscalateModel = gateway.Escalate, 1, "large"
	}
	large := gateway.Route{Model: "large", Handling: handled(withhold(0.9, gateway.Closed))}
	for name, set := range map[string]func(*gateway.Config){
		"of a route": func(c *gateway.Config) {
			c.Routes = []gateway.Route{{Model: "small", Handling: handled(escalates)}, large}
		},
		"of no route": func(c *gateway.Config) {
			escalates(c)
			c.Routes = []gateway.Route{large}
		},
	} {
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(plain))
		})
		resp := post(t, newGateway(t, u, set), `{"model":"small","messages":[{"role":"user","content":"a"}]}`)
		if got := read(t, resp); !strings.Contains(got, "It is 4.") || resp.Header.Get("X-FineCE-Answers") != "2" || resp.Header.Get("X-FineCE-Policy") != "escalate" {
			t.Errorf("%s: %v %s", name, resp.Header, got)
		}
		if !strings.Contains(u.body(1), `"large"`) {
			t.Errorf("%s: the second request is %s", name, u.body(1))
		}
	}
}

// A request whose model is not known gets the failure policy closed if any route of its
// path has it: nobody avoids a route by a request that cannot be read.
func TestAnUnreadableRequestGetsTheStrictestFailurePolicy(t *testing.T) {
	u := echo(t)
	s := newGateway(t, u, func(c *gateway.Config) {
		c.MaxRequest = 100
		c.Routes = []gateway.Route{{Path: chatPath, Model: "small", Handling: handled(withhold(0.9, gateway.Closed))}}
	})
	long := `{"model":"small","messages":"` + strings.Repeat("x", 100) + `"}`
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{chatPath, long, http.StatusRequestEntityTooLarge}, {chatPath, "{", http.StatusBadRequest},
		{"/v1/completions", long, http.StatusOK}, {"/v1/completions", "{", http.StatusOK},
	} {
		if resp := postTo(t, s, c.path, c.body); resp.StatusCode != c.want {
			t.Errorf("%s: HTTP %d, want %d", c.path, resp.StatusCode, c.want)
		}
	}
	open := handled(func(*gateway.Config) {})
	s = newGateway(t, u, func(c *gateway.Config) {
		c.Failure = gateway.Closed
		c.Routes = []gateway.Route{{Path: chatPath, Handling: open}}
	})
	if resp := postTo(t, s, chatPath, "{"); resp.StatusCode != http.StatusOK {
		t.Errorf("a route that takes all of a path is open: HTTP %d", resp.StatusCode)
	}
}

func TestRoutesThatAreWrongAreRefused(t *testing.T) {
	some := handled(func(*gateway.Config) {})
	for _, c := range []struct {
		name   string
		routes []gateway.Route
		want   string
	}{
		{"another path", []gateway.Route{{Path: "/v1/embeddings", Handling: some}}, "route 1: path /v1/embeddings: answers there are not scored; want one of /v1/chat/completions, "},
		{"no pattern", []gateway.Route{{Handling: some}}, "route 1: a route needs a path or a model"},
		{"the same again", []gateway.Route{{Model: "a", Handling: some}, {Model: "a", Handling: some}}, "route 2: no request gets here, because route 1 (model a) matches all of them first"},
		{"a wider one first", []gateway.Route{{Model: "a*", Handling: some}, {Path: chatPath, Model: "ab*", Handling: some}}, "route 2: no request gets here"},
		{"everything first", []gateway.Route{{Path: "*", Handling: some}, {Model: "a", Handling: some}}, "route 2: no request gets here"},
		{"nothing set", []gateway.Route{{Model: "a"}}, `route 1: gateway: policy ""`},
		{"a threshold", []gateway.Route{{Model: "a", Handling: handled(func(c *gateway.Config) { c.WarnBelow = 2 })}}, "route 1: gateway: warn_below 2: want 0 to 1"},
		{"a narrower one first", []gateway.Route{{Model: "ab*", Handling: some}, {Model: "a*", Handling: some}, {Path: chatPath, Handling: some}}, ""},
	} {
		g := config("http://127.0.0.1/v1", core(t))
		g.Routes = c.routes
		_, err := gateway.New(g)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Each route with a policy that acts needs a calibrated source of its own.
func TestARouteRefusesASourceThatIsNotCalibrated(t *testing.T) {
	g := config("http://127.0.0.1/v1", core(t))
	fitted := handled(func(c *gateway.Config) {
		c.Policy, c.Uncalibrated, c.Session.Calibration = gateway.Warn, gateway.Refuse, likewise(nil)
	})
	bare := handled(func(c *gateway.Config) { c.Policy, c.Uncalibrated = gateway.Warn, gateway.Refuse })
	g.Routes = []gateway.Route{{Model: "a", Handling: fitted}}
	if _, err := gateway.New(g); err != nil {
		t.Errorf("a route with a map: %v", err)
	}
	g.Routes = append(g.Routes, gateway.Route{Model: "b", Handling: bare})
	_, err := gateway.New(g)
	var uncalibrated *gateway.UncalibratedError
	var route *gateway.RouteError
	if !errors.As(err, &uncalibrated) || !errors.As(err, &route) || route.Index != 1 {
		t.Errorf("a route without a map: %v", err)
	}
}
