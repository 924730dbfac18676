package experiment

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/suc"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/experiment"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/model/pool"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/estimate"
)

// connect makes the clients of the servers.
func (f *options) connect(store openai.Store) error {
	c := &f.config
	api, err := openai.ParseAPI(f.api)
	if err != nil {
		return exit.Usagef("--api: %w", err)
	}
	format, err := construct.ParseDataset(f.dataset)
	if err != nil {
		return exit.Usagef("--dataset: %w", err)
	}
	name := f.grader
	if name == "" {
		name = format.Grader()
	}
	if c.Grader, err = grade.GraderNamed(name); err != nil {
		return exit.Usagef("--grader: %w", err)
	}
	if err := f.connectServers(); err != nil {
		return exit.Usagef("--server: %w", err)
	}
	c.Generator, err = openai.NewGenerator(openai.GeneratorConfig{
		Server: f.at, Model: f.model, API: api, Temperature: f.temperature, MaxTokens: f.maxTokens,
	})
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	named := map[string]int{} // confidence models by adapter and name
	for _, spec := range f.confidence {
		_, rest, _ := strings.Cut(spec, "=")
		model, _, _ := strings.Cut(rest, "@")
		named[model]++
	}
	for _, spec := range f.confidence {
		name, rest, ok := strings.Cut(spec, "=")
		if !ok {
			return exit.Usagef("--confidence %s: want NAME=ADAPTER:MODEL or NAME=ADAPTER:MODEL@URL", spec)
		}
		where, m, err := f.confidenceModel(rest)
		if err != nil {
			return exit.Usagef("--confidence %s: %w", spec, err)
		}
		// The key of a reply does not contain the server's address, which may change when the
		// run is resumed. It does if two servers have a model of this name.
		model, elsewhere, _ := strings.Cut(rest, "@")
		if named[model] == 1 {
			elsewhere = ""
		}
		asker, err := experiment.NewAsker(where, m, elsewhere, store)
		if err != nil {
			return exit.With(exit.Usage, err)
		}
		c.Subjects = append(c.Subjects, experiment.Subject{Name: name, Asker: asker, Main: name == experiment.FineCE})
	}
	if !f.baselines {
		return nil
	}
	return f.connectBaselines(store)
}

// connectServers makes the configuration of a client of the servers.
func (f *options) connectServers() error {
	f.at = model.DefaultConfig("")
	f.at.Key, f.at.Timeout, f.at.Concurrency, f.at.Retries = model.KeyFromEnv(), f.timeout, f.config.Requests, defaults.SamplingRetries
	return pool.Configure(&f.at, f.servers)
}

// confidenceModel reads ADAPTER:MODEL[@URL].
func (f *options) confidenceModel(spec string) (model.Config, estimate.Model, error) {
	m := estimate.DefaultModel()
	server := f.at
	name, url, elsewhere := strings.Cut(spec, "@")
	if elsewhere {
		server.BaseURL, server.Name, server.HTTP = url, "", nil
	}
	adapter, name, ok := strings.Cut(name, ":")
	if !ok {
		return server, m, fmt.Errorf("%q: want ADAPTER:MODEL", spec)
	}
	var err error
	if m.Adapter, err = estimate.ParseAdapter(adapter); err != nil {
		return server, m, err
	}
	if !elsewhere && len(f.servers) > 1 && m.Adapter != estimate.Chat && m.Adapter != estimate.Completions {
		return server, m, fmt.Errorf("%q: with several --server, @URL has to say which one has this head", spec)
	}
	m.Name = name
	if m.Adapter == estimate.Pooling {
		m.Activation, m.Class = estimate.Sigmoid, 0
	}
	return server, m, nil
}

func (f *options) connectBaselines(store openai.Store) error {
	b := baseline.DefaultConfig()
	b.Generator, b.Seed, b.Samples, b.Store, b.Requests = f.config.Generator, f.config.Seed, f.samples, store, f.config.Requests
	var err error
	_, hasFinal := f.config.Grader.(grade.Reader)
	if hasFinal {
		if b.Equivalence, err = grade.EquivalenceBy(f.config.Grader); err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	b.Verb.Prompt, b.Verb.QuestionPrompt = baseline.PublishedPrompt, "" // it is asked about a state of the answer
	b.Scoring = baseline.Scoring{Method: baseline.PromptLogprobs}
	if f.scoring != "" {
		b.Scoring = baseline.Scoring{Method: baseline.Echo, Prompt: f.scoring}
	}
	if f.head != "" {
		where, m, err := f.confidenceModel(f.head)
		if err != nil {
			return exit.Usagef("--head: %w", err)
		}
		if b.Head, err = baseline.NewHead(where, m); err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	suc, err := f.suc()
	if err != nil {
		return err
	}
	f.config.Baselines = append(baseline.Estimators(suc), baseline.Further()...)
	if b.Solver = f.solver; b.Solver != "" {
		f.config.Baselines = append(f.config.Baselines, baseline.Solver()...)
	}
	if !hasFinal {
		// Answers without a final answer can be compared by similarity, but not grouped by final
		// answer.
		f.config.Baselines = slices.DeleteFunc(f.config.Baselines, func(e baseline.Estimator) bool { return e.Needs()&(baseline.Classes|baseline.Agreement) != 0 })
		f.config.Baselines = append(f.config.Baselines, baseline.CoCoA{Cosine: true})
	}
	if f.config.Collector, err = baseline.NewCollector(b); err != nil {
		return exit.With(exit.Usage, err)
	}
	return nil
}

// suc fits the baseline SuC to --states. Without --states it is the SuC of the
// built-in generator, or nil for another generator.
func (f *options) suc() (*baseline.SuC, error) {
	switch {
	case f.recorded != "":
		return nil, nil // --states has labels of the same questions
	case f.states == "" && f.ours:
		return suc.BuiltIn()
	case f.states == "":
		return nil, nil
	}
	file, err := os.Open(f.states)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "--states: %w", err)
	}
	defer file.Close()
	suc, err := suc.Fit(file)
	if err != nil {
		return nil, fmt.Errorf("--states: %w", err)
	}
	return suc, nil
}
