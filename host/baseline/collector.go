package baseline

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// Collector makes the statistics of states. It is safe for concurrent use.
type Collector struct {
	config  Config
	store   openai.Store
	samples *openai.Sampler
	greedy  *openai.Sampler // one completion at temperature 0
	first   *openai.Sampler // the first token of that completion, with alternatives
	chat    *openai.Endpoint
	scoring *openai.Endpoint
	verb    estimate.Model
	turns   turns
}

// NewCollector returns a collector. An error is about the configuration.
func NewCollector(c Config) (*Collector, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	out := &Collector{config: c, store: c.Store, verb: c.Verb.model()}
	if out.store == nil {
		out.store = &memory{}
	}
	sampler := func(change func(*openai.GeneratorConfig)) (*openai.Sampler, error) {
		g, err := c.Generator.With(func(g *openai.GeneratorConfig) {
			g.Logprobs, g.TopLogprobs = !c.NoLogprobs, 0
			change(g)
		})
		if err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
		return openai.NewSampler(g, c.Seed, out.store, c.Requests), nil
	}
	best := func(g *openai.GeneratorConfig) { g.Temperature, g.TopP, g.PerRequest = 0, 0, 1 }
	var err error
	if out.samples, err = sampler(func(*openai.GeneratorConfig) {}); err != nil {
		return nil, err
	}
	if out.greedy, err = sampler(best); err != nil {
		return nil, err
	}
	if out.first, err = sampler(func(g *openai.GeneratorConfig) {
		best(g)
		g.MaxTokens, g.TopLogprobs = 1, c.TopLogprobs
		if c.NoLogprobs {
			g.TopLogprobs = 0
		}
	}); err != nil {
		return nil, err
	}
	server := c.Generator.Config().Server
	if out.chat, err = openai.NewEndpoint("generator", server, "chat/completions"); err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	path := "completions"
	if c.Scoring.Method == PromptLogprobs {
		path = "chat/completions"
	}
	if out.scoring, err = openai.NewEndpoint("generator", server, path); err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return out, nil
}

// Collect makes the statistics n of a state. A statistic that a server or a model cannot give
// is not an error: it makes the estimators that need it unavailable. An error is about the
// state, a server that cannot be reached or fails (an [*openai.ServerError]), the store
// ([openai.ErrStore]), or ctx.
func (c *Collector) Collect(ctx context.Context, state State, n Needs) (*Statistics, error) {
	if err := state.validate(); err != nil {
		return nil, err
	}
	n = n.with(&state)
	s := &Statistics{State: state, Have: n, Missing: map[Needs]error{}, costs: map[Needs]Cost{}}
	var err error
	if s.Steps, err = construct.Steps(state.Text, c.config.Steps, c.config.MinLength); err != nil {
		return nil, err
	}
	w := &work{Collector: c, s: s, n: n}
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range []struct {
		of Needs
		do func(context.Context) error
	}{
		{Samples | Chosen | Similarity | Agreement, w.answers},
		{Tokens, w.tokens},
		{SolverTokens, w.solved},
		{True, w.isTrue},
		{First | Next, w.firsts},
		{Verbal | StepVerbals, w.verbals},
		{Known, w.known},
	} {
		if n&part.of != 0 {
			group.Go(func() error { return part.do(ctx) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	w.join()
	return s, nil
}

// once fills out from the store. If the store has nothing, it calls ask, which fills out, and
// saves out. If several callers want the same at once, only one of them asks.
func (c *Collector) once(ctx context.Context, id, kind string, about []any, out openai.Keepable, ask func() error) error {
	key, err := openai.KeyOf(append([]any{kind, id}, about...)...)
	if err != nil {
		return err
	}
	done, err := c.turns.take(ctx, key)
	if err != nil {
		return err
	}
	defer done()
	if ok, err := openai.LoadFrom(c.store, key, out); err != nil || ok {
		return err
	}
	if err := ask(); err != nil {
		return err
	}
	return openai.SaveTo(c.store, key, id, kind, out)
}

// spoken is the body of a reply from which a confidence is read.
type spoken struct {
	openai.Saved
	Reply json.RawMessage `json:"reply"`
}

// ask sends a request unless its reply is stored, and returns the body of the reply.
func (c *Collector) ask(ctx context.Context, id, kind string, request any, post func() ([]byte, error)) ([]byte, error) {
	out := &spoken{}
	err := c.once(ctx, id, kind, []any{request}, out, func() (err error) {
		out.Reply, err = post()
		return err
	})
	return out.Reply, err
}
