package gateway

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Observer is called once for each request for the API, after its answer has ended, with the
// request's context. It runs on the request's goroutine, so it should not block.
type Observer func(context.Context, *Exchange)

// Exchange is the outcome of one request for the API. It contains no text of a question or an
// answer, no key, and no part of a path that a client has made up. Asked comes from the client,
// and ID and Generator come from the upstream; these names are cut to 128 bytes.
type Exchange struct {
	Start    time.Time
	Client   string // name of the client's key; "" if the gateway needs no key or does not know the key
	Route    string // one of Routes
	Asked    string // the model that the client asked for; "" if the request was not read
	Streamed bool   // the client asked for a stream

	Status int    // HTTP status; 0 if the client disconnected before there was one
	Code   string // code of the gateway's own error, such as finece-key; "" if there was none
	Fate   Fate

	Checked string // checked, unavailable or unchecked; "" for an error of the gateway
	Reason  string // why it is not checked
	Policy  Policy // "" if the answer is not scored

	ID        string // the upstream's id of the answer
	Own       string // the gateway's id of the answer, from Config.Name: the value of X-FineCE-Id; "" if it is not scored
	Scorer    string // Handling.Scorer; "" if the request was not read
	Generator string // the model that answered
	Answers   []Answer
	Decisions []*record.Decision

	ModelCalls    int   // requests to the confidence model that have ended, also those about answers that were not sent
	ModelErrors   int   // requests that failed, and estimates that were given up
	ModelRefusals int   // errors with status 429
	ModelTokens   int64 // tokens of the confidence model, as its server counts them
	RolloutTokens int64 // tokens of sampled continuations, prompts included, as the upstream counts them
	LogprobBytes  int64 // bytes of log-probabilities that the gateway asked for and removed

	Upstream time.Duration // until the upstream's header came
	Header   time.Duration // until the header was sent to the client
	Settled  time.Duration // how long the end of the answer waited for the confidence model
	Held     time.Duration // Withhold: the longest time that an event was held
	Total    time.Duration

	Events int   // of a scored stream
	Read   int64 // bytes of a scored answer from the upstream
	Sent   int64 // bytes of the answer that were sent to the client
}

// Answer is one choice of a scored answer.
type Answer struct {
	Headline record.Confidence // the one confidence to show for the answer; HasValue is false if there is none
	End      *record.End       // nil if the answer was not read to its end
	Places   []follow.Place    // every position, with its last confidence; not to be changed
}

// Fate says how an exchange ended.
type Fate string

const (
	Complete  Fate = "complete"  // everything was sent
	Cancelled Fate = "cancelled" // the client disconnected before the end
	Broken    Fate = "broken"    // the answer broke off
)

// Routes are the values of Exchange.Route.
var Routes = []string{PathChat, PathCompletions, PathMessages, PathResponses, PathOllamaChat, PathOllamaGenerate, "/v1/embeddings", models, "other"}

// route returns the one of Routes that a path belongs to.
func route(path string) string {
	path = canonical(path)
	for _, r := range Routes {
		if below(path, r) {
			return r
		}
	}
	return "other"
}

// observation collects an exchange under way. It is in the request's context. A nil observation
// collects nothing.
type observation struct {
	clock clock

	mu       sync.Mutex
	x        Exchange
	ledger   follow.Ledger
	returned bool      // the handler has returned, without a panic
	over     bool      // the observer has the exchange, so nothing may change it
	ended    time.Time // when the scored answer's last byte came
	checking bool
	skipped  bool   // by the gate
	policy   Policy // the policy for the answer
	own      string // what Exchange.Own becomes if the answer is scored
}

type observationKey struct{}

func observationOf(ctx context.Context) *observation {
	o, _ := ctx.Value(observationKey{}).(*observation)
	return o
}

// observed serves a request with next, and passes the exchange to the observer.
func (h *Handler) observed(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	o := &observation{clock: h.config.clock}
	o.x.Start, o.x.Route = o.clock.now(), route(r.URL.Path)
	if h.config.Name != nil {
		o.own = h.config.Name()
	}
	r = r.WithContext(context.WithValue(r.Context(), observationKey{}, o))
	defer func() { h.config.Observe(r.Context(), o.finish(r.Context())) }()
	next(&observedWriter{ResponseWriter: w, o: o}, r)
	o.returned = true
}

// finish returns the exchange after its handler has ended.
func (o *observation) finish(ctx context.Context) *Exchange {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	x := &o.x
	x.Total = o.since()
	switch {
	case o.returned:
		x.Fate = Complete
	case ctx.Err() == nil:
		x.Fate = Broken
	case o.ended.IsZero(): // otherwise the client disconnected after the last byte
		x.Fate = Cancelled
	default:
		x.Fate = Complete
	}
	if x.Status == 0 && x.Fate == Complete && ctx.Err() != nil {
		x.Fate = Cancelled // before there was an answer
	}
	x.Answers = answers(&o.ledger)
	if o.checking {
		x.Checked = "checked"
		for i := range x.Answers {
			if c := &x.Answers[i].Headline; !c.HasValue() {
				x.Checked, x.Reason = "unavailable", c.Reason.String()
			}
		}
		if len(x.Answers) == 0 {
			x.Checked, x.Reason = "unavailable", session.NoText.String()
		}
	}
	if o.checking && o.skipped {
		x.Checked, x.Reason = "unavailable", Skipped
	}
	if x.Checked == "checked" || x.Checked == "unavailable" {
		x.Policy = o.policy
	}
	return x
}

func (o *observation) since() time.Duration { return o.clock.now().Sub(o.x.Start) }

