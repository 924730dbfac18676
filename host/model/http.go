//go:build !js

package model

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// doer returns d without redirects. If d is nil, it returns a client that keeps up to
// connections connections open.
func doer(d Doer, connections int) (Doer, error) {
	if d == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = connections, connections // of one server
		d = &http.Client{Transport: transport}
	}
	if client, ok := d.(*http.Client); ok {
		without := *client
		// A redirected POST would become a GET, or send the text to another server.
		without.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return &without, nil
	}
	return d, nil
}

// permanent reports whether every attempt would fail in the same way, because of a certificate
// or a header that cannot be sent.
func permanent(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return true
	}
	var failed *url.Error
	return errors.As(err, &failed) && strings.Contains(failed.Err.Error(), "invalid header")
}
