package gateway_test

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// likewise is a calibration that leaves confidences as they are, and was fitted.
func likewise(card *calibrate.Card) *calibrate.Calibration {
	m := calibrate.Map{Method: calibrate.Temperature, Clip: 1e-6, Parameters: []float64{1}, N: 9, High: 1}
	return &calibrate.Calibration{Maps: [calibrate.Bands]calibrate.Map{m, m, m}, Card: card}
}

func TestAPolicyRefusesASourceThatIsNotCalibrated(t *testing.T) {
	u := newUpstream(t, replay(demo(t), burst))
	model := modelAt(t, "http://127.0.0.1:1/v1")
	for _, c := range []struct {
		name string
		set  func(*gateway.Config)
		want string // in the error; "" if there is none
	}{
		{"a statistic", func(*gateway.Config) {}, "the statistic perplexity is not calibrated, and there is no calibration map"},
		{"a statistic that is allowed", func(c *gateway.Config) { c.Uncalibrated = gateway.Allow }, ""},
		{"another policy", func(c *gateway.Config) { c.Policy = gateway.Annotate }, ""},
		{"a map", func(c *gateway.Config) { c.Session.Calibration = likewise(nil) }, ""},
		{"a map that was not fitted", func(c *gateway.Config) {
			c.Session.Calibration = likewise(nil)
			for b := range c.Session.Calibration.Maps {
				c.Session.Calibration.Maps[b] = calibrate.Map{Method: calibrate.Identity, N: 9, High: 1}
			}
		}, "is not calibrated"},
		{"a map of whole answers", func(c *gateway.Config) {
			c.Session.Calibration = likewise(&calibrate.Card{Kinds: position.End, Labels: 9, High: 1})
		}, "also acts at positions that are not among what the map was fitted on (paragraph)"},
		{"a map of whole answers, to warn", func(c *gateway.Config) {
			c.Policy = gateway.Warn
			c.Session.Calibration = likewise(&calibrate.Card{Kinds: position.End, Labels: 9, High: 1})
		}, ""},
		{"a model", func(c *gateway.Config) { c.Session.Estimator, c.Model = session.Model, model }, "has neither a calibration map nor a card"},
		{"a model with a card", func(c *gateway.Config) {
			c.Session.Estimator, c.Model = session.Model, model
			c.Session.Card = &calibrate.Card{Labels: 9, High: 1}
		}, ""},
		{"a model for questions of another domain", func(c *gateway.Config) {
			c.Session.Estimator, c.Model = session.Model, model
			c.Session.Card, c.Session.Asked.Domain = &calibrate.Card{Domain: "sums", Labels: 9, High: 1}, "law"
		}, "the answers lie outside what the confidence model was trained on (domain)"},
		{"no trajectory model", func(c *gateway.Config) { c.Session.Estimator = session.Trajectory }, "there is no trajectory model with a card"},
		{"a trajectory model with a card", func(c *gateway.Config) {
			c.Session.Estimator, c.Session.Trajectory = session.Trajectory, level(&calibrate.Card{Labels: 9, High: 1})
		}, ""},
		{"a trajectory model of whole answers", func(c *gateway.Config) {
			c.Session.Estimator, c.Session.Trajectory = session.Trajectory, level(&calibrate.Card{Kinds: position.End, Labels: 9, High: 1})
		}, "also acts at positions that are not among what the trajectory model was fitted on (paragraph)"},
	} {
		config := config(u.URL+"/v1", core(t))
		config.Policy, config.Uncalibrated = gateway.Withhold, gateway.Refuse
		c.set(&config)
		_, err := gateway.New(config)
		var refused *gateway.UncalibratedError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		case c.want != "":
			for _, told := range []string{"Label answers as right or wrong", "with 400 to within 5", "finece calibrate --positions -o map.json", "set uncalibrated to allow"} {
				if !strings.Contains(err.Error(), told) {
					t.Errorf("%s: the error does not say %q: %v", c.name, told, err)
				}
			}
		}
	}
}

