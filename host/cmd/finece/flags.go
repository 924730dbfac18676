package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
	"github.com/spf13/cobra"
)

// sessionFlags are the settings of a session on the command line. A command
// adds the groups that it has.
type sessionFlags struct {
	config   host.Config
	strategy string
	format   string
	engine   string

	estimator string
	method    string
	adapter   string
	timeout   time.Duration
	requests  int
}

func newSessionFlags() *sessionFlags {
	f := &sessionFlags{config: host.DefaultConfig()}
	f.config.MaxPositions = 1 << 20
	f.config.MaxEvent = 4 << 20
	f.config.MaxText = 1 << 20
	return f
}

func (f *sessionFlags) addStream(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", stream.Auto.String(), "format of the stream: "+strings.Join(formatNames(), ", "))
	flags.StringVar(&f.engine, "engine", "wazero", "what scores: wazero (finece.wasm) or native; both give the same bits")
	complete(cmd, "format", formatNames()...)
	complete(cmd, "engine", "wazero", "native")
}

func (f *sessionFlags) addPositions(cmd *cobra.Command) {
	flags := cmd.Flags()
	o := &f.config.Positions
	flags.StringVar(&f.strategy, "strategy", o.Strategy.String(), "where to estimate: paragraph, line, periodic, entropy, or a union such as paragraph+entropy")
	flags.IntVar(&o.Every, "every", o.Every, "periodic: tokens from one position to the next")
	flags.Float64Var(&o.Threshold, "threshold", o.Threshold, "entropy: nats that a token's entropy has to exceed")
	flags.IntVar(&o.MinLength, "min-length", o.MinLength, "paragraph, line: characters that one needs for a position of its own")
	flags.IntVar(&o.MinGap, "gap", o.MinGap, "entropy: tokens from one position to the next at least")
	complete(cmd, "strategy", "paragraph", "line", "periodic", "entropy", "paragraph+entropy", "paragraph+periodic")
}

func (f *sessionFlags) addEstimator(cmd *cobra.Command) {
	flags := cmd.Flags()
	m := &f.config.Model
	flags.StringVar(&f.estimator, "estimator", "logprob", "logprob (the stream's own log-probabilities), or the base URL of a confidence model's server, such as http://127.0.0.1:8000/v1")
	flags.StringVar(&f.method, "method", f.config.Method.String(), "logprob: "+strings.Join(methodNames(), ", "))
	flags.StringVar(&f.adapter, "adapter", m.Adapter.String(), "URL: the API to ask: "+strings.Join(adapterNames(), ", "))
	flags.StringVar(&m.Name, "model", "", "URL: the confidence model's name there")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "URL: time for one estimate, retries included")
	flags.IntVar(&f.requests, "requests", 8, "URL: requests at once")
	fusionFlags(cmd, &f.config.Fusion)
	complete(cmd, "method", methodNames()...)
	complete(cmd, "adapter", adapterNames()...)
}

func formatNames() []string {
	return namesUntilUnknown(func(i uint8) string { return stream.Format(i).String() })
}
func methodNames() []string {
	return namesUntilUnknown(func(i uint8) string { return estimate.Method(i).String() })
}
func adapterNames() []string {
	return namesUntilUnknown(func(i uint8) string { return estimate.Adapter(i).String() })
}

func namesUntilUnknown(name func(uint8) string) (names []string) {
	for i := uint8(0); name(i) != "unknown"; i++ {
		names = append(names, name(i))
	}
	return names
}

