package gateway

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// Use is what one client has used since the gateway started.
type Use struct {
	Name     string
	Limits   Limits
	Requests int64 // requests that were let through
	Refused  int64 // requests over a limit
	Open     int   // requests under way

	// Tokens is the number of tokens of answers: the session's count, reasoning included, or the
	// completion tokens of the upstream's usage if those are more. An answer that was not scored
	// counts as one token for every 4 bytes. If the client disconnects, the tokens up to the
	// last position count.
	Tokens int64
	Today  int64 // tokens of the current day, in UTC; Limits.Tokens bounds them

	// Prompt and Completion are sums of the usage that the upstream reported.
	Prompt, Completion int64

	// ModelTokens, RolloutTokens and LogprobBytes are the cost of scoring: tokens of the
	// confidence model, if its server counts them, tokens of sampled continuations, and bytes of
	// log-probabilities that the client did not ask for.
	ModelTokens, RolloutTokens, LogprobBytes int64
}

// Meter counts the use of each client, in memory. It is safe for concurrent use. Two handlers
// may share one, so a handler that replaces another continues its counts.
type Meter struct {
	now     func() time.Time
	mu      sync.Mutex
	clients map[string]*client
	open    atomic.Int64 // requests of all clients that are under way
}

// client is one client's counts. The Meter's lock guards them.
type client struct {
	Use
	rate rate
	day  int64 // of Today, in days since 1970
}

// NewMeter makes a meter. now returns the time, as time.Now does.
func NewMeter(now func() time.Time) *Meter {
	return &Meter{now: now, clients: map[string]*client{}}
}

// Use returns the counts of every client that has sent a request, by name.
func (m *Meter) Use() []Use {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Use, 0, len(m.clients))
	for _, c := range m.clients {
		c.today(m.now())
		all = append(all, c.Use)
	}
	slices.SortFunc(all, func(a, b Use) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// enter counts a request as under way. It returns false if the number of requests under way is
// already at the limit, most.
func (m *Meter) enter(most int) bool {
	if m.open.Add(1) > int64(most) {
		m.open.Add(-1)
		return false
	}
	return true
}

// Open returns how many requests are under way, also of clients without a key.
func (m *Meter) Open() int { return int(m.open.Load()) }

// of returns a client's counts. The caller holds the lock.
func (m *Meter) of(name string, limits Limits) *client {
	c := m.clients[name]
	if c == nil {
		c = &client{Use: Use{Name: name}}
		m.clients[name] = c
	}
	c.Limits = limits
	c.today(m.now())
	return c
}

// today resets the counts of the day if a new day has begun.
func (c *client) today(now time.Time) {
	if day := now.Unix() / (24 * 60 * 60); day != c.day {
		c.day, c.Today = day, 0
	}
}

// begin lets a client's request through, or returns the limit that the request is over. The
// caller has to end the ticket.
func (m *Meter) begin(name string, limits Limits) (*ticket, *overLimit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.of(name, limits)
	if over := c.over(m.now()); over != nil {
		c.Refused++
		return nil, over
	}
	c.Requests++
	c.Open++
	return &ticket{m, c}, nil
}

// over returns the limit that another request would be over, or nil. A request that is over
// another limit does not count against the rate.
func (c *client) over(now time.Time) *overLimit {
	l := c.Limits
	if l.Tokens > 0 && c.Today >= l.Tokens {
		midnight := time.Unix((c.day+1)*24*60*60, 0)
		return &overLimit{"finece-tokens", "this client key has used its " + strconv.FormatInt(l.Tokens, 10) + " tokens of today; the count starts again at midnight UTC", midnight.Sub(now)}
	}
	if l.Streams > 0 && c.Open >= l.Streams {
		return &overLimit{"finece-streams", "this client key may have " + strconv.Itoa(l.Streams) + " requests under way at once; wait until one of them has ended", time.Second}
	}
	if l.Rate > 0 {
		if wait := c.rate.take(now, l.Rate); wait > 0 {
			return &overLimit{"finece-rate", "this client key may send " + strconv.Itoa(l.Rate) + " requests a minute; Retry-After says when the next one may come", wait}
		}
	}
	return nil
}

// ticket is a request that was let through. A nil ticket counts nothing.
type ticket struct {
	meter  *Meter
	client *client
}

type ticketKey struct{}

func ticketOf(ctx context.Context) *ticket {
	t, _ := ctx.Value(ticketKey{}).(*ticket)
	return t
}

func (t *ticket) end() {
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	t.client.Open--
}

func (t *ticket) add(tokens, prompt, completion int64) {
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	t.client.today(t.meter.now())
	t.client.Tokens += tokens
	t.client.Today += tokens
	t.client.Prompt += prompt
	t.client.Completion += completion
}

// scoring adds the cost of scoring.
func (t *ticket) scoring(modelTokens, logprobBytes int64) {
	if t == nil {
		return
	}
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	t.client.ModelTokens += modelTokens
	t.client.LogprobBytes += logprobBytes
}

// rolled adds the tokens of sampled continuations.
func (t *ticket) rolled(tokens int64) {
	if t == nil {
		return
	}
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	t.client.RolloutTokens += tokens
}

// tally counts the tokens of one scored answer. A nil tally counts nothing.
type tally struct {
	ticket *ticket
	choice map[int]int64 // tokens of each
	sum    int64         // of all choices
	usage  stream.Usage  // as the upstream gave it
	told   int64         // tokens that the ticket has counted so far
}

// tally begins to count an answer.
func (t *ticket) tally() *tally {
	if t == nil {
		return nil
	}
	return &tally{ticket: t, choice: map[int]int64{}}
}

// upTo notes the number of tokens of a choice so far.
func (t *tally) upTo(choice int, tokens int64) {
	if t == nil || tokens <= t.choice[choice] {
		return
	}
	t.sum += tokens - t.choice[choice]
	t.choice[choice] = tokens
	t.tell(0, 0)
}

// used notes the upstream's usage, which may come several times.
func (t *tally) used(u *stream.Usage) {
	if t == nil {
		return
	}
	was := t.usage
	t.usage.Prompt, t.usage.Completion = max(was.Prompt, u.Prompt), max(was.Completion, u.Completion)
	t.tell(t.usage.Prompt-was.Prompt, t.usage.Completion-was.Completion)
}

func (t *tally) tell(prompt, completion int64) {
	tokens := max(t.sum, t.usage.Completion)
	if tokens > t.told || prompt > 0 || completion > 0 {
		t.ticket.add(tokens-t.told, prompt, completion)
		t.told = tokens
	}
}

// bytesPerToken is how many bytes of an unscored answer count as one token.
const bytesPerToken = 4

// unscored counts the tokens of an answer that is not scored, while it is read.
func (t *ticket) unscored(resp *http.Response) {
	if t != nil && resp.StatusCode == http.StatusOK && resp.Request.Method == http.MethodPost {
		resp.Body = &weighed{ReadCloser: resp.Body, ticket: t}
	}
}

type weighed struct {
	io.ReadCloser
	ticket *ticket
	rest   int // bytes that do not fill a token yet
}

func (w *weighed) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.rest += n
	if tokens := w.rest / bytesPerToken; tokens > 0 {
		w.ticket.add(int64(tokens), 0, 0)
		w.rest %= bytesPerToken
	}
	return n, err
}

