package construct

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/model/pool"
	"github.com/finece/finece/host/openai"
)

// connect makes the clients.
func (f *options) connect() error {
	c := &f.config
	if err := f.connectServers(); err != nil {
		return err
	}
	var err error
	f.gen.Server = f.client("")
	if c.Generator, err = openai.NewGenerator(f.gen); err != nil {
		return exit.With(exit.Usage, err)
	}
	if f.embedModel != "" {
		if c.Vectorizer, err = openai.NewEmbeddings(f.client(f.embedServer), f.embedModel, nil); err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	if f.grader == "judge" {
		c.Grader, err = grade.NewJudge(grade.JudgeConfig{Server: f.client(f.judgeServer), Model: f.judgeModel, Rubric: f.rubricText})
		if err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	if f.equivalence {
		c.Equivalence, err = grade.NewEntailment(grade.EntailmentConfig{Server: f.client(f.judgeServer), Model: f.equivalenceModel})
		if err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	if err := c.Validate(); err != nil {
		return exit.With(exit.Usage, err)
	}
	return nil
}

// connectServers makes the configuration of the client of --server. All clients share the pool.
func (f *options) connectServers() error {
	if f.at.BaseURL != "" {
		return nil
	}
	servers := f.servers
	if len(servers) == 0 { // in a dry run, which asks none
		servers = []string{"http://localhost"}
	}
	f.at = model.DefaultConfig("")
	f.at.Key, f.at.Timeout, f.at.Retries, f.at.Concurrency = model.KeyFromEnv(), f.timeout, f.retries, f.config.Requests
	if err := pool.Configure(&f.at, servers); err != nil {
		return exit.Usagef("--server: %w", err)
	}
	return nil
}

// client returns the configuration of a client for the server at url, or for --server if url is "".
func (f *options) client(url string) model.Config {
	c := f.at
	if url != "" {
		c.BaseURL, c.Name, c.HTTP = url, "", nil
	}
	return c
}

// fitContext lowers the default length of a completion to half of the model's context, so that
// the other half is left for the prompt. If the server has no list of models, or if the list has
// no context lengths, the length stays.
func (r *construction) fitContext() error {
	f := r.flags
	if len(f.servers) == 0 || f.dry {
		return nil
	}
	if err := f.connectServers(); err != nil {
		return err
	}
	server := f.client("")
	server.Timeout, server.Retries = 10*time.Second, 0
	models, err := openai.Models(r.cmd.Context(), server)
	if failed := (*openai.ServerError)(nil); errors.As(err, &failed) && failed.Status == 0 {
		r.say("%v; without it, a completion gets at most %s tokens (--max-tokens)", err, terminal.Grouped(f.gen.MaxTokens))
	}
	for i, m := range models {
		// A server uses its first model for a request without a model.
		if (m.ID == f.gen.Model || f.gen.Model == "" && i == 0) && m.Context > 0 && m.Context/2 < f.gen.MaxTokens {
			f.gen.MaxTokens = m.Context / 2
			r.say("the context of %s is %s tokens: a completion gets at most %s (--max-tokens)", m.ID, terminal.Grouped(m.Context), terminal.Grouped(f.gen.MaxTokens))
		}
	}
	return nil
}

// settings returns a short name of all settings that labels depend on. All lines of a file have
// the same name.
func (f *options) settings() (string, error) {
	c, g := &f.config, &f.gen
	parts := []any{
		c.Plan, c.Seed, c.Truncate, c.MinLength, c.KeepSpace, c.ClusterDistance, c.Surplus, c.Complete, c.Split, f.embedModel,
		g.Model, g.API, g.System, g.Prompt, g.Temperature, g.TopP, g.MaxTokens, g.Stop, g.NoSeed, g.Extra,
		f.dataset, f.grader, f.judgeModel, f.rubricText,
	}
	// Settings of later versions change the name only if they are used, so that older files can
	// be resumed.
	if f.equivalence {
		parts = append(parts, f.equivalenceModel)
	}
	if c.Pool {
		parts = append(parts, "pool")
	}
	b, err := json.Marshal(parts)
	if err != nil {
		return "", exit.Usagef("%w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:4]), nil
}
