package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
)

// forwarder sends a request to the upstream and its answer to the client. It supports no
// upgrades, trailers or informational answers, and calls no http.RoundTripper (see [RoundTrip]).
// For requests that are not scored, a server uses httputil.ReverseProxy, which supports all of
// these.
type forwarder struct{ *Handler }

func (f forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	resp, err := f.ask(r, out)
	if err != nil {
		f.failed(w, out, err)
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = append(w.Header()[name], values...)
	}
	w.WriteHeader(resp.StatusCode)
	_ = http.NewResponseController(w).Flush() // the first text may take long
	if err := copyFlushing(w, resp.Body); err != nil {
		if r.Context().Err() == nil { // else the client has disconnected
			f.config.Report("an answer broke off", err)
		}
		panic(http.ErrAbortHandler) // so that the client sees that the answer broke off
	}
}

// ask sends out, a copy of the client's request in, to the upstream. It returns the answer for
// the client.
func (h *Handler) ask(in, out *http.Request) (*http.Response, error) {
	resp, err := h.send(in, out)
	if err != nil {
		return nil, err
	}
	if err := h.modify(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// send sends out to the upstream, as ask does, and returns the upstream's answer unchanged.
func (h *Handler) send(in, out *http.Request) (*http.Response, error) {
	out.Close = false
	endToEnd(out.Header)
	// Expect is between the client and the gateway, which reads the client's body itself.
	for _, name := range []string{"Expect", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		out.Header.Del(name)
	}
	if _, named := out.Header["User-Agent"]; !named {
		out.Header.Set("User-Agent", "") // otherwise Go would send its own
	}
	h.rewrite(in, out)
	resp, err := roundTripper{&h.config}.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	endToEnd(resp.Header)
	return resp, nil
}

// endToEnd removes the headers that are meant only for the next hop.
func endToEnd(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{
		"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	} {
		h.Del(name)
	}
}

// copyFlushing copies r to w and flushes each piece.
func copyFlushing(w http.ResponseWriter, r io.Reader) error {
	flush := func() {}
	if flusher, ok := w.(http.Flusher); ok {
		flush = flusher.Flush
	}
	if b, ok := r.(*body); ok {
		return b.copyTo(w, flush)
	}
	buf := pieceBuffers.Get().(*[]byte)
	defer pieceBuffers.Put(buf)
	for {
		n, err := r.Read(*buf)
		if n > 0 {
			if _, err := w.Write((*buf)[:n]); err != nil {
				return err
			}
			flush()
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// beside returns the context of a request that the gateway makes in addition to the client's.
// The observer is not told of its answer, since an exchange has the times of the client's
// answer.
func beside(ctx context.Context, asked *request) context.Context {
	ctx = context.WithValue(ctx, observationKey{}, (*observation)(nil))
	return context.WithValue(ctx, treatmentKey{}, &treatment{request: asked, on: asked.surface})
}

// follow reads the reply to such a request in a session of its own. maxEvent is the longest
// event that the reply may have.
func (h *Handler) follow(ctx context.Context, of surface, reply io.Reader, maxEvent int, to follow.Handler) error {
	c := host.DefaultConfig()
	c.Format = of.format()
	c.MaxEvent = max(c.MaxEvent, maxEvent)
	f := follow.Follower{Engine: h.config.Engine}
	s, err := f.Open(ctx, c, to)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Copy(ctx, reply)
}
