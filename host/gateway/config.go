package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/contract/defaults"
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

// Config is a gateway. Start from [DefaultConfig] and set Upstream, Engine and
// Failure: a field that is zero means zero.
type Config struct {
	Upstream  string       // the API's root, such as https://api.openai.com/v1; /v1/x goes to Upstream/x
	Key       model.Secret // the operator's, sent to Upstream instead of the client's with scored routes and GET /v1/models alone; "" sends the client's on
	Access    Access       // who may use the gateway; needed with a Key
	Meter     *Meter       // counts what each of Access.Clients uses, and holds them to their limits; nil is a new one
	RoundTrip RoundTrip    // nil is that of http.DefaultTransport

	Engine host.Engine
	Model  *model.Client // asked if Session.Estimator is session.Model
	// Samples compares answers with further ones; nil but for the estimator samples.
	Samples *Samples
	// ConversationTokens is how much of a conversation a model is asked with that covers
	// conversations, beside the user's last message: see follow.Conversation.
	ConversationTokens int

	// Continue says how the upstream continues an answer. A fusion width over 1 in
	// Handling.Session, and escalation that continues an answer, need it.
	Continue Continuing
	// With such a fusion width, continuations of streamed answers are sampled: each has
	// RolloutTokens at most, and those of one answer RolloutBudget. Both are more than 0.
	RolloutTokens, RolloutBudget int

	Handling         // of requests that no route matches
	Routes   []Route // the first one that matches a request says how its answer is handled

	// RefuseUnchecked, which needs Closed, refuses the routes whose answers nobody
	// looks at: all but [surfaces] and the list of models.
	RefuseUnchecked bool

	// These are more than 0.
	RequestTimeout time.Duration // until the client has sent a whole request
	MaxStreams     int           // requests under way at once
	HeaderTimeout  time.Duration // until the upstream answers; plain answers take long
	IdleTimeout    time.Duration // between two reads of an answer
	WriteTimeout   time.Duration // of one write to the client
	MaxRequest     int64         // bytes of a request that is read
	MaxAnswer      int64         // bytes of a plain answer that is read

	// MaxEvent is how many bytes of a stream's event are read; more than 0. The
	// session's own is raised to it, up to 16 MiB. A session uses a few times its
	// largest event. A hostile stream can push that to 40 times MaxEvent;
	// wazero.WithMemoryLimit sets a hard bound.
	MaxEvent int

	// Report is told what goes wrong, for a log. (Not a slog.Logger, which would
	// make the edge worker 100 KB larger.)
	Report func(message string, err error)

	// Observe is told of each exchange. Nobody is if it is nil.
	Observe Observer

	// Name, with Observe, names each scored answer: the name goes out in the header
	// X-FineCE-Id and is Exchange.Own. It has to be hard to guess. nil names none.
	Name func() string

	// Drifted reports whether the calibration of a Handling.Scorer no longer holds.
	// Confidences of answers that begin then are not calibrated. nil is never.
	Drifted func(scorer string) bool

	routes    []*Config // this gateway with the handling of each of Routes
	rule      *rule     // of Policy
	clock     clock
	breaker   *breaker           // of all answers
	refusals  *refusals          // of log-probabilities
	hides     bool               // the client is told no records: see NoRecords
	chosen    map[Policy]*Config // by requests, of AllowPolicy
	escalated *share             // of all answers that are handled so
}

// maxAnswers bounds what one request may cost.
const maxAnswers = 16

// DefaultConfig annotates, with the confidence options of host.DefaultConfig. It
// has every default of the settings in package contract.
func DefaultConfig() Config {
	return Config{
		Handling: DefaultHandling(), ConversationTokens: defaults.ModelConversationTokens,
		Continue: NotContinued, RolloutTokens: defaults.GatewayRolloutTokens, RolloutBudget: defaults.GatewayRolloutBudget,
		HeaderTimeout: defaults.GatewayUpstreamTimeout, IdleTimeout: defaults.GatewayIdleTimeout,
		WriteTimeout: defaults.GatewayWriteTimeout, RequestTimeout: defaults.GatewayRequestTimeout, MaxStreams: defaults.GatewayMaxStreams,
		MaxRequest: defaults.GatewayMaxRequest, MaxAnswer: defaults.GatewayMaxAnswer, MaxEvent: 1 << 20,
	}
}

// endDelay is how long an event that ends the answer waits for the end of the stream.
func (c *Config) endDelay() time.Duration {
	if c.rule.contest != nil {
		return c.IdleTimeout // the answer ends before, or its upstream is silent
	}
	if c.rule.endsLate() {
		return max(c.CarrierDelay, c.Settle)
	}
	return c.CarrierDelay
}

// checked checks c and fills in what it needs beside its settings.
func (c Config) checked() (Config, *url.URL, error) {
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
	if c.RefuseUnchecked && c.Failure != Closed {
		return c, nil, fmt.Errorf("gateway: refusing what is not checked goes with the failure policy %s alone", Closed)
	}
	if wrong := c.Access.check(c.Key != ""); wrong != "" {
		return c, nil, errors.New("gateway: " + wrong)
	}
	if err := c.handles(); err != nil {
		return c, nil, err
	}
	if c.RoundTrip == nil {
		if c.RoundTrip = defaultRoundTrip; c.RoundTrip == nil {
			return c, nil, errors.New("gateway: no RoundTrip")
		}
	}
	if c.Meter == nil {
		c.Meter = NewMeter(time.Now)
	}
	if c.Report == nil {
		c.Report = func(string, error) {}
	}
	if c.clock == nil {
		c.clock = realClock{}
	}
	c.breaker = &breaker{clock: c.clock, report: c.Report}
	c.refusals = &refusals{clock: c.clock, until: map[asking]time.Time{}}
	if err := c.allow(); err != nil {
		return c, nil, err
	}
	if err := c.route(); err != nil {
		return c, nil, err
	}
	return c, base, nil
}

// limits says which time or size is out of its range.
func (c *Config) limits() error {
	for _, limit := range []struct {
		name       string
		value, low int64
	}{
		{"conversation_tokens", int64(c.ConversationTokens), 0},
		{"rollout_tokens", int64(c.RolloutTokens), 1},
		{"rollout_budget", int64(c.RolloutBudget), 1},
		{"carrier_delay", int64(c.CarrierDelay), 0},
		{"settle", int64(c.Settle), 0},
		{"max_delay", int64(c.MaxDelay), 0},
		{"max_held", int64(c.MaxHeld), 0},
		{"stop_after", int64(c.StopAfter), 1},
		{"upstream_timeout", int64(c.HeaderTimeout), 1},
		{"request_timeout", int64(c.RequestTimeout), 1},
		{"max_streams", int64(c.MaxStreams), 1},
		{"idle_timeout", int64(c.IdleTimeout), 1},
		{"write_timeout", int64(c.WriteTimeout), 1},
		{"max_request", c.MaxRequest, 1},
		{"max_answer", c.MaxAnswer, 1},
		{"max_event", int64(c.MaxEvent), 1},
	} {
		if limit.value < limit.low {
			return fmt.Errorf("gateway: %s is %d: want at least %d; start from DefaultConfig", limit.name, limit.value, limit.low)
		}
	}
	return nil
}
