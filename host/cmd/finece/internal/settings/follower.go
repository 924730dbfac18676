package settings

import (
	"context"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/wazero"
)

// Follower makes the engine, and the client of the confidence model if one is
// asked. The caller closes the engine.
func (f *Flags) Follower(ctx context.Context) (*follow.Follower, error) {
	follower := follow.Follower{Limits: model.DefaultLimits()}
	if f.AsksModel() {
		client, err := f.client()
		if err != nil {
			return nil, err
		}
		follower.Client = client
	}
	if f.EngineName == "native" {
		follower.Engine = host.Native()
		return &follower, nil
	}
	engine, err := wazero.New(ctx)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "starting the core: %w", err)
	}
	follower.Engine = engine
	return &follower, nil
}

func (f *Flags) client() (*model.Client, error) {
	if !strings.Contains(f.Estimator, "://") {
		return nil, exit.Usagef("--estimator %q: want logprob or a base URL such as http://127.0.0.1:8000/v1", f.Estimator)
	}
	if f.Requests < 1 || f.Timeout <= 0 {
		return nil, exit.Usagef("--requests and --timeout have to be greater than 0")
	}
	c := model.DefaultConfig(f.Estimator)
	c.Key, c.Timeout, c.Concurrency = model.KeyFromEnv(), f.Timeout, f.Requests
	client, err := model.NewFor(&f.Config.Model, c)
	if err != nil {
		return nil, exit.Usagef("--estimator: %w", err)
	}
	return client, nil
}
