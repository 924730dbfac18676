package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// Handler is a gateway. It is safe for concurrent use.
type Handler struct {
	config Config
	base   *url.URL
	proxy  http.Handler // passes on requests whose answers are not scored
}

// New makes a gateway. Its error names the setting that is wrong.
func New(c Config) (*Handler, error) {
	c, base, err := c.checked()
	if err != nil {
		return nil, err
	}
	h := &Handler{config: c, base: base}
	h.proxy = newProxy(h)
	return h, nil
}

const (
	root   = "/v1/"
	models = "/v1/models"

	ollamaModels  = "/api/tags"
	ollamaVersion = "/api/version"
)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, r, done := h.config.bound(w, r)
	defer done()
	if r.URL.Path == "/healthz" {
		healthz(w, r)
		return
	}
	if h.config.Observe != nil {
		h.observed(w, r, h.serveAPI)
		return
	}
	h.serveAPI(w, r)
}

func (h *Handler) serveAPI(w http.ResponseWriter, r *http.Request) {
	if r, ok := h.config.Access.admit(w, r); ok {
		h.meter(w, r)
	}
}

func healthz(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed, "finece-method", "/healthz takes GET")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"status":"ok"}`+"\n")
}

// route handles an admitted request. Every spelling of a scored route is scored.
func (h *Handler) route(w http.ResponseWriter, r *http.Request) {
	on := surfaceOf(r.URL.Path)
	switch path := r.URL.Path; {
	case malformed(path):
		refuse(w, r, http.StatusBadRequest, "finece-path", "a path may not contain . or .. between slashes, control characters, or anything encoded twice")
	case on != nil && r.Method == http.MethodPost:
		if r.URL.EscapedPath() != on.path() {
			at := *r.URL
			at.Path, at.RawPath = on.path(), ""
			r = r.WithContext(r.Context())
			r.URL = &at
		}
		h.answer(w, r, on)
	case isModels(r):
		h.pass(w, r, "surface")
	case !strings.HasPrefix(path, root):
		refuse(w, r, http.StatusNotFound, "finece-not-found", "nothing here: the API is below "+root)
	default:
		h.unscored(w, r)
	}
}

// unscored handles a request for a route whose answers are not scored.
func (h *Handler) unscored(w http.ResponseWriter, r *http.Request) {
	why, asked, message := "surface", r.Method+" "+r.URL.Path, ""
	on := stores(r)
	if on != nil {
		why = "stored"
	}
	switch {
	case h.config.RefuseUnchecked:
		message = "answers of " + asked + " are not checked, and this gateway refuses routes whose answers are not checked"
	case h.config.Key != "":
		message = asked + " is refused: the operator's key is sent only with scored routes and GET " + models
	case on != nil && h.config.mayClose(on):
		message = asked + " is refused: stored answers are not checked, and the failure policy is closed"
	default:
		h.pass(w, r, why)
		return
	}
	w.Header().Set(headerStatus, "unchecked")
	w.Header().Set(headerReason, why)
	refuse(w, r, http.StatusForbidden, "finece-"+why, message)
}

// stores returns the surface of the stored answers that a request fetches from the upstream, or
// nil if it fetches none. A policy may have ended or withheld such an answer.
func stores(r *http.Request) surface {
	path := canonical(r.URL.Path)
	switch {
	case r.Method != http.MethodGet:
	case below(path, PathChat):
		return chat{}
	case below(path, PathResponses), below(path, "/v1/conversations"):
		return responses{}
	}
	return nil
}

// below reports whether a path is a route, or is below that route.
func below(path, route string) bool { return path == route || strings.HasPrefix(path, route+"/") }

// isModels reports whether a request asks for the list of models, one model, or Ollama's list or
// version. Only the exact spelling counts, since such requests carry the operator's key.
func isModels(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (below(r.URL.Path, models) || r.URL.Path == ollamaModels || r.URL.Path == ollamaVersion)
}

// IsAPI reports whether a path, in any spelling, belongs to the gateway.
func IsAPI(path string) bool {
	return path == usagePath || path == ollamaModels || path == ollamaVersion || surfaceOf(path) != nil || strings.HasPrefix(canonical(path)+"/", root)
}

// canonical returns a path in lower case with single slashes and none at its end, as a lenient
// server may read it.
func canonical(path string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.ReplaceAll(strings.ToLower(path), `\`, "/"), "/") {
		if part != "" {
			b.WriteByte('/')
			b.WriteString(part)
		}
	}
	return b.String()
}

// malformed reports whether servers may read a path differently.
func malformed(path string) bool {
	lower := strings.ToLower(strings.ReplaceAll(path, `\`, "/"))
	for _, twice := range []string{"%2e", "%2f", "%5c"} {
		if strings.Contains(lower, twice) {
			return true
		}
	}
	for part := range strings.SplitSeq(lower, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// treatment says whether the answer to a request is scored, or why it is not. It is in the
// request's context.
type treatment struct {
	request *request // nil: the answer is not scored
	on      surface  // the API that the client used, or chat
	why     string   // why the answer is not scored
}

type treatmentKey struct{}

func treatmentOf(ctx context.Context) *treatment {
	x, _ := ctx.Value(treatmentKey{}).(*treatment)
	return x
}

// serve passes a request to p, with its treatment.
func (h *Handler) serve(p http.Handler, w http.ResponseWriter, r *http.Request, x *treatment) {
	observationOf(r.Context()).asked(x.request)
	x.on = speaking(r)
	p.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), treatmentKey{}, x)))
}

// pass passes on a request whose answer is not scored. The request's body may still be arriving
// when the upstream answers. Without full duplex, an HTTP/1.1 server reads the rest of that body
// before it writes the answer. Then the proxy fails to read the body, and the end of the answer
// is lost.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request, why string) {
	_ = http.NewResponseController(w).EnableFullDuplex() // the Worker has none and needs none
	h.serve(h.proxy, w, r, &treatment{why: why})
}

// answer reads a request whose answer is scored, and sends it to the upstream.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, on surface) {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		h.unreadable(w, r, h.config.mayClose(on), "request-encoding", http.StatusUnsupportedMediaType)
		return
	}
	controller := http.NewResponseController(w)
	body, err := io.ReadAll(io.LimitReader(r.Body, h.config.MaxRequest+1))
	if errors.Is(err, errSlowRequest) {
		return
	}
	if err != nil {
		refuse(w, r, http.StatusBadRequest, "finece-request", "the request could not be read: "+err.Error())
		return
	}
	if int64(len(body)) > h.config.MaxRequest {
		rest := r.Body
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), rest), rest}
		h.unreadable(w, r, h.config.mayClose(on), "request-too-large", http.StatusRequestEntityTooLarge)
		return
	}
	wish, body, wrong := readWish(body, r.Header)
	if wrong != "" {
		refuse(w, r, http.StatusBadRequest, "finece-policy", wrong)
		return
	}
	request, ok := readRequest(on, body, &h.config)
	request.deadline = func(t time.Time) { _ = controller.SetWriteDeadline(t) } // not every server supports deadlines
	setBody(r, request.body)
	if !ok {
		h.unreadable(w, r, h.config.mayClose(on), "request-not-json", http.StatusBadRequest)
		return
	}
	request, done := h.choose(w, r, request, wish)
	if done {
		return
	}
	if request.unscored != "" {
		setBody(r, request.original)
		h.unreadable(w, r, request.config.Failure == Closed, request.unscored, http.StatusBadRequest)
		return
	}
	request.sample = h.sampler(r, request)
	switch {
	case request.config.rule.contest == nil:
		if request.config.Samples != nil {
			request.further = h.further(r.Context(), r, request)
		}
		h.serve(forwarder{h}, w, r, &treatment{request: request})
	case request.n > 1:
		setBody(r, request.original)
		h.unreadable(w, r, request.config.Failure == Closed, "choices", http.StatusBadRequest)
	case request.restarts():
		request.restartable(func(ctx context.Context, v variant, soFar string) (*sequel, error) {
			return h.another(ctx, r, request, v, soFar)
		})
		h.serve(forwarder{h}, w, r, &treatment{request: request})
	default:
		h.contested(w, r, request)
	}
}

// unreadable handles a request whose answer cannot be scored: it is refused if closed, else passed on.
func (h *Handler) unreadable(w http.ResponseWriter, r *http.Request, closed bool, why string, status int) {
	if closed {
		refuse(w, r, status, "finece-"+why, "the answer to this request could not be checked: "+why)
		return
	}
	h.pass(w, r, why)
}

// idempotent is a header that [http.Transport] reads.
const idempotent = "X-Idempotency-Key"

// setBody gives r a body that can be sent again. An upstream may close a kept connection at the
// moment the next request is written to it. net/http then sends the request again on another
// connection if no byte of an answer has come and the request is idempotent. It counts as
// idempotent by this header, which is not sent because it has no values. An upstream that
// breaks off later, but before its first byte, is asked again as well, and may count twice.
func setBody(r *http.Request, body []byte) {
	if _, named := r.Header[idempotent]; !named {
		r.Header[idempotent] = nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
}

// rewrite turns out, a copy of the client's request in, into the request to the upstream.
func (h *Handler) rewrite(in, out *http.Request) {
	api, rest := strings.TrimSuffix(h.base.EscapedPath(), "/"), in.URL.EscapedPath()
	if below, ok := strings.CutPrefix(rest, root); ok {
		rest = "/" + below
	} else { // Ollama's API is not below /v1
		api = strings.TrimSuffix(api, "/v1")
	}
	target := *h.base
	target.Path, target.RawPath = "", ""
	if u, err := url.Parse(api + rest); err == nil {
		target.Path, target.RawPath = u.Path, u.RawPath
	}
	target.RawQuery = in.URL.RawQuery
	out.URL, out.Host = &target, target.Host
	// The gateway has checked which page sends the request. To the upstream it would be a page
	// of another origin, which some servers, such as finece lm, refuse.
	for _, name := range []string{"Origin", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User"} {
		out.Header.Del(name)
	}
	if h.config.Key != "" {
		for _, name := range operatorsOwn {
			out.Header.Del(name)
		}
		speaking(in).authorize(out.Header, string(h.config.Key))
	}
	if x := treatmentOf(out.Context()); x != nil && x.request != nil {
		// A scored answer must not be compressed.
		out.Header.Set("Accept-Encoding", "identity")
	} else if h.config.Key != "" {
		// The gateway removes the key from errors, so it has to be able to read them.
		out.Header.Set("Accept-Encoding", encoding(in.Header))
	}
}

// operatorsOwn are headers that a client may not send with the operator's key: other
// credentials, the organization and project that are charged, and a method that overrides the
// checked one.
var operatorsOwn = []string{
	"Authorization", "X-Api-Key", "Api-Key", "Cookie", "Openai-Organization", "Openai-Project",
	"X-Http-Method-Override", "X-Http-Method", "X-Method-Override",
}

// encoding is gzip if the client accepts it, else identity.
func encoding(header http.Header) string {
	for _, list := range header["Accept-Encoding"] {
		for e := range strings.SplitSeq(strings.ToLower(list), ",") {
			name, weight, _ := strings.Cut(strings.ReplaceAll(e, " ", ""), ";")
			if name == "gzip" && (weight == "" || strings.Trim(weight, "q=0.") != "") {
				return "gzip"
			}
		}
	}
	return "identity"
}

// failed answers the client if the upstream failed, or if its answer may not pass.
func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil || errors.Is(err, errSlowRequest) {
		return // the client has disconnected, or bound answers it
	}
	w.Header().Set(headerStatus, "unchecked")
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		w.Header().Set(headerReason, refused.why)
		refuse(w, r, http.StatusBadGateway, "finece-unchecked", refused.Error())
	case errors.Is(err, errSilent), errors.Is(err, context.DeadlineExceeded):
		w.Header().Set(headerReason, "upstream")
		refuse(w, r, http.StatusGatewayTimeout, "finece-upstream-timeout", "the upstream did not answer in time")
	default:
		h.config.Report("the upstream failed", err)
		w.Header().Set(headerReason, "upstream")
		refuse(w, r, http.StatusBadGateway, "finece-upstream", "the upstream could not be reached")
	}
}

// refusal says why an answer may not pass under the failure policy Closed.
type refusal struct{ why string }

func (r *refusal) Error() string {
	return "the upstream's answer could not be checked (" + r.why + "), and the failure policy is closed"
}

// WriteError answers with an error in the gateway's form. It is for handlers that are served
// next to the gateway.
func WriteError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	refuse(w, r, status, code, message)
}

// refuse answers with an error in the form of the API that r is for, or of OpenAI's if r is for
// none.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	refused(w, code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(speaking(r).refusal(nil, status, code, message))
}

// estimator is the value of X-FineCE-Estimator.
func (c *Config) estimator() string {
	switch {
	case c.Samples != nil:
		return record.EstimatorSamples
	case c.Session.Estimator == session.Model:
		return record.EstimatorModel
	case c.Session.Estimator == session.Trajectory:
		return record.EstimatorTrajectory
	}
	return c.Session.Method.String()
}
