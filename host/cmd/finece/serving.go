package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/lm"
)

// serveHTTP serves until ctx is done, and then, for grace at most, what is under
// way; what says what that is. stop lets a second signal end the process.
func serveHTTP(ctx context.Context, stop func(), cmd *cobra.Command, l net.Listener, h http.Handler, grace time.Duration, what string) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.NewTextHandler(cmd.ErrOrStderr(), nil), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return failf(exitIO, "%w", err)
	case <-ctx.Done():
	}
	stop()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		server.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			return failf(exitFaults, "stopped; %s that were still under way after %v were cut", what, grace)
		}
		return failf(exitIO, "%w", err)
	}
	return nil
}

// namedModel is a model and what requests call it.
type namedModel struct {
	name string
	m    *lm.Model
}

// startEngines starts an engine for each model, and what serves them. An error is
// about the options.
func startEngines(models []namedModel, o lm.Options) (served []lm.Served, server *lm.Server, closeAll func(), err error) {
	closeAll = func() {
		for _, s := range served {
			s.Engine.Close()
		}
	}
	for _, m := range models {
		e, err := lm.NewEngine(m.m, o)
		if err != nil {
			closeAll()
			return nil, nil, nil, &exitError{exitUsage, err}
		}
		served = append(served, lm.Served{Name: m.name, Engine: e})
	}
	if server, err = lm.NewServer(served...); err != nil {
		closeAll()
		return nil, nil, nil, &exitError{exitUsage, err}
	}
	return served, server, closeAll, nil
}
