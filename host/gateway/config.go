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

// Failure says what happens to an answer that cannot be checked.
type Failure string

const (
	Open   Failure = "open"   // the answer passes, marked as unchecked
	Closed Failure = "closed" // the answer is refused, or ended
)

// Carrier says how a stream carries confidences.
type Carrier string

const (
	Field   Carrier = "field"   // the member finece of chunks and events
	Comment Carrier = "comment" // comment lines, which no SDK sees
)

// RoundTrip is the method RoundTrip of an [http.RoundTripper], as a function. A call through
// that interface would link [http.Transport], and with it TLS and X.509, which are half of the
// edge worker's size.
type RoundTrip func(*http.Request) (*http.Response, error)

// Config configures a gateway. Start from [DefaultConfig] and set Upstream, Engine and Failure:
// a field that is zero means zero.
type Config struct {
	Upstream  string       // the API's root, such as https://api.openai.com/v1; /v1/x goes to Upstream/x
	Key       model.Secret // the operator's key for Upstream, sent instead of the client's with scored routes and lists of models alone; "" passes the client's on
	Access    Access       // who may use the gateway; needed with a Key
	Meter     *Meter       // counts the use of each of Access.Clients and applies their limits; nil is a new Meter
	RoundTrip RoundTrip    // sends requests to Upstream; nil is that of http.DefaultTransport

	Engine host.Engine
	Model  *model.Client // asked if Session.Estimator is session.Model
	// Samples compares answers with further answers. It is nil except for the estimator samples.
	Samples *Samples
	// ConversationTokens bounds the conversation, in tokens, that a model which covers
	// conversations is given besides the user's last message: see follow.Conversation.
	ConversationTokens int

	// Continue says how the upstream continues an answer. A fusion width over 1 in
	// Handling.Session, and escalation that continues an answer, need it.
	Continue Continuing
	// With a fusion width over 1, continuations of streamed answers are sampled. RolloutTokens
	// bounds the tokens of each, and RolloutBudget those of all continuations of one answer.
	// Both are more than 0.
	RolloutTokens, RolloutBudget int

	Handling         // of requests that no route matches
	Routes   []Route // the first one that matches a request says how its answer is handled

	// RefuseUnchecked, which needs the failure policy Closed, refuses routes whose answers are
	// not scored, except the lists of models.
	RefuseUnchecked bool

	// These are more than 0.
	RequestTimeout time.Duration // until the client has sent a whole request
	MaxStreams     int           // requests under way at once
	HeaderTimeout  time.Duration // until the upstream's headers come; for a plain answer they come at its end, so this takes long
	IdleTimeout    time.Duration // between two reads of an answer
	WriteTimeout   time.Duration // of one write to the client
	MaxRequest     int64         // bytes of a request that is read
	MaxAnswer      int64         // bytes of a plain answer that is read

	// MaxEvent is the largest number of bytes of a stream's event that is read; more
	// than 0. The session's own MaxEvent is raised to this value, up to 16 MiB. A
	// session uses a few times its largest event. A hostile stream can push that to
	// 40 times MaxEvent; wazero.WithMemoryLimit sets a hard bound.
	MaxEvent int

	// Report is called with errors, for a log. (It is not a slog.Logger, which would make the
	// edge worker 100 KB larger.)
	Report func(message string, err error)

	// If Observe is not nil, it is called after each exchange.
	Observe Observer

	// Name, with Observe, makes an id for each scored answer. The id is sent in the header
	// X-FineCE-Id and is Exchange.Own. It has to be hard to guess. If Name is nil, answers have
	// no such id.
	Name func() string

	// Drifted reports whether the calibration of a Handling.Scorer no longer holds. If it does
	// not, confidences of answers that begin now are marked as not calibrated. nil means never.
	Drifted func(scorer string) bool

	routes    []*Config // this gateway with the handling of each of Routes
	rule      *rule     // of Policy
	clock     clock
	breaker   *breaker           // of all answers
	refusals  *refusals          // of log-probabilities
	hides     bool               // the client is told no records: see NoRecords
	chosen    map[Policy]*Config // by requests, of AllowPolicy
	escalated *share             // of the answers with this handling
}

// maxAnswers bounds the answers to one request, and so its cost.
const maxAnswers = 16

// DefaultConfig returns a Config with the policy annotate, the confidence options of
// host.DefaultConfig, and the defaults of the settings in package contract.
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
		return c.IdleTimeout // by then the answer has ended, or its upstream is silent
	}
	if c.rule.endsLate() {
		return max(c.CarrierDelay, c.Settle)
	}
	return c.CarrierDelay
}

// checked checks c and fills in its unexported fields.
func (c Config) checked() (Config, *url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(c.Upstream))
	if err != nil {
		return c, nil, fmt.Errorf("gateway: upstream: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return c, nil, fmt.Errorf("gateway: upstream %q: want http:// or https://, a host, and the API's root, such as https://api.openai.com/v1", base.Redacted())
	}
	if c.Engine == nil {
		return c, nil, errors.New("gateway: Config.Engine is nil: want an engine, such as that of host/wazero")
	}
	if c.RefuseUnchecked && c.Failure != Closed {
		return c, nil, fmt.Errorf("gateway: refuse_unchecked needs the failure policy %s", Closed)
	}
	if wrong := c.Access.check(c.Key != ""); wrong != "" {
		return c, nil, errors.New("gateway: " + wrong)
	}
	if err := c.handles(); err != nil {
		return c, nil, err
	}
	if c.RoundTrip == nil {
		if c.RoundTrip = defaultRoundTrip; c.RoundTrip == nil {
			return c, nil, errors.New("gateway: Config.RoundTrip is nil, and this platform has no default")
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

// limits returns an error for a time or size that is out of its range.
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