// resolve reads the names among the flags and checks the whole.
func (f *sessionFlags) resolve() (err error) {
	c := &f.config
	if c.Format, err = stream.ParseFormat(f.format); err != nil {
		return usagef("--format: %w", err)
	}
	if f.strategy != "" {
		if c.Positions.Strategy, err = position.ParseStrategy(f.strategy); err != nil {
			return usagef("--strategy: %w", err)
		}
	}
	if f.engine != "wazero" && f.engine != "native" {
		return usagef("--engine %q: want wazero or native", f.engine)
	}
	if f.method != "" {
		if c.Method, err = estimate.ParseMethod(f.method); err != nil {
			return usagef("--method: %w", err)
		}
	}
	if f.adapter != "" {
		if c.Model.Adapter, err = estimate.ParseAdapter(f.adapter); err != nil {
			return usagef("--adapter: %w", err)
		}
	}
	if f.asksModel() {
		c.Estimator = session.Model
	}
	if err := c.Validate(); err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}

// asksModel reports whether a confidence model is asked.
func (f *sessionFlags) asksModel() bool { return f.estimator != "" && f.estimator != "logprob" }

// open makes the engine, and the client of the confidence model, nil if none is
// asked.
func (f *sessionFlags) open(ctx context.Context) (*scorer, error) {
	s := &scorer{}
	if f.asksModel() {
		if !strings.Contains(f.estimator, "://") {
			return nil, usagef("--estimator %q: want logprob or a base URL such as http://127.0.0.1:8000/v1", f.estimator)
		}
		if f.requests < 1 || f.timeout <= 0 {
			return nil, usagef("--requests and --timeout have to be greater than 0")
		}
		client, err := model.New(model.Config{
			BaseURL: f.estimator, Path: f.config.Model.Adapter.Path(), Key: model.KeyFromEnv(),
			Timeout: f.timeout, Concurrency: f.requests,
		})
		if err != nil {
			return nil, usagef("--estimator: %w", err)
		}
		s.client = client
	}
	if f.engine == "native" {
		s.engine = host.Native()
		return s, nil
	}
	engine, err := host.NewWazero(ctx)
	if err != nil {
		return nil, failf(exitIO, "starting the core: %w", err)
	}
	s.engine = engine
	return s, nil
}

// scorer opens sessions and sees to their requests.
type scorer struct {
	engine host.Engine
	client *model.Client
	limits model.Limits
}

func (s *scorer) close() { s.engine.Close() }

// scoring is one session with its requests.
type scoring struct {
	session  host.Session
	exchange *model.Exchange // nil for the built-in estimator
	handle   func([]host.Event)
}

// open opens the session of one stream, whose events go to handle.
func (s *scorer) open(ctx context.Context, c host.Config, handle func([]host.Event)) (*scoring, error) {
	opened, events, err := s.engine.Open(c)
	if err != nil {
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	g := &scoring{session: opened, handle: handle}
	if s.client != nil {
		g.exchange = s.client.Exchange(ctx, opened, s.limits, handle)
	}
	if err := g.take(events, nil); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *scoring) take(events []host.Event, err error) error {
	if err != nil {
		return err
	}
	if g.exchange != nil {
		return g.exchange.Handle(events)
	}
	g.handle(events)
	return nil
}

func (g *scoring) write(p []byte) error { return g.take(g.session.Write(p)) }
func (g *scoring) end() error           { return g.take(g.session.End()) }

// replies is nil, which blocks for ever, where nothing is asked.
func (g *scoring) replies() <-chan model.Reply {
	if g.exchange == nil {
		return nil
	}
	return g.exchange.Replies()
}

// settleReady takes the replies that have come, without waiting.
func (g *scoring) settleReady() error {
	for {
		select {
		case r := <-g.replies():
			if err := g.exchange.Settle(r); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// drain waits for the replies that are still out.
func (g *scoring) drain(ctx context.Context) error {
	if g.exchange == nil {
		return nil
	}
	return g.exchange.Drain(ctx)
}

// abandon gives up on the replies that are still out.
func (g *scoring) abandon() error {
	if g.exchange == nil {
		return nil
	}
	return g.exchange.Abandon(session.Cancelled)
}

func (g *scoring) pending() int {
	if g.exchange == nil {
		return 0
	}
	return g.exchange.Pending()
}

func (g *scoring) close() {
	if g.exchange != nil {
		g.exchange.Close()
	}
	g.session.Close()
}
