package serve

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/cmd/finece/internal/serve/logs"
	"github.com/finece/finece/host/cmd/finece/internal/serve/metrics"
	"github.com/finece/finece/host/cmd/finece/internal/serve/ready"
	"github.com/finece/finece/host/cmd/finece/internal/serve/traces"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
)

// operations is the log, the metrics, the traces and the labels of a server.
type operations struct {
	transport *http.Transport
	log       logs.Log
	metrics   *metrics.Metrics
	ready     *ready.Handler
	traces    *traces.Traces                  // nil without traces
	gateway   atomic.Pointer[gateway.Handler] // the newest; nil until it is made
	labels    *feedback.Store                 // nil without --feedback-db
}

// operations makes the operations of a server. draining is done when the server is told to stop.
func (f *flags) operations(draining context.Context, cmd *cobra.Command, s *follow.Follower) (*operations, error) {
	o := &operations{transport: http.DefaultTransport.(*http.Transport).Clone(), log: logs.New(cmd.ErrOrStderr(), f.log)}
	o.transport.MaxIdleConnsPerHost = 100
	o.metrics = metrics.New(func() gateway.Breaker { return o.gateway.Load().Breaker() })
	o.ready = &ready.Handler{Draining: draining, Checks: []ready.Check{
		{Name: "core", Do: func(context.Context) error {
			opened, _, err := s.Engine.Open(f.Config)
			if err != nil {
				return err
			}
			return opened.Close()
		}},
		{Name: "upstream", Do: ready.Reachable(o.transport.RoundTrip, modelsAt(f.gateway.Upstream))},
	}}
	if s.Client != nil {
		o.ready.Checks = append(o.ready.Checks, ready.Check{Name: "model", Do: ready.Reachable(o.transport.RoundTrip, modelsAt(f.Estimator))})
	}
	wanted, err := traces.Wanted(os.Getenv)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	if wanted {
		if o.traces, err = traces.New(draining, f.gateway.Upstream, func(err error) { o.log.Report("traces", err) }); err != nil {
			return nil, exit.With(exit.Usage, err)
		}
	}
	if o.labels, err = f.labels(draining, o); err != nil {
		return nil, err
	}
	return o, nil
}

// close sends the remaining traces, and closes the store of labels.
func (o *operations) close() {
	limited, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := o.traces.Close(limited); err != nil {
		o.log.Report("traces", err)
	}
	if o.labels != nil {
		if err := o.labels.Close(); err != nil {
			o.log.Report("feedback", err)
		}
	}
}

// modelsAt returns the address of an API's list of models, a cheap request for its server.
func modelsAt(root string) string {
	return strings.TrimSuffix(strings.TrimSpace(root), "/") + "/models"
}

// observe is the gateway's observer.
func (o *operations) observe(ctx context.Context, x *gateway.Exchange) {
	o.log.Answer(ctx, x)
	o.metrics.Observe(ctx, x)
	o.traces.Observe(ctx, x)
	if o.labels != nil {
		o.labels.Keep(ctx, x)
	}
}

// listen serves /metrics, the figures of all labels, and /readyz on an address of their own
// until done is called, also while the server drains. Everyone who can reach the address may
// read them, except web pages.
func (o *operations) listen(cmd *cobra.Command, f *flags) (done func(), err error) {
	if f.metricsListen == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", f.metricsListen)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "--metrics-listen: %w", err)
	}
	access := gateway.Access{Host: server.Names(f.metricsListen, f.hostNames, l.Addr())}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", access.GuardAPI(o.metrics.Handler()))
	mux.Handle("/readyz", o.ready)
	if o.labels != nil {
		mux.Handle("GET "+feedback.PathCalibration, access.GuardAPI(everyones(o.labels)))
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	terminal.Say(cmd, "metrics on http://%s/metrics", l.Addr())
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		terminal.Say(cmd, "other machines can reach the metrics, which need no key")
	}
	return func() { s.Close() }, nil
}
