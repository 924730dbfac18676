//go:build !js

package gateway

import (
	"errors"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
)

var defaultRoundTrip RoundTrip = http.DefaultTransport.RoundTrip

// newProxy returns the handler that passes on requests whose answers are not scored.
func newProxy(h *Handler) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { h.rewrite(p.In, p.Out) },
		Transport:      roundTripper{&h.config},
		FlushInterval:  -1,
		ModifyResponse: h.modify,
		ErrorHandler:   h.failed,
		ErrorLog:       log.New(reporter(h.config.Report), "", 0),
	}
}

// reporter is the log of [httputil.ReverseProxy]. The proxy writes to it when an answer breaks
// off after its headers were sent.
type reporter func(message string, err error)

func (r reporter) Write(line []byte) (int, error) {
	r("an answer broke off", errors.New(strings.TrimPrefix(strings.TrimSpace(string(line)), "httputil: ")))
	return len(line), nil
}