// note changes the exchange.
func (o *observation) note(f func(x *Exchange)) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.over { // an answer that lost a contest may still be under way
		f(&o.x)
	}
}

func (o *observation) client(name string) { o.note(func(x *Exchange) { x.Client = name }) }
func (o *observation) upstream()          { o.note(func(x *Exchange) { x.Upstream = o.since() }) }
func (o *observation) read(n int)         { o.note(func(x *Exchange) { x.Read += int64(n) }) }
func (o *observation) event()             { o.note(func(x *Exchange) { x.Events++ }) }

// asked notes the client's request, if it was read.
func (o *observation) asked(r *request) {
	if r != nil {
		o.note(func(x *Exchange) {
			x.Asked, x.Streamed, x.Scorer, o.policy = short(r.model), r.stream, r.config.Scorer, r.config.Policy
		})
	}
}

// named notes the upstream's id of the answer and name of its model.
func (o *observation) named(id, generator string) {
	o.note(func(x *Exchange) { x.ID, x.Generator = cmp.Or(short(id), x.ID), cmp.Or(short(generator), x.Generator) })
}

// short cuts a name that a client or the upstream has chosen.
func short(name string) string { return name[:min(len(name), 128)] }

// held notes how long an event was held, when it is released. since is when it came.
func (o *observation) held(since time.Time) {
	o.note(func(x *Exchange) { x.Held = max(x.Held, o.clock.now().Sub(since)) })
}

// end notes that the answer's last byte has come.
func (o *observation) end() { o.note(func(*Exchange) { o.ended = o.clock.now() }) }

// settled notes a reply of the confidence model. pending says whether more replies are to come.
func (o *observation) settled(err error, pending bool) {
	o.note(func(x *Exchange) {
		x.ModelCalls++
		if err != nil {
			x.ModelErrors++
		}
		if refused, ok := err.(*model.Error); ok && refused.Status == http.StatusTooManyRequests {
			x.ModelRefusals++
		}
		if !pending && !o.ended.IsZero() {
			x.Settled = o.clock.now().Sub(o.ended)
		}
	})
}

// abandoned notes that n estimates were not waited for.
func (o *observation) abandoned(n int) {
	o.note(func(x *Exchange) {
		x.ModelErrors += n
		if n > 0 && !o.ended.IsZero() {
			x.Settled = o.clock.now().Sub(o.ended)
		}
	})
}

// record notes a record of the answer.
func (o *observation) record(r record.Record) {
	o.note(func(x *Exchange) {
		switch r := r.(type) {
		case *record.Decision:
			x.Decisions = append(x.Decisions, r)
			o.skipped = o.skipped || r.Policy == string(Gate)
		case *record.Confidence, *record.End:
			o.ledger.Take(r)
		}
	})
}

// answers returns each choice as its records describe it.
func answers(l *follow.Ledger) (all []Answer) {
	for _, a := range l.Sorted() {
		headline := a.Headline()
		if headline == nil {
			headline = &record.Confidence{Place: record.Place{Choice: a.Choice, Index: -1}, Raw: math.NaN(), Fused: math.NaN()}
		}
		all = append(all, Answer{*headline, a.End, a.Places})
	}
	return all
}

// observedWriter notes what is sent to the client.
type observedWriter struct {
	http.ResponseWriter
	o *observation
}

// WriteHeader notes the status and the headers of the gateway. It adds the header with the
// answer's own id.
func (w *observedWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *observedWriter) begin(status int) {
	w.o.note(func(x *Exchange) {
		if x.Status != 0 {
			return
		}
		x.Status, x.Header = status, w.o.since()
		x.Checked, x.Reason = w.Header().Get(headerStatus), w.Header().Get(headerReason)
		w.o.checking = x.Checked == "checking" || x.Checked == "checked" || x.Checked == "unavailable"
		if w.o.checking && w.o.own != "" {
			x.Own = w.o.own
			w.Header().Set(headerID, x.Own)
		}
	})
}

func (w *observedWriter) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	n, err := w.ResponseWriter.Write(p)
	w.o.note(func(x *Exchange) { x.Sent += int64(n) })
	return n, err
}

// Flush implements http.Flusher, for callers that do not use an http.ResponseController.
func (w *observedWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap lets an http.ResponseController reach the server's own writer.
func (w *observedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refused notes the code of an error of the gateway.
func refused(w http.ResponseWriter, code string) {
	if w, ok := w.(*observedWriter); ok {
		w.o.note(func(x *Exchange) { x.Code = code })
	}
}

// watch connects a scorer to the observation of its request.
func (s *scorer) watch(ctx context.Context, config *host.Config, framed framed) framed {
	s.costs = observationOf(ctx)
	if x := treatmentOf(ctx); x != nil && x.request.contestant != nil {
		return framed // nothing is noted before the answer is chosen: see observe
	}
	if s.seen = s.costs; s.seen == nil {
		return framed
	}
	seen := s.seen
	seen.named("", config.Asked.Generator)
	return func(f *stream.Frame, said []stream.Said) {
		seen.event()
		framed(f, said)
	}
}

// observe connects a scorer to an observation once its answer was chosen, and notes its results so far.
func (s *scorer) observe(seen *observation) {
	if s.seen = seen; seen == nil {
		return
	}
	if s.skipped() {
		seen.record(s.skipper.at)
		seen.record(s.skipper.skip)
	}
	for _, c := range s.last {
		seen.record(c)
	}
	for _, r := range s.news {
		if e, ok := r.(*record.End); ok {
			seen.record(e)
		}
	}
}
