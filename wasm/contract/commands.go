package contract

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"
)

// Check reports whether a value of a setting with a list of names is one of
// them. Any value of another setting is.
func (s *Setting) Check(value string) error {
	if len(s.Names) == 0 || slices.Contains(s.Names, value) {
		return nil
	}
	return errors.New("want " + strings.Join(s.Names, ", "))
}

// forever is the upper bound of a time span that has none.
const forever = float64(math.MaxInt64)

// atLeast is a whole number or a time span without an upper bound.
func atLeast(name string, low float64, value any, help, unit string) *Setting {
	s := &Setting{Name: name, Help: help, Unit: unit, Default: value, Low: low, High: math.MaxInt32}
	if _, isDuration := value.(time.Duration); isDuration {
		s.High = forever
	}
	return s
}

func ofNames(name, value, help string, names ...string) *Setting {
	return &Setting{Name: name, Help: help, Default: value, Names: names}
}

func yes(name, help string) *Setting { return &Setting{Name: name, Help: help, Default: false} }

// Requests is how many requests are sent to a model's server at once, by every
// part that asks one.
var Requests = atLeast("requests", 1, 8, "requests to the model's server at once", "")

// The settings of every command that scores streams.
var (
	Engine   = ofNames("engine", "wazero", "what scores: finece.wasm on wazero, or Go code; both give the same bits", "wazero", "native")
	Method   = ofNames("method", core["estimator"].Default.(string), "logprob: the statistic", Methods.Texts()...)
	Timeout  = atLeast("timeout", float64(time.Millisecond), time.Minute, "URL: time for one estimate, retries included", "")
	Settings = []*Setting{Engine, Method, Requests, Timeout}
)

// The settings of the gateway. host/gateway.DefaultConfig has the same defaults;
// a test compares them.
var (
	Policy          = ofNames("policy", "annotate", "what is done with confidences", "annotate", "withhold")
	WithholdBelow   = &Setting{Name: "withhold_below", Help: "withhold: confidence that text needs", Default: 0.8, High: 1}
	Failure         = ofNames("failure", "", "what cannot be checked: open (it passes, marked) or closed (it does not); required for withhold, else open", "open", "closed")
	Carrier         = ofNames("carrier", "field", "how a stream carries confidences", "field", "comment")
	RefuseUnchecked = yes("refuse_unchecked", "with --failure closed: refuse routes whose answers are not checked")
	KeepRequest     = yes("keep_request", "do not ask the upstream for log-probabilities that the client did not ask for")
	CarrierDelay    = atLeast("carrier_delay", 0, 250*time.Millisecond, "field: time that a confidence waits for a chunk of the upstream", "")
	Settle          = atLeast("settle", 0, time.Second, "annotate: time that the end of an answer waits for the confidence model", "")
	MaxDelay        = atLeast("max_delay", 0, 30*time.Second, "withhold: time that text is held", "")
	MaxHeld         = atLeast("max_held", 0, 1<<20, "withhold: bytes that are held", "bytes")
	Grace           = atLeast("grace", 0, 10*time.Second, "time for answers that are under way when the server is stopped", "")
	Gateway         = []*Setting{
		Policy, WithholdBelow, Failure, Carrier, RefuseUnchecked, KeepRequest, CarrierDelay, Settle, MaxDelay, MaxHeld, Grace,
	}
)

// The settings of data construction. host/construct.DefaultConfig has the same
// defaults; a test compares them.
var (
	ConstructK      = &Setting{Name: "k", Help: "completions of a question and of each partial answer", Default: 30, Low: 1, High: 10_000}
	ConstructT      = &Setting{Name: "T", Help: "fragments of the longest partial answers", Default: 3, High: 1000}
	ConstructM      = &Setting{Name: "m", Help: "partial answers of each length", Default: 3, High: 10_000}
	ClusterDistance = &Setting{Name: "cluster_distance", Help: "cosine distance from which clusters are not merged", Default: 0.3, High: 2, Was: "threshold"}
	Construct       = []*Setting{ConstructK, ConstructT, ConstructM, ClusterDistance}
)
