//go:build !js

package gateway

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
)

var defaultRoundTrip RoundTrip = http.DefaultTransport.RoundTrip

// newProxy sends on what h lets pass.
func newProxy(h *Handler) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { h.rewrite(p.In, p.Out) },
		Transport:      roundTripper{&h.config},
		FlushInterval:  -1,
		ModifyResponse: h.modify,
		ErrorHandler:   h.failed,
		ErrorLog:       log.New(io.Discard, "", 0), // of answers that break off
	}
}
