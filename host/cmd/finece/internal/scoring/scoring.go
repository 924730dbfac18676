package scoring

import (
	"context"
	"fmt"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/session"
)

// New makes the engine, and the client of the confidence model, nil if none is
// asked.
func New(ctx context.Context, f *settings.Flags) (*Scorer, error) {
	s := &Scorer{}
	if f.AsksModel() {
		if !strings.Contains(f.Estimator, "://") {
			return nil, exit.Usagef("--estimator %q: want logprob or a base URL such as http://127.0.0.1:8000/v1", f.Estimator)
		}
		if f.Requests < 1 || f.Timeout <= 0 {
			return nil, exit.Usagef("--requests and --timeout have to be greater than 0")
		}
		client, err := model.New(model.Config{
			BaseURL: f.Estimator, Path: f.Config.Model.Adapter.Path(), Key: model.KeyFromEnv(),
			Timeout: f.Timeout, Concurrency: f.Requests,
		})
		if err != nil {
			return nil, exit.Usagef("--estimator: %w", err)
		}
		s.Client = client
	}
	if f.EngineName == "native" {
		s.Engine = host.Native()
		return s, nil
	}
	engine, err := wazero.New(ctx)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "starting the core: %w", err)
	}
	s.Engine = engine
	return s, nil
}

// Scorer opens sessions and sees to their requests.
type Scorer struct {
	Engine host.Engine
	Client *model.Client // nil: no confidence model is asked
	Limits model.Limits
}

func (s *Scorer) Close() { s.Engine.Close() }

// Scoring is one session with its requests.
type Scoring struct {
	session  host.Session
	Exchange *model.Exchange // nil for the built-in estimator
	handle   func([]host.Event)
}

// open opens the session of one stream, whose events go to handle.
func (s *Scorer) Open(ctx context.Context, c host.Config, handle func([]host.Event)) (*Scoring, error) {
	opened, events, err := s.Engine.Open(c)
	if err != nil {
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	g := &Scoring{session: opened, handle: handle}
	if s.Client != nil {
		g.Exchange = s.Client.Exchange(ctx, opened, s.Limits, handle)
	}
	if err := g.take(events, nil); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (g *Scoring) take(events []host.Event, err error) error {
	if err != nil {
		return err
	}
	if g.Exchange != nil {
		return g.Exchange.Handle(events)
	}
	g.handle(events)
	return nil
}

func (g *Scoring) Write(p []byte) error { return g.take(g.session.Write(p)) }
func (g *Scoring) End() error           { return g.take(g.session.End()) }

// replies is nil, which blocks for ever, where nothing is asked.
func (g *Scoring) Replies() <-chan model.Reply {
	if g.Exchange == nil {
		return nil
	}
	return g.Exchange.Replies()
}

// SettleReady takes the replies that have come, without waiting.
func (g *Scoring) SettleReady() error {
	for {
		select {
		case r := <-g.Replies():
			if err := g.Exchange.Settle(r); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// Drain waits for the replies that are still out.
func (g *Scoring) Drain(ctx context.Context) error {
	if g.Exchange == nil {
		return nil
	}
	return g.Exchange.Drain(ctx)
}

// Abandon gives up on the replies that are still out.
func (g *Scoring) Abandon() error {
	if g.Exchange == nil {
		return nil
	}
	return g.Exchange.Abandon(session.Cancelled)
}

func (g *Scoring) Pending() int {
	if g.Exchange == nil {
		return 0
	}
	return g.Exchange.Pending()
}

func (g *Scoring) Close() {
	if g.Exchange != nil {
		g.Exchange.Close()
	}
	g.session.Close()
}