// An answer that turns out to lie outside what the map covers cannot be checked.
func TestAnAnswerOutsideOfTheCardCannotBeChecked(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, replay(data, burst))
	for _, c := range []struct {
		failure gateway.Failure
		body    string
		want    string // the reason of the decision, "" for none
		whole   bool   // all of the text comes
	}{
		{gateway.Open, `{"model":"demo","stream":true,"messages":[{"role":"user","content":"a"}]}`, "", true},
		{gateway.Open, `{"model":"other","stream":true,"messages":[{"role":"user","content":"a"}]}`, "not-calibrated", true},
		{gateway.Closed, `{"model":"other","stream":true,"messages":[{"role":"user","content":"a"}]}`, "not-calibrated", false},
		{gateway.Closed, `{"model":"demo","stream":true,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`, "not-calibrated", false},
	} {
		s := newGateway(t, u, func(g *gateway.Config) {
			g.Policy, g.WithholdBelow, g.Failure, g.Uncalibrated = gateway.Withhold, 0, c.failure, gateway.Refuse
			g.Session.Calibration = likewise(&calibrate.Card{Generator: "demo", Conversation: calibrate.OneTurn, Labels: 9, High: 1})
		})
		got := read(t, post(t, s, c.body))
		events, _ := told(t, got)
		reason := ""
		for _, e := range events {
			if d, ok := e.(*record.Decision); ok {
				reason = d.Reason
			}
		}
		if reason != c.want || strings.Contains(got, "126") != c.whole {
			t.Errorf("%s, %s: decision for %q, want %q; all text %v", c.failure, c.body, reason, c.want, !c.whole)
		}
	}
}

// Nothing that the gateway sends of a source that is not calibrated reads as a
// percentage, whatever the method and the policy.
func TestTheGatewaySendsNoPercentageOfACertainty(t *testing.T) {
	u := newUpstream(t, replay(demo(t), burst))
	for _, method := range estimate.Methods() {
		for _, policy := range []gateway.Policy{gateway.Annotate, gateway.Warn, gateway.Withhold} {
			s := newGateway(t, u, func(c *gateway.Config) { c.Session.Method, c.Policy = method, policy })
			resp := post(t, s, ask)
			got := read(t, resp)
			said, _ := told(t, got)
			values := 0
			for _, r := range said {
				if c, ok := r.(*record.Confidence); ok && c.HasValue() {
					if values++; c.Calibrated || strings.Contains(c.Shown(c.Fused), "%") {
						t.Errorf("%s, %s: %s", method, policy, c.AppendJSON(nil))
					}
				}
			}
			if values == 0 || regexp.MustCompile(`[0-9] ?%`).MatchString(got+fmt.Sprint(resp.Header)) {
				t.Errorf("%s, %s: %d values in %s", method, policy, values, got)
			}
		}
	}
}

// level is a trajectory model that reads the entropy and gives 0.9 to everything.
func level(card *calibrate.Card) *estimate.TrajectoryModel {
	m := &estimate.TrajectoryModel{Features: []estimate.Feature{estimate.Entropy}, Center: []float64{0}, Scale: []float64{1}, Card: card}
	for p := range m.Parts {
		m.Parts[p] = estimate.Weights{N: 9, Intercept: math.Log(9), Weights: []float64{0}}
	}
	return m
}

// TestACalibrationThatHasDrifted makes the confidences of answers that begin then
// certainties, which policies do not act on.
func TestACalibrationThatHasDrifted(t *testing.T) {
	u := newUpstream(t, replay(demo(t), burst))
	drifted := false
	for _, policy := range []gateway.Policy{gateway.Annotate, gateway.Withhold} {
		s := newGateway(t, u, func(c *gateway.Config) {
			c.Session.Calibration = likewise(nil)
			c.Scorer = "first"
			c.Drifted = func(scorer string) bool { return drifted && scorer == "first" }
			c.Policy, c.WithholdBelow, c.Uncalibrated, c.Failure = policy, 0, gateway.Refuse, gateway.Closed
		})
		for _, drifted = range []bool{false, true} {
			text := read(t, post(t, s, ask))
			if got := strings.Contains(text, `"calibrated":true`); got == drifted {
				t.Errorf("%s, drifted %v: calibrated %v", policy, drifted, got)
			}
			if got := strings.Contains(text, `"calibrated":false,"source":{"estimator":"logprob","method":"perplexity","map":"temperature","band":"late","outside":["drift"]}`); got != drifted {
				t.Errorf("%s, drifted %v: outside drift %v in\n%.3000s", policy, drifted, got, text)
			}
			if got := strings.Contains(text, `"reason":"not-calibrated"`); got != (drifted && policy == gateway.Withhold) {
				t.Errorf("%s, drifted %v: not-calibrated %v", policy, drifted, got)
			}
		}
	}
}