// usagePath is the route on which a client gets its own counts.
const usagePath = "/finece/usage"

type clientNameKey struct{}

// ClientOf returns the name of the client that sent a request, from a context of the gateway or
// of [Access.GuardAPI]. It is "" if no client key is needed.
func ClientOf(ctx context.Context) string {
	name, _ := ctx.Value(clientNameKey{}).(string)
	return name
}

// meter lets a request that was admitted through if its client is within its limits.
func (h *Handler) meter(w http.ResponseWriter, r *http.Request) {
	name := ClientOf(r.Context())
	var limits Limits
	if l, ok := h.config.Access.Clients.(Limiter); ok {
		limits = l.Limits(name)
	}
	if r.URL.Path == usagePath {
		h.tellUse(w, r, name, limits)
		return
	}
	if !h.config.Meter.enter(h.config.MaxStreams) {
		w.Header().Set("Retry-After", "1")
		refuse(w, r, http.StatusServiceUnavailable, "finece-busy", "this gateway has reached its limit of requests under way; try again later")
		return
	}
	defer h.config.Meter.open.Add(-1)
	if name != "" {
		t, over := h.config.Meter.begin(name, limits)
		if over != nil {
			w.Header().Set("Retry-After", over.retryAfter())
			refuse(w, r, http.StatusTooManyRequests, over.code, over.message)
			return
		}
		defer t.end()
		r = r.WithContext(context.WithValue(r.Context(), ticketKey{}, t))
	}
	h.route(w, r)
}

// tellUse answers with the counts of the client that asks.
func (h *Handler) tellUse(w http.ResponseWriter, r *http.Request, name string, limits Limits) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed, "finece-method", usagePath+" takes GET")
		return
	}
	if name == "" {
		refuse(w, r, http.StatusNotFound, "finece-not-found", "this gateway has no client keys, so it does not count use by client")
		return
	}
	m := h.config.Meter
	m.mu.Lock()
	u := m.of(name, limits).Use
	m.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(u.AppendJSON(nil), '\n'))
}

// AppendJSON appends u as JSON, in the form of GET /finece/usage.
func (u *Use) AppendJSON(dst []byte) []byte {
	member := func(name string, value int64) {
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		dst = strconv.AppendInt(dst, value, 10)
	}
	dst = jsonscan.AppendString(append(dst, `{"name":`...), []byte(u.Name))
	member("requests", u.Requests)
	member("refused", u.Refused)
	member("open", int64(u.Open))
	member("tokens", u.Tokens)
	member("today", u.Today)
	dst = append(dst, `,"usage":{"prompt_tokens":`...)
	dst = strconv.AppendInt(dst, u.Prompt, 10)
	member("completion_tokens", u.Completion)
	dst = append(dst, `},"scoring":{"model_tokens":`...)
	dst = strconv.AppendInt(dst, u.ModelTokens, 10)
	member("rollout_tokens", u.RolloutTokens)
	member("logprob_bytes", u.LogprobBytes)
	dst = append(dst, `},"limits":{`...)
	first := len(dst)
	for _, l := range []struct {
		name  string
		value int64
	}{{"rate", int64(u.Limits.Rate)}, {"streams", int64(u.Limits.Streams)}, {"tokens", u.Limits.Tokens}} {
		if l.value > 0 {
			if len(dst) > first {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, '"'), l.name...), `":`...)
			dst = strconv.AppendInt(dst, l.value, 10)
		}
	}
	return append(dst, "}}"...)
}
