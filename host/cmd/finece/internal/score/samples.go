package score

import (
	"context"
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

// further is the flags of the estimator samples, and what it has asked for.
type further struct {
	number         int
	grader         string
	servers        []string
	system, prompt string
	temperature    float64
	maxTokens      int

	answers, promptTokens, completionTokens atomic.Int64
}

func (s *further) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	settings.Add(cmd, contract.SamplesNumber, &s.number)
	settings.Add(cmd, contract.SamplesGrader, &s.grader, settings.Readers()...)
	settings.Add(cmd, contract.Server, &s.servers)
	settings.More(cmd, contract.Server, "; samples: it answers again, by the --model")
	flags.StringVar(&s.system, "samples-system", "", "samples: the system message that the answers had")
	flags.StringVar(&s.prompt, "samples-prompt", "", "samples: what was asked, with {question} in it (default: the question)")
	settings.Add(cmd, contract.Temperature, &s.temperature)
	settings.Add(cmd, contract.SampleTokens, &s.maxTokens)
}

// ofSamples are the flags of the estimator samples alone.
var ofSamples = []string{contract.SamplesNumber.Flag(), contract.SamplesGrader.Flag(), contract.Server.Flag(), "samples-system", "samples-prompt", contract.Temperature.Flag(), contract.SampleTokens.Flag()}

// further makes the estimator samples, nil if another one was chosen.
func (f *options) further(cmd *cobra.Command) (*samples.Estimator, error) {
	s := &f.samples
	if f.Estimator != record.EstimatorSamples {
		for _, name := range ofSamples {
			if cmd.Flags().Changed(name) {
				return nil, exit.Usagef("--%s goes with --estimator %s", name, record.EstimatorSamples)
			}
		}
		return nil, nil
	}
	if len(s.servers) == 0 {
		return nil, exit.Usagef("--estimator %s needs --server, the base URL of a server that answers each question again", record.EstimatorSamples)
	}
	if n := contract.SamplesNumber; s.number < int(n.Low) || s.number > int(n.High) {
		return nil, exit.Usagef("--%s %d: want %v to %v", n.Flag(), s.number, n.Low, n.High)
	}
	reader, err := settings.Reader(contract.SamplesGrader, s.grader)
	if err != nil {
		return nil, err
	}
	server := model.DefaultConfig("")
	server.Key, server.Timeout, server.Concurrency, server.MaxReply = model.KeyFromEnv(), f.Timeout, f.Requests, defaults.SamplingMaxReply
	if err := pool.Configure(&server, s.servers); err != nil {
		return nil, exit.Usagef("--%s: %w", contract.Server.Flag(), err)
	}
	generator, err := openai.NewGenerator(openai.GeneratorConfig{
		Server: server, Model: f.Generator, API: openai.Trailing, System: s.system, Prompt: s.prompt,
		Temperature: s.temperature, MaxTokens: s.maxTokens,
	})
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	sampler := openai.NewSampler(generator, 0, nil, f.Requests)
	return &samples.Estimator{Reader: reader, Number: s.number, Ask: func(ctx context.Context, question, answer string, n int) ([]string, error) {
		// The seed depends on the answer: those of two lines with one question differ.
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

// settings are what the scores depend on, for the key of a file.
func (s *further) settings(name string) []string {
	return []string{fmt.Sprintf("samples %d %q %q %q %q %q %g %d\n", s.number, s.grader, s.where(), name, s.system, s.prompt, s.temperature, s.maxTokens)}
}

// where is the addresses of the servers.
func (s *further) where() string { return strings.Join(s.servers, ", ") }

// said is what the further answers have cost, "" if there were none.
func (s *further) said() string {
	n := s.answers.Load()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d further answers were sampled: %d prompt tokens and %d completion tokens, as the server counts", n, s.promptTokens.Load(), s.completionTokens.Load())
}
