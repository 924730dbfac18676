package gateway

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// errSlowRequest is the error of a request whose body took longer than Config.RequestTimeout.
// Config.bound answers such a request.
var errSlowRequest = errors.New("gateway: the client took too long to send its request")

// Bound limits the time of a client: Config.RequestTimeout to send a whole request, and
// Config.WriteTimeout to read each piece of the answer. A Handler applies these limits itself;
// Bound is for handlers that are served next to it.
func (c *Config) Bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w, r, done := c.bound(w, r)
		defer done()
		next.ServeHTTP(w, r)
	})
}

// bound returns w and r with the limits, and a function to call after the answer was written.
// Not every server supports deadlines: the Worker has none, and its platform has limits of its
// own.
func (c *Config) bound(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request, func()) {
	controller := http.NewResponseController(w)
	out := &boundWriter{ResponseWriter: w, controller: controller, limit: c.WriteTimeout}
	out.clear()
	if r.Body == nil || r.Body == http.NoBody {
		return out, r, out.set // afterwards the server writes its buffered bytes
	}
	body := &boundBody{ReadCloser: r.Body, controller: controller}
	r = r.WithContext(r.Context())
	r.Body = body
	_ = controller.SetReadDeadline(time.Now().Add(c.RequestTimeout))
	return out, r, func() {
		if body.slow.Load() && !out.begun {
			out.Header().Set(headerStatus, "unchecked")
			out.Header().Set(headerReason, "request")
			out.Header().Set("Connection", "close")
			refuse(out, r, http.StatusRequestTimeout, "finece-request-timeout", "the request took longer than "+c.RequestTimeout.String()+" to arrive")
		}
		out.set()
	}
}

// boundBody is a request's body with a deadline.
type boundBody struct {
	io.ReadCloser
	controller *http.ResponseController
	slow       atomic.Bool // the deadline has passed
}

// Read clears the deadline at the body's end. Afterwards the server reads ahead, and an error in
// that read would cancel the request. Read does not clear a deadline that has passed, so that
// the server does not wait for the rest of the body.
func (b *boundBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		_ = b.controller.SetReadDeadline(time.Time{})
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.slow.Store(true)
		err = errSlowRequest
	}
	return n, err
}

// boundWriter gives each write and each flush a deadline. There is none in between,
// since HTTP/2 enforces a deadline even while nothing is written.
type boundWriter struct {
	http.ResponseWriter
	controller *http.ResponseController
	limit      time.Duration
	begun      bool
	scored     bool // a stream whose body sets the deadlines itself
}

// Unwrap is for [http.ResponseController].
func (w *boundWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *boundWriter) set()   { _ = w.controller.SetWriteDeadline(time.Now().Add(w.limit)) }
func (w *boundWriter) clear() { _ = w.controller.SetWriteDeadline(time.Time{}) }

// WriteHeader implements http.ResponseWriter.
func (w *boundWriter) WriteHeader(status int) {
	w.begun = status >= 200
	w.scored = w.Header().Get(headerStatus) == "checking"
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *boundWriter) Write(p []byte) (int, error) {
	w.begun = true
	if w.scored {
		return w.ResponseWriter.Write(p)
	}
	w.set()
	defer w.clear()
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *boundWriter) Flush() { _ = w.FlushError() }

// FlushError is for [http.ResponseController].
func (w *boundWriter) FlushError() error {
	if w.scored {
		return w.controller.Flush()
	}
	w.set()
	defer w.clear()
	return w.controller.Flush()
}
