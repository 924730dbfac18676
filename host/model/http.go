//go:build !js

package model

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// doer is d without redirects, or a pool of its own for so many connections.
func doer(d Doer, connections int) (Doer, error) {
	if d == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = connections
		d = &http.Client{Transport: transport}
	}
	if client, ok := d.(*http.Client); ok {
		without := *client
		// A redirected POST would become a GET, or take the text elsewhere.
		without.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return &without, nil
	}
	return d, nil
}

// permanent reports whether an attempt failed for what will be so the next time:
// a certificate, or a header that may not be sent.
func permanent(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return true
	}
	var failed *url.Error
	return errors.As(err, &failed) && strings.Contains(failed.Err.Error(), "invalid header")
}
