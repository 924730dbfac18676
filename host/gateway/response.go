package gateway

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

const (
	headerStatus    = "X-Finece-Status"
	headerReason    = "X-Finece-Reason"
	headerPolicy    = "X-Finece-Policy"
	headerThreshold = "X-Finece-Threshold"
	headerFailure   = "X-Finece-Failure"
	headerCarrier   = "X-Finece-Carrier"
	headerEstimator = "X-Finece-Estimator"
	headerAnswers   = "X-Finece-Answers"
	headerID        = "X-Finece-Id"
)

// headerNames are all of the gateway's response headers.
var headerNames = []string{headerStatus, headerReason, headerPolicy, headerThreshold, headerFailure, headerCarrier, headerEstimator, headerAnswers, headerID}

// modify turns the upstream's answer into the client's.
func (h *Handler) modify(resp *http.Response) error {
	for name := range resp.Header {
		if strings.HasPrefix(name, "X-Finece-") || strings.HasPrefix(name, "Access-Control-") {
			delete(resp.Header, name) // the gateway sets these
		}
	}
	if h.config.Key != "" && resp.StatusCode >= 400 {
		h.redact(resp)
	}
	x := treatmentOf(resp.Request.Context())
	if x == nil || x.request == nil {
		why := "surface"
		if x != nil {
			why = x.why
		}
		unchecked(resp, why)
		return nil
	}
	if resp.StatusCode != http.StatusOK {
		unchecked(resp, "status")
		return nil
	}
	why, err := h.check(resp, x.request)
	switch {
	case err != nil:
		return err
	case why == "":
		return nil
	case x.request.config.Failure == Closed:
		resp.Body.Close()
		return &refusal{why}
	}
	unchecked(resp, why)
	return nil
}

func unchecked(resp *http.Response, why string) {
	ticketOf(resp.Request.Context()).unscored(resp)
	resp.Header.Set(headerStatus, "unchecked")
	resp.Header.Set(headerReason, why)
}

// check replaces the answer's body by one that is scored, or returns why the answer cannot be
// scored.
func (h *Handler) check(resp *http.Response, r *request) (why string, err error) {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind != "application/json" && !r.streamsAs(kind) {
		return "content-type", nil
	}
	if why := unpack(resp); why != "" {
		return why, nil
	}
	config := h.scoring(r)
	if config.Estimator == session.Model && len(config.Question) > maxQuestion {
		return questionTooLarge, nil
	}
	if kind == "application/json" {
		return h.plain(resp, r, config)
	}
	ctx := resp.Request.Context()
	b, err := newBody(ctx, r.config, config, resp.Body, r)
	if err != nil {
		h.config.Report("no session for an answer", err)
		return "engine", nil
	}
	resp.Body = b
	r.config.announce(resp, "checking")
	resp.Header.Set(headerCarrier, string(r.config.Carrier))
	return "", nil
}

// The content types of streamed answers. lines is that of Ollama.
const (
	eventStream = "text/event-stream"
	lines       = "application/x-ndjson"
)

// streamsAs reports whether a streamed answer to the request may have a content type.
func (r *request) streamsAs(kind string) bool {
	return kind == eventStream || kind == lines && r.surface.format() == stream.Ollama
}

// scoring returns the configuration of an answer's session.
func (h *Handler) scoring(r *request) host.Config {
	config := r.config.Session
	if f := r.surface.format(); f != stream.Auto {
		config.Format = f
	}
	r.tell(&config, h.config.ConversationTokens)
	config.MaxEvent = max(config.MaxEvent, min(h.config.MaxEvent, maxCoreEvent))
	return config
}

// announce sets the headers of a scored answer, and removes headers that are no longer true.
func (c *Config) announce(resp *http.Response, status string) {
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Content-Md5", "Digest", "Content-Digest", "Accept-Ranges"} {
		resp.Header.Del(name)
	}
	resp.ContentLength = -1
	resp.Header.Set(headerStatus, status)
	resp.Header.Set(headerPolicy, string(c.Policy))
	resp.Header.Set(headerFailure, string(c.Failure))
	resp.Header.Set(headerEstimator, c.estimator())
	if c.rule.acts() {
		resp.Header.Set(headerThreshold, strconv.FormatFloat(*c.rule.below(c), 'g', -1, 64))
	}
}

// unpack decompresses an answer that the upstream compressed although the gateway did not ask for that.
func unpack(resp *http.Response) (why string) {
	switch strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return ""
	case "gzip", "x-gzip":
		resp.Body = &unpacked{packed: resp.Body}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.Header.Del("Etag")
		resp.ContentLength = -1
		return ""
	}
	return "encoding"
}

// unpacked reads gzip. It reads the gzip header at the first Read, so that making one never blocks.
type unpacked struct {
	packed io.ReadCloser
	reader *gzip.Reader
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.reader == nil {
		reader, err := gzip.NewReader(u.packed)
		if err != nil {
			return 0, fmt.Errorf("gateway: unpacking the upstream's answer: %w", err)
		}
		u.reader = reader
	}
	return u.reader.Read(p)
}

func (u *unpacked) Close() error { return u.packed.Close() }

// redact removes the operator's key from an error that repeats it.
func (h *Handler) redact(resp *http.Response) {
	for name, values := range resp.Header {
		for _, v := range values {
			if strings.Contains(v, string(h.config.Key)) {
				delete(resp.Header, name)
			}
		}
	}
	if unpack(resp) != "" { // compressed in a way that the gateway did not ask for
		resp.Body.Close()
		resp.Body = http.NoBody
		resp.Header.Del("Content-Encoding")
	}
	resp.Body = &redacted{ReadCloser: resp.Body, key: []byte(h.config.Key), mark: []byte(h.config.Key.String())}
	resp.Header.Del("Content-Length")
	resp.ContentLength = -1
}

// redacted reads a body and replaces the operator's key by a mark.
type redacted struct {
	io.ReadCloser
	key, mark []byte
	buf       []byte // bytes that were read and not returned yet
	ready     int    // bytes of buf before any key that may be incomplete
	err       error
}

func (r *redacted) Read(p []byte) (int, error) {
	for r.ready == 0 {
		if r.err != nil {
			return 0, r.err
		}
		at := len(r.buf)
		r.buf = slices.Grow(r.buf, 4<<10)[:at+4<<10]
		var n int
		n, r.err = r.ReadCloser.Read(r.buf[at:])
		r.buf = bytes.ReplaceAll(r.buf[:at+n], r.key, r.mark)
		if r.ready = len(r.buf); r.err == nil {
			r.ready = max(r.ready-len(r.key)+1, 0)
		}
	}
	n := copy(p, r.buf[:r.ready])
	r.buf, r.ready = r.buf[n:], r.ready-n
	return n, nil
}
