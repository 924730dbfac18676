package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/session"
)

// TestLogprobsStandInForAModelThatIsGone under annotate, and say so. p(0) has none.
func TestLogprobsStandInForAModelThatIsGone(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, replay(data, burst))
	refuses := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusInternalServerError) })
	for _, c := range []struct {
		policy gateway.Policy
		maps   *calibrate.Calibration
		stands bool
	}{
		{gateway.Annotate, nil, true},
		{gateway.Annotate, likewise(nil), true},
		{gateway.Warn, nil, false},
		{gateway.Withhold, nil, false},
	} {
		s := newGateway(t, u, both(asking(refuses), func(g *gateway.Config) { g.Policy, g.Session.FallbackCalibration = c.policy, c.maps }))
		all, _ := told(t, read(t, post(t, s, ask)))
		positions := latest(all, 0)
		if p := positions[0]; p == nil || p.Reason != session.EndpointError {
			t.Errorf("%s: p(0) is %+v", c.policy, p)
		}
		delete(positions, 0)
		if len(positions) < 3 {
			t.Fatalf("%s: %d positions", c.policy, len(positions))
		}
		for i, p := range positions {
			switch {
			case !c.stands && (p.HasValue() || p.Reason != session.EndpointError):
				t.Errorf("%s: position %d is %+v", c.policy, i, p)
			case c.stands && (p.State != session.Final || p.Source.Estimator != "logprob" || p.Source.Method != "perplexity" || p.Calibrated != (c.maps != nil) || p.Source.Model != ""):
				t.Errorf("%s, mapped: %v: position %d is %+v", c.policy, c.maps != nil, i, p)
			}
		}
	}
}

// TestTheUpstreamIsAskedForLogprobsOnceTheModelIsGone, which cost bytes: not before.
func TestTheUpstreamIsAskedForLogprobsOnceTheModelIsGone(t *testing.T) {
	u := newUpstream(t, replay(demo(t), burst))
	refuses := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusInternalServerError) })
	s := newGateway(t, u, asking(refuses))
	const request = `{"model":"m","stream":true,"messages":[{"role":"user","content":"How many loaves?"}]}`
	for n := range gateway.BreakerLimit + 1 {
		all, _ := told(t, read(t, post(t, s, request)))
		if end := endPosition(all); end == nil || n > 0 && end.Source.Estimator != "logprob" {
			t.Errorf("answer %d: p(z) is %+v", n, end)
		}
	}
	if strings.Contains(u.body(0), "logprobs") || !strings.Contains(u.body(gateway.BreakerLimit), `"logprobs":true`) {
		t.Errorf("the upstream was asked\n%s\nand then\n%s", u.body(0), u.body(gateway.BreakerLimit))
	}
}
