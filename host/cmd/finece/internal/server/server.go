// Package server runs an HTTP server until it is interrupted.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/wasm/contract"
)

// Limits are limits on connections and on shutdown.
type Limits struct {
	Grace          time.Duration // for requests under way when the server is stopped
	HeaderTimeout  time.Duration // until a request's headers have come
	KeepAlive      time.Duration // of a connection without a request
	MaxHeader      int           // bytes of a request's headers
	MaxConnections int
}

// Add adds the flags of the limits.
func (l *Limits) Add(cmd *cobra.Command) {
	settings.Add(cmd, contract.Grace, &l.Grace)
	settings.Add(cmd, contract.HeaderTimeout, &l.HeaderTimeout)
	settings.Add(cmd, contract.KeepAlive, &l.KeepAlive)
	settings.Add(cmd, contract.MaxHeader, &l.MaxHeader)
	settings.Add(cmd, contract.MaxConnections, &l.MaxConnections)
}

// Check reports a limit that is out of its range.
func (l *Limits) Check() error {
	switch {
	case l.Grace < 0:
		return exit.Usagef("--grace %v: want at least 0", l.Grace)
	case l.HeaderTimeout < time.Millisecond || l.KeepAlive < time.Millisecond:
		return exit.Usagef("--header-timeout %v, --keep-alive %v: want at least 1ms", l.HeaderTimeout, l.KeepAlive)
	case l.MaxHeader < 1<<10 || l.MaxConnections < 1:
		return exit.Usagef("--max-header %d, --max-connections %d: want at least 1024 and 1", l.MaxHeader, l.MaxConnections)
	}
	return nil
}

// Protocols are the protocols of a server besides HTTP/1.1 without TLS.
type Protocols struct {
	TLS *tls.Config // nil: HTTP without TLS; else HTTPS alone, with HTTP/2
	H2C bool        // HTTP/2 without TLS, for clients that begin with it

	// WriteTimeout is how long an HTTP/2 connection may accept no byte while the server has
	// bytes to write. The deadlines of answers do not end a stuck connection.
	WriteTimeout time.Duration
}

// Run serves until ctx is done. Requests under way then have limits.Grace to end; messages call
// them what. stop restores the default action of signals, so that a second signal ends the
// process.
func Run(ctx context.Context, stop func(), cmd *cobra.Command, l net.Listener, h http.Handler, limits *Limits, speaks Protocols, what string) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: limits.HeaderTimeout, IdleTimeout: limits.KeepAlive, MaxHeaderBytes: limits.MaxHeader,
		ErrorLog:  slog.NewLogLogger(slog.NewTextHandler(cmd.ErrOrStderr(), nil), slog.LevelWarn),
		TLSConfig: speaks.TLS, Protocols: new(http.Protocols), HTTP2: &http.HTTP2Config{WriteByteTimeout: speaks.WriteTimeout},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(speaks.TLS != nil)
	server.Protocols.SetUnencryptedHTTP2(speaks.H2C && speaks.TLS == nil)
	ended := make(chan error, 1)
	l = netutil.LimitListener(l, limits.MaxConnections)
	go func() {
		if speaks.TLS != nil {
			ended <- server.ServeTLS(l, "", "") // the configuration has the certificate
			return
		}
		ended <- server.Serve(l)
	}()
	select {
	case err := <-ended:
		return exit.Errorf(exit.IO, "%w", err)
	case <-ctx.Done():
	}
	stop()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.Grace)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		server.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			return exit.Errorf(exit.Faults, "stopped; %s that were still under way after %v were cut", what, limits.Grace)
		}
		return exit.Errorf(exit.IO, "%w", err)
	}
	return nil
}
