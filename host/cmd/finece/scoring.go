package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/session"
)

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
