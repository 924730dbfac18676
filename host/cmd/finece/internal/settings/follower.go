package settings

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// Follower makes the engine, and the client of the confidence model if there is one. The caller
// closes the engine.
func (f *Flags) Follower(ctx context.Context) (*follow.Follower, error) {
	follower := follow.Follower{Limits: model.DefaultLimits()}
	if f.AsksModel() {
		client, err := f.client()
		if err != nil {
			return nil, err
		}
		if f.Config.Model.Name == "" {
			if f.Config.Model.Name, err = f.choose(ctx); err != nil {
				return nil, err
			}
		}
		follower.Client = client
	}
	if f.EngineName == "native" {
		follower.Engine = host.Native()
		return &follower, nil
	}
	engine, err := StartCore(ctx)
	if err != nil {
		return nil, err
	}
	follower.Engine = engine
	return &follower, nil
}

func (f *Flags) key() model.Secret { return cmp.Or(f.Key, model.KeyFromEnv()) }

func (f *Flags) client() (*model.Client, error) {
	if !strings.Contains(f.Estimator, "://") {
		return nil, exit.Usagef("--estimator %q: want logprob, trajectory, samples, or a base URL such as http://127.0.0.1:8000/v1", f.Estimator)
	}
	if f.Requests < 1 || f.Timeout <= 0 {
		return nil, exit.Usagef("--requests and --timeout have to be greater than 0")
	}
	c := model.DefaultConfig(f.Estimator)
	c.Key, c.Timeout, c.Concurrency = f.key(), f.Timeout, f.Requests
	c.Hedge, c.Cache = f.Hedge, f.Cache
	client, err := model.NewFor(&f.Config.Model, c)
	if err != nil {
		return nil, exit.Usagef("--estimator: %w", err)
	}
	return client, nil
}

// choose returns the name of the confidence model on the server, if --model does not give one:
// the only model there, or the only one that supports --adapter. A request without a name would
// go to the server's first model, which may be the generator. The name is "" if the server has
// no list of models.
func (f *Flags) choose(ctx context.Context) (string, error) {
	c := model.DefaultConfig(f.Estimator)
	c.Key, c.Timeout, c.Retries = f.key(), min(f.Timeout, 10*time.Second), 0
	models, err := openai.Models(ctx, c)
	if err != nil || len(models) == 0 {
		return "", nil // the first request says what is wrong with the server
	}
	if len(models) == 1 {
		return models[0].ID, nil
	}
	var names, able []string
	for _, m := range models {
		names = append(names, m.ID)
		if slices.Contains(m.Adapters, f.Config.Model.Adapter.String()) {
			able = append(able, m.ID)
		}
	}
	if len(able) == 1 {
		return able[0], nil
	}
	const most = 8
	list := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		list += ", ..."
	}
	return "", exit.Usagef("the server of --estimator serves %d models (%s): name the confidence model with --model", len(names), list)
}
