// Package server runs an HTTP server until it is interrupted.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// Run serves until ctx is done. Requests that are running then get grace to end;
// what is their name in messages. stop restores the default action of signals, so
// that a second one ends the process.
func Run(ctx context.Context, stop func(), cmd *cobra.Command, l net.Listener, h http.Handler, grace time.Duration, what string) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.NewTextHandler(cmd.ErrOrStderr(), nil), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return exit.Errorf(exit.IO, "%w", err)
	case <-ctx.Done():
	}
	stop()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		server.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			return exit.Errorf(exit.Faults, "stopped; %s that were still under way after %v were cut", what, grace)
		}
		return exit.Errorf(exit.IO, "%w", err)
	}
	return nil
}
