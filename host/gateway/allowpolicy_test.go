package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestARequestChoosesItsPolicy, of those that the operator allows. What chooses it does not
// reach the upstream.
func TestARequestChoosesItsPolicy(t *testing.T) {
	data := demo(t)
	plain := `{"model":"demo","stream":true,"logprobs":true,"top_logprobs":5,"messages":[{"role":"user","content":"How \"finece\" many?"}]`
	both := []gateway.Policy{gateway.Withhold, gateway.Off}
	for _, c := range []struct {
		name, member, header string
		allowed              []gateway.Policy
		failure              gateway.Failure
		status               int
		policy, reason       string // of the response's headers
		says                 string // in the body
	}{
		{"nothing", "", "", both, gateway.Open, 200, "annotate", "", "[DONE]"},
		{"the member", `,"finece":{"policy":"withhold"}`, "", both, gateway.Open, 200, "withhold", "", `"policy":"withhold"`},
		{"the header", "", "withhold", both, gateway.Open, 200, "withhold", "", `"policy":"withhold"`},
		{"the member counts", `,"finece":{"policy":"annotate"}`, "withhold", both, gateway.Open, 200, "annotate", "", "[DONE]"},
		{"a member that chooses nothing", `,"finece":null`, "", nil, gateway.Open, 200, "annotate", "", "[DONE]"},
		{"the policy that holds anyway", `,"finece":{"policy":"annotate"}`, "", nil, gateway.Open, 200, "annotate", "", "[DONE]"},
		{"off", `,"finece":{"policy":"off"}`, "", both, gateway.Closed, 200, "", "opted-out", "[DONE]"},
		{"nothing is allowed", `,"finece":{"policy":"off"}`, "", nil, gateway.Open, 400, "", "", `requests may not choose one here`},
		{"another is allowed", "", "stop", both, gateway.Open, 400, "", "", `here it may choose withhold, off`},
		{"another key", `,"finece":{"polcy":"off"}`, "", both, gateway.Open, 400, "", "", "polcy"},
		{"no object", `,"finece":"off"`, "", both, gateway.Open, 400, "", "", "is not an object"},
	} {
		u := newUpstream(t, replay(data, burst))
		s := newGateway(t, u, func(g *gateway.Config) { g.AllowPolicy, g.Failure, g.WithholdBelow = c.allowed, c.failure, 0.99 })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/chat/completions", strings.NewReader(plain+c.member+"}"))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			r.Header.Set("X-FineCE-Policy", c.header)
		}
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp)
		resp.Body.Close()
		if resp.StatusCode != c.status || resp.Header.Get("X-FineCE-Policy") != c.policy || resp.Header.Get("X-FineCE-Reason") != c.reason || !strings.Contains(got, c.says) {
			t.Errorf("%s: HTTP %d, policy %q, reason %q: %s", c.name, resp.StatusCode, resp.Header.Get("X-FineCE-Policy"), resp.Header.Get("X-FineCE-Reason"), got[:min(len(got), 300)])
		}
		if c.status != 200 {
			if u.body(0) != "" || !strings.Contains(got, "finece-policy") {
				t.Errorf("%s: the upstream was asked %s; the client was told %s", c.name, u.body(0), got)
			}
			continue
		}
		if u.body(0) != plain+"}" || u.requests[0].Header.Get("X-FineCE-Policy") != "" {
			t.Errorf("%s: the upstream was sent %s", c.name, u.body(0))
		}
		if c.reason == "opted-out" && got != string(data) {
			t.Errorf("%s: %s", c.name, difference(got, string(data)))
		}
	}
}

// TestAPolicyThatMayBeChosenIsChecked when the gateway starts.
func TestAPolicyThatMayBeChosenIsChecked(t *testing.T) {
	for _, c := range []struct {
		allowed gateway.Policy
		want    string
	}{
		{"tarot", `allow_policy tarot: gateway: policy "tarot"`},
		{gateway.Withhold, "is not calibrated"},
		{gateway.Escalate, "escalate_model"},
	} {
		g := config("http://127.0.0.1:1/v1", core(t))
		g.AllowPolicy, g.Uncalibrated = []gateway.Policy{c.allowed}, gateway.Refuse
		if _, err := gateway.New(g); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.allowed, err, c.want)
		}
	}
}
