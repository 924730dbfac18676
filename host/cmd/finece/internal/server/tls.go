package server

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// Certificate is a TLS certificate in two files. Each handshake checks whether the files have
// changed, and then reads them again. It is safe for concurrent use.
type Certificate struct {
	cert, key string
	report    func(error) // is called if changed files cannot be used

	mu      sync.Mutex
	current *tls.Certificate
	read    stamp // of the files that were read last
}

// stamp tells whether files have changed.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

// NewCertificate reads a certificate. report is called if changed files cannot be used; the
// earlier certificate then stays.
func NewCertificate(cert, key string, report func(error)) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, report: report}
	if _, err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload reads the files if they have changed since they were last read, and reports whether
// there is a new certificate.
func (c *Certificate) Reload() (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.stamp()
	if err != nil || now == c.read {
		return false, err
	}
	c.read = now
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return false, fmt.Errorf("the TLS certificate %s with the key %s: %w", c.cert, c.key, err)
	}
	c.current = &pair
	return true, nil
}

func (c *Certificate) stamp() (s stamp, err error) {
	for _, f := range []struct {
		path string
		time *time.Time
		size *int64
	}{{c.cert, &s.cert, &s.certSize}, {c.key, &s.key, &s.keySize}} {
		info, err := os.Stat(f.path) // of what a link leads to
		if err != nil {
			return s, err
		}
		*f.time, *f.size = info.ModTime(), info.Size()
	}
	return s, nil
}

// Current returns the certificate in use.
func (c *Certificate) Current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// Config returns the configuration of a server with the certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if _, err := c.Reload(); err != nil {
				c.report(err)
			}
			return c.Current(), nil
		},
	}
}
