// Package further is the estimator samples on the command line: further answers to the same
// question, with which an answer is compared.
package further

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/model/pool"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/host/samples"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/contract/record"
)

// Flags are the flags of the estimator samples, and the cost of its answers. They go through
// JSON.
type Flags struct {
	Number         int
	Grader         string
	Servers        []string
	System, Prompt string
	Temperature    float64
	MaxTokens      int

	answers, promptTokens, completionTokens atomic.Int64
}

// Add adds the flags.
func (s *Flags) Add(cmd *cobra.Command) {
	flags := cmd.Flags()
	settings.Add(cmd, contract.SamplesNumber, &s.Number)
	settings.Add(cmd, contract.SamplesGrader, &s.Grader, settings.Readers()...)
	settings.Add(cmd, contract.Server, &s.Servers)
	settings.More(cmd, contract.Server, "; samples: this server gives the further answers, with the model --model")
	flags.StringVar(&s.System, "samples-system", "", "samples: the system message of the answers")
	flags.StringVar(&s.Prompt, "samples-prompt", "", "samples: the prompt of the answers, with {question} in it (default: the question)")
	settings.Add(cmd, contract.Temperature, &s.Temperature)
	settings.Add(cmd, contract.SampleTokens, &s.MaxTokens)
}

// ofSamples are the flags that belong only to the estimator samples.
var ofSamples = []string{contract.SamplesNumber.Flag(), contract.SamplesGrader.Flag(), contract.Server.Flag(), "samples-system", "samples-prompt", contract.Temperature.Flag(), contract.SampleTokens.Flag()}

// Chosen reports whether the estimator is samples. Without that, the flags are an error.
func (s *Flags) Chosen(cmd *cobra.Command, f *settings.Flags) (bool, error) {
	if f.Estimator == record.EstimatorSamples {
		return true, nil
	}
	for _, name := range ofSamples {
		if cmd.Flags().Changed(name) {
			return false, exit.Usagef("--%s needs --estimator %s", name, record.EstimatorSamples)
		}
	}
	return false, nil
}

// Estimator makes the estimator.
func (s *Flags) Estimator(f *settings.Flags) (*samples.Estimator, error) {
	if len(s.Servers) == 0 {
		return nil, exit.Usagef("--estimator %s needs --server, the base URL of a server that answers each question again", record.EstimatorSamples)
	}
	if n := contract.SamplesNumber; s.Number < int(n.Low) || s.Number > int(n.High) {
		return nil, exit.Usagef("--%s %d: want %v to %v", n.Flag(), s.Number, n.Low, n.High)
	}
	reader, err := settings.Reader(contract.SamplesGrader, s.Grader)
	if err != nil {
		return nil, err
	}
	server := model.DefaultConfig("")
	server.Key, server.Timeout, server.Concurrency, server.MaxReply = model.KeyFromEnv(), f.Timeout, f.Requests, defaults.SamplingMaxReply
	if err := pool.Configure(&server, s.Servers); err != nil {
		return nil, exit.Usagef("--%s: %w", contract.Server.Flag(), err)
	}
	generator, err := openai.NewGenerator(openai.GeneratorConfig{
		Server: server, Model: f.Generator, API: openai.Trailing, System: s.System, Prompt: s.Prompt,
		Temperature: s.Temperature, MaxTokens: s.MaxTokens,
	})
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	sampler := openai.NewSampler(generator, 0, nil, f.Requests)
	return &samples.Estimator{Reader: reader, Number: s.Number, Ask: func(ctx context.Context, question, answer string, n int) ([]string, error) {
		// The seed depends on the answer, so two lines with the same question have different seeds.
		got, err := sampler.Sample(ctx, openai.Stem{ID: answer, Question: question, At: record.EstimatorSamples}, n)
		if err != nil {
			return nil, err
		}
		s.answers.Add(int64(n))
		s.promptTokens.Add(int64(got.PromptTokens))
		s.completionTokens.Add(int64(got.CompletionTokens))
		texts := make([]string, len(got.Completions))
		for i := range texts {
			texts[i] = got.Completions[i].Text
		}
		return texts, nil
	}}, nil
}

// Settings are what the scores depend on, for [score.SettingsKey]. name is the model's.
func (s *Flags) Settings(name string) []string {
	return []string{fmt.Sprintf("samples %d %q %q %q %q %q %g %d\n", s.Number, s.Grader, s.Where(), name, s.System, s.Prompt, s.Temperature, s.MaxTokens)}
}

// Where returns the addresses of the servers.
func (s *Flags) Where() string { return strings.Join(s.Servers, ", ") }

// Said returns the cost of the further answers, or "" if there were none.
func (s *Flags) Said() string {
	n := s.answers.Load()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d further answers were sampled: %d prompt tokens and %d completion tokens, as the server counts", n, s.promptTokens.Load(), s.completionTokens.Load())
}

// Asked is what messages call the servers.
const Asked = "server of further answers"

// NoFinal says why an answer that is undecided has no confidence.
const NoFinal = "no final answer was found to compare"

// Undecided reports whether the error of a request says that there was no final answer to
// compare, or only that the answer was not whole yet, which is to be ignored. Any other error
// is a failure.
func Undecided(err error) (undecided, ignored bool) {
	return errors.Is(err, samples.ErrNoFinal), errors.Is(err, samples.ErrNotWhole)
}
