package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/session"
)

// Handling says how answers are handled: how they are scored, and what the gateway does with the
// confidences. Start from [DefaultHandling]: a field that is zero means zero.
type Handling struct {
	Scorer  string      // a name for the estimator, map and card of Session, for the observer and Config.Drifted
	Session host.Config // the confidence options; the question comes from the request if it is not set here

	Policy        Policy
	AllowPolicy   []Policy // policies that a request may choose instead; may contain Off and NoRecords
	WithholdBelow float64  // Withhold: text with a lower confidence is not sent, in [0,1]; with 0, only text that cannot be checked is withheld
	WarnBelow     float64  // Warn: an answer with a lower confidence gets the warning, in [0,1]
	WarnText      string   // Warn: the text that is added
	StopBelow     float64  // Stop: the confidence below which an answer is ended, in [0,1]; 0 ends none
	StopAfter     int      // Stop, and Escalate after text was sent: positions in a row that have to be below the threshold; more than 0
	SkipAbove     float64  // under every policy, an answer with a higher p(0) is not scored, in [0,1]; 1 scores every answer: see the package comment
	EscalateBelow float64  // Escalate: for an answer with a lower confidence the other model is asked, in [0,1]
	EscalateModel string   // Escalate: the model of the same upstream that is asked instead
	EscalateMode  EscalateMode
	RestartText   string  // Escalate, mode Restart: the text between the first answer and the other one
	EscalateShare float64 // Escalate: the share of the requests that may ask EscalateModel, in [0,1]
	Answers       int     // BestOf, Vote: answers to a request, 1 to 16
	// Final, which Vote needs, reads the final answer to a question. Final answers that agree
	// have to be equal strings. ok is false if there is no final answer.
	Final        func(question, answer string) (final string, ok bool)
	FinishReason string // the finish_reason of an answer that the gateway ends
	Failure      Failure
	Carrier      Carrier
	Uncalibrated Uncalibrated // whether a policy or the gate may act on confidences that are not calibrated

	CarrierDelay time.Duration // how long a confidence waits for a chunk that can carry it
	Settle       time.Duration // how long an answer's end waits for a confidence model; policies that hold text wait for MaxDelay instead
	MaxDelay     time.Duration // Withhold, and policies that ask for several answers: how long text waits for its confidence
	MaxHeld      int           // Withhold: the most bytes that are held

	// KeepRequest sends requests on unchanged. Then an answer has log-probabilities only if the
	// client asks for them.
	KeepRequest bool
}

// DefaultHandling returns the handling of [DefaultConfig]. Failure is not set.
func DefaultHandling() Handling {
	return Handling{
		Session: host.DefaultConfig(),
		Policy:  defaults.GatewayPolicy, WithholdBelow: defaults.GatewayWithholdBelow, Carrier: defaults.GatewayCarrier,
		Uncalibrated: defaults.GatewayUncalibrated, WarnBelow: defaults.GatewayWarnBelow, WarnText: defaults.GatewayWarnText,
		StopBelow: defaults.GatewayStopBelow, StopAfter: defaults.GatewayStopAfter, SkipAbove: defaults.GatewaySkipAbove, FinishReason: defaults.GatewayFinishReason,
		EscalateBelow: defaults.GatewayEscalateBelow, EscalateShare: defaults.GatewayEscalateShare, EscalateMode: defaults.GatewayEscalateMode, RestartText: defaults.GatewayRestartText, Answers: defaults.GatewayAnswers,
		CarrierDelay: defaults.GatewayCarrierDelay, Settle: defaults.GatewaySettle, MaxDelay: defaults.GatewayMaxDelay, MaxHeld: defaults.GatewayMaxHeld,
	}
}

// Route says how the answers to some requests are handled. A pattern is a name, or the beginning
// of a name followed by *; "" matches all.
//
// A client chooses the model's name, and an upstream may know a model by several names.
// So the strictest handling belongs in Config, and routes make exceptions from it.
type Route struct {
	Path  string // pattern of scored paths, such as /v1/messages
	Model string // pattern of the models that clients ask for
	Handling
}

// String describes which requests match.
func (r *Route) String() string {
	var parts []string
	if r.Path != "" {
		parts = append(parts, "path "+r.Path)
	}
	if r.Model != "" {
		parts = append(parts, "model "+r.Model)
	}
	return strings.Join(parts, ", ")
}

// matches reports whether a name matches a pattern.
func matches(pattern, name string) bool {
	stem, open := strings.CutSuffix(pattern, "*")
	return pattern == "" || name == stem || open && strings.HasPrefix(name, stem)
}

// covers reports whether every name that matches b matches a.
func covers(a, b string) bool {
	stem, open := strings.CutSuffix(b, "*")
	if b == "" {
		stem, open = "", true
	}
	if open {
		return a == "" || strings.HasSuffix(a, "*") && strings.HasPrefix(stem, strings.TrimSuffix(a, "*"))
	}
	return matches(a, b)
}

// RouteError is the error of one of Config.Routes.
type RouteError struct {
	Index int // of the route, from 0
	Err   error
}

func (e *RouteError) Error() string { return fmt.Sprintf("route %d: %v", e.Index+1, e.Err) }
func (e *RouteError) Unwrap() error { return e.Err }

// route makes the configuration of each of Config.Routes.
func (c *Config) route() error {
	for i := range c.Routes {
		r := &c.Routes[i]
		err := c.reachable(i)
		if err == nil {
			handled := *c
			handled.Handling, handled.Routes, handled.routes, handled.chosen = r.Handling, nil, nil, nil
			if err = handled.handles(); err == nil {
				err = handled.allow()
			}
			c.routes = append(c.routes, &handled)
		}
		if err != nil {
			return &RouteError{i, err}
		}
	}
	return nil
}

