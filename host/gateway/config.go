package gateway

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/session"
)

// Policy says what is done with confidences.
type Policy string

const (
	Annotate Policy = "annotate" // tell the client
	Withhold Policy = "withhold" // tell, and keep back what is below Config.Threshold
)

// Failure says what becomes of an answer that cannot be checked.
type Failure string

const (
	Open   Failure = "open"   // it passes, marked as unchecked
	Closed Failure = "closed" // it does not
)

// Carrier says how a stream carries confidences.
type Carrier string

const (
	Field   Carrier = "field"   // the key finece of chunks
	Comment Carrier = "comment" // comment lines, which no SDK sees
)

// RoundTrip is the method of that name of an [http.RoundTripper]. It is not that
// interface because whoever calls its method links [http.Transport], and with it
// TLS and X.509: half of the edge worker.
type RoundTrip func(*http.Request) (*http.Response, error)

// DefaultThreshold is the paper's.
const DefaultThreshold = 0.8

// Config is a gateway. Upstream, Engine, Session and Failure are required;
// every other zero is a default.
type Config struct {
	Upstream  string       // the API's root, such as https://api.openai.com/v1; /v1/x goes to Upstream/x
	Key       model.Secret // the operator's, sent to Upstream instead of the client's with scored routes and GET /v1/models alone; "" sends the client's on
	Access    Access       // who may use the gateway; needed with a Key
	RoundTrip RoundTrip    // default that of http.DefaultTransport

	Engine  host.Engine
	Session host.Config   // the confidence options; the question is taken from the request if it has none
	Model   *model.Client // asked if Session.Estimator is session.Model

	Policy    Policy  // default Annotate
	Threshold float64 // of Withhold, in [0,1]; default 0.8
	Failure   Failure
	Carrier   Carrier // default Field

	// RefuseUnchecked, which needs Closed, refuses the routes whose answers nobody
	// looks at: all but chat completions and the list of models.
	RefuseUnchecked bool

	CarrierDelay time.Duration // a confidence waits for a chunk that can carry it; default 250 ms
	Settle       time.Duration // Annotate: an answer's end waits for a confidence model; default 1 s. Withhold waits for MaxDelay
	MaxDelay     time.Duration // Withhold: text is held; default 30 s
	MaxHeld      int           // Withhold: bytes held; default 1 MiB

	HeaderTimeout time.Duration // until the upstream answers; default 10 min, since plain answers take long
	IdleTimeout   time.Duration // between two reads of an answer; default 5 min
	WriteTimeout  time.Duration // of one write to the client; default 30 s

	MaxRequest int64 // bytes of a request that is read; default 32 MiB
	MaxAnswer  int64 // bytes of a plain answer that is read; default 16 MiB

	// MaxEvent is how many bytes of a stream's event are read; default 1 MiB. The
	// session's own is raised to it, up to 16 MiB. A session's memory is a few times
	// its largest event, and 40 times MaxEvent for one that is made to fill it,
	// unless the engine bounds it, as wazero.WithMemoryLimit does.
	MaxEvent int

	// KeepRequest sends requests on as they are, so that log-probabilities are
	// there only if the client asks for them.
	KeepRequest bool

	// Report is told what goes wrong, for a log. (Not a slog.Logger, which would
	// make the edge worker 100 KB larger.)
	Report func(message string, err error)

	clock   clock
	breaker *breaker // of all answers
}

// patience is how long an answer's end waits for a confidence model. Text that is
// held is the more important to decide on.
func (c *Config) patience() time.Duration {
	if c.Policy == Withhold {
		return c.MaxDelay
	}
	return c.Settle
}

// withDefaults checks c and fills it in.
func (c Config) withDefaults() (Config, *url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(c.Upstream))
	if err != nil {
		return c, nil, fmt.Errorf("gateway: upstream: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return c, nil, fmt.Errorf("gateway: upstream %q: want http:// or https://, a host, and the API's root, such as https://api.openai.com/v1", base.Redacted())
	}
	if c.Engine == nil {
		return c, nil, errors.New("gateway: no engine")
	}
	c.Policy, c.Carrier = orDefault(c.Policy, Annotate), orDefault(c.Carrier, Field)
	c.Threshold = orDefault(c.Threshold, DefaultThreshold)
	switch {
	case c.Policy != Annotate && c.Policy != Withhold:
		return c, nil, fmt.Errorf("gateway: policy %q: want %s or %s", c.Policy, Annotate, Withhold)
	case c.Failure != Open && c.Failure != Closed:
		return c, nil, fmt.Errorf("gateway: failure policy %q: want %s or %s", c.Failure, Open, Closed)
	case c.Carrier != Field && c.Carrier != Comment:
		return c, nil, fmt.Errorf("gateway: carrier %q: want %s or %s", c.Carrier, Field, Comment)
	case c.RefuseUnchecked && c.Failure != Closed:
		return c, nil, fmt.Errorf("gateway: refusing what is not checked goes with the failure policy %s alone", Closed)
	case math.IsNaN(c.Threshold) || c.Threshold < 0 || c.Threshold > 1:
		return c, nil, fmt.Errorf("gateway: threshold %v: want 0 to 1", c.Threshold)
	case (c.Session.Estimator == session.Model) != (c.Model != nil):
		return c, nil, errors.New("gateway: the session's estimator is a model if and only if there is one to ask")
	}
	if wrong := c.Access.check(c.Key != ""); wrong != "" {
		return c, nil, errors.New("gateway: " + wrong)
	}
	if err := c.Session.Validate(); err != nil {
		return c, nil, fmt.Errorf("gateway: %w", err)
	}
	if c.RoundTrip == nil {
		if c.RoundTrip = defaultRoundTrip; c.RoundTrip == nil {
			return c, nil, errors.New("gateway: no RoundTrip")
		}
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"CarrierDelay", &c.CarrierDelay, 250 * time.Millisecond},
		{"Settle", &c.Settle, time.Second},
		{"MaxDelay", &c.MaxDelay, 30 * time.Second},
		{"HeaderTimeout", &c.HeaderTimeout, 10 * time.Minute},
		{"IdleTimeout", &c.IdleTimeout, 5 * time.Minute},
		{"WriteTimeout", &c.WriteTimeout, 30 * time.Second},
	} {
		if *d.value = orDefault(*d.value, d.usual); *d.value < 0 {
			return c, nil, fmt.Errorf("gateway: %s is negative", d.name)
		}
	}
	c.MaxHeld, c.MaxEvent = orDefault(c.MaxHeld, 1<<20), orDefault(c.MaxEvent, 1<<20)
	c.MaxRequest, c.MaxAnswer = orDefault(c.MaxRequest, 32<<20), orDefault(c.MaxAnswer, 16<<20)
	if c.MaxHeld < 0 || c.MaxEvent < 0 || c.MaxRequest < 0 || c.MaxAnswer < 0 {
		return c, nil, errors.New("gateway: a limit on bytes is negative")
	}
	if c.Report == nil {
		c.Report = func(string, error) {}
	}
	if c.clock == nil {
		c.clock = realClock{}
	}
	c.breaker = &breaker{clock: c.clock, report: c.Report}
	return c, base, nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