// reachable returns an error if no request can reach a route, because its path is not scored or
// an earlier route matches first.
func (c *Config) reachable(i int) error {
	r := &c.Routes[i]
	scored := false
	for _, s := range surfaces {
		scored = scored || matches(r.Path, s.path())
	}
	switch {
	case !scored:
		return fmt.Errorf("path %s: answers there are not scored; want one of %s, or the beginning of such a path followed by *", r.Path, strings.Join(Paths(), ", "))
	case r.Path == "" && r.Model == "":
		return errors.New("a route needs a path or a model; settings for all requests belong outside the routes")
	}
	for j := range c.Routes[:i] {
		if e := &c.Routes[j]; covers(e.Path, r.Path) && covers(e.Model, r.Model) {
			return fmt.Errorf("no request gets here, because route %d (%s) matches all of them first", j+1, e)
		}
	}
	return nil
}

// Paths are the paths of the APIs whose answers are scored.
func Paths() (all []string) {
	for _, s := range surfaces {
		all = append(all, s.path())
	}
	return all
}

// of returns the configuration for a request on a surface for a model.
func (c *Config) of(on surface, model string) *Config {
	for i := range c.routes {
		if r := &c.Routes[i]; matches(r.Path, on.path()) && matches(r.Model, model) {
			return c.routes[i]
		}
	}
	return c
}

// mayClose reports whether any handling of a request on a surface has the failure policy Closed.
// It is used if the request's model is not known.
func (c *Config) mayClose(on surface) bool {
	for i := range c.routes {
		r := &c.Routes[i]
		switch {
		case !matches(r.Path, on.path()):
		case r.Failure == Closed:
			return true
		case covers(r.Model, ""):
			return false // this route matches all requests that are left
		}
	}
	return c.Failure == Closed
}

// handles checks the handling, and fills in the unexported fields that belong to it.
func (c *Config) handles() error {
	switch {
	case c.Policy.rule() == nil:
		return fmt.Errorf("gateway: policy %q: want one of %s", c.Policy, policyNames())
	case c.Failure != Open && c.Failure != Closed:
		return fmt.Errorf("gateway: failure policy %q: want %s or %s", c.Failure, Open, Closed)
	case c.Carrier != Field && c.Carrier != Comment:
		return fmt.Errorf("gateway: carrier %q: want %s or %s", c.Carrier, Field, Comment)
	case c.Policy == Escalate && c.EscalateModel == "":
		return errors.New("gateway: the policy escalate needs escalate_model, the name of the model that is asked if the first one is not confident")
	case c.EscalateMode != Hold && c.EscalateMode != Restart && c.EscalateMode != Continue:
		return fmt.Errorf("gateway: escalate_mode %q: want %s, %s or %s", c.EscalateMode, Hold, Restart, Continue)
	case !(c.EscalateShare >= 0 && c.EscalateShare <= 1):
		return fmt.Errorf("gateway: escalate_share %v: want 0 to 1", c.EscalateShare)
	case c.Answers < 1 || c.Answers > maxAnswers:
		return fmt.Errorf("gateway: answers %d: want 1 to %d", c.Answers, maxAnswers)
	case c.Policy == Vote && c.Final == nil:
		return errors.New("gateway: the policy vote needs Config.Final, which reads final answers")
	case c.Uncalibrated != Refuse && c.Uncalibrated != Allow:
		return fmt.Errorf("gateway: uncalibrated %q: want %s or %s", c.Uncalibrated, Refuse, Allow)
	case (c.Session.Estimator == session.Model) != (c.Model != nil || c.Samples != nil):
		return errors.New("gateway: Session.Estimator has to be the confidence model if Model or Samples is set, and only then")
	}
	if err := c.Session.Validate(); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	switch {
	case !slices.Contains(continuings, c.Continue):
		return fmt.Errorf("gateway: continue_by %q: want one of %v", c.Continue, continuings)
	case c.Session.Fusion.Width > 1 && c.Session.Estimator != session.Model:
		return fmt.Errorf("gateway: width %d needs a confidence model, which estimates continuations", c.Session.Fusion.Width)
	case c.Session.Fusion.Width > 1 && c.Continue == NotContinued:
		return fmt.Errorf("gateway: width %d needs an upstream that continues an answer; set continue_by", c.Session.Fusion.Width)
	}
	for i := range rules {
		if r := &rules[i]; r.acts() && !(*r.below(c) >= 0 && *r.below(c) <= 1) {
			return fmt.Errorf("gateway: %s %v: want 0 to 1", r.setting, *r.below(c))
		}
	}
	if !(c.SkipAbove >= 0 && c.SkipAbove <= 1) {
		return fmt.Errorf("gateway: skip_above %v: want 0 to 1", c.SkipAbove)
	}
	if err := c.samples(); err != nil {
		return err
	}
	if c.skips() && c.Session.Estimator != session.Model {
		return errors.New("gateway: skip_above needs a confidence model: log-probabilities say nothing about the question alone")
	}
	if err := c.calibrated(); err != nil {
		return err
	}
	c.rule, c.escalated = c.Policy.rule(), &share{}
	// Only annotate uses the built-in estimator if the model fails: the other policies would act
	// on its values.
	c.Session.Fallback = c.Policy == Annotate && c.Session.Estimator == session.Model && c.Samples == nil
	return c.limits()
}
