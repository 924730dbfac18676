// Package demo is the command demo: it shows the built-in models.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/cmd/finece/internal/watch"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/contract"
)

const long = `demo shows the method, without a network. The small built-in model answers a problem in
several steps. Its confidence model estimates after each paragraph how likely the answer
is to be correct, and revises the estimates of earlier paragraphs. Then the answer is
graded.

The models were trained on arithmetic word problems of 2 to 5 steps, and answer about
half of them correctly. The problems are made from --seed, and the models have not seen
them. For these problems a percentage is a probability: of answers with 70%, about 70%
are correct.

For problems of another --domain and for your own questions, nothing is known about how
often answers are correct. Their confidence is shown as a word (low, medium, high). Your
question should be of the same kind: a few steps of arithmetic with whole numbers.`

const example = `  finece demo
  finece demo --seed 7 --domain long
  finece demo 'A school has 8 bottles. Then half of them are sold. How many bottles are there now?'`

// New is the command.
func New() *cobra.Command {
	var seed uint64
	var number int
	var temperature, pace float64
	var domain string
	cmd := &cobra.Command{
		Use:     "demo [flags] [QUESTION]",
		Short:   "Watch the built-in model solve problems, with confidences",
		Long:    long,
		Example: example,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := problems.ParseDomain(domain)
			if err != nil {
				return exit.Usagef("--domain: %w", err)
			}
			if d == problems.OpenEnded {
				return exit.Usagef("--domain %s: the built-in model has not learnt to answer open-ended questions", d)
			}
			if !cmd.Flags().Changed("seed") {
				seed = uint64(rand.N(10_000))
			}
			url, done, err := models.Serve()
			if err != nil {
				return err
			}
			defer done()
			card, err := weights.Card(weights.Confidence)
			if err != nil {
				return err
			}
			s := show{cmd: cmd, url: url, temperature: temperature, seed: seed, pace: pace, card: card, domain: card.Domain}
			if len(args) == 1 {
				s.domain = "a question of your own"
				s.trained()
				return s.question(args[0], "")
			}
			if d != problems.InDomain {
				s.domain = "--domain " + d.String()
			}
			s.trained()
			terminal.Say(cmd, "problems of --seed %d", seed)
			source := problems.NewSource(seed, d, problems.Test)
			for range number {
				p := source.Next()
				if err := s.question(p.Question, strconv.Itoa(p.Answer)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&seed, "seed", 0, "seed of the problems and the sampling (default: a random one)")
	flags.IntVarP(&number, "number", "n", 1, "number of problems")
	settings.Add(cmd, contract.Temperature, &temperature)
	flags.Float64Var(&pace, "pace", 12, "tokens per second, 0 for no limit")
	settings.Add(cmd, contract.ProblemDomain, &domain, "in", "hard", "long", "wording")
	return cmd
}

// show is one run of demo.
type show struct {
	cmd               *cobra.Command
	url               string
	temperature, pace float64
	seed              uint64
	card              *calibrate.Card // of the confidence model
	domain            string          // what the questions are about
}

// trained prints what the confidence model was trained on, and whether that covers the
// questions.
func (s *show) trained() {
	said := "a percentage is a probability"
	if s.domain != s.card.Domain {
		said = s.domain + " is outside of that, so its confidence is shown as a word instead of a percentage"
	}
	terminal.Say(s.cmd, "the confidence model was trained on %s; %s", s.card.Domain, said)
}

// question shows an answer to a question. gold is the correct answer, or "" if it is not known.
func (s *show) question(question, gold string) error {
	request := map[string]any{
		"model": weights.Generator, "messages": []map[string]string{{"role": "user", "content": question}},
		"temperature": s.temperature, "seed": s.seed, "logprobs": true, "top_logprobs": 5,
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.cmd.OutOrStdout(), "\n%s\n\n", question)
	show := watch.NewFor(s.card, calibrate.Asked{Generator: weights.Generator, Domain: s.domain, Conversation: calibrate.OneTurn})
	show.SetArgs([]string{
		"--data", string(body), "--estimator", s.url, "--model", weights.Confidence, "--pace", strconv.FormatFloat(s.pace, 'g', -1, 64), s.url + "/chat/completions",
	})
	show.SetIn(s.cmd.InOrStdin())
	show.SetOut(s.cmd.OutOrStdout())
	show.SetErr(s.cmd.ErrOrStderr())
	show.SilenceErrors, show.SilenceUsage = true, true
	if err := show.ExecuteContext(s.cmd.Context()); err != nil || gold == "" {
		return err
	}
	answer, err := s.again(s.cmd.Context(), body)
	if err != nil {
		return err
	}
	verdict, err := grade.NumberGrader{}.Grade(s.cmd.Context(), &grade.Question{Text: question, Gold: []string{gold}}, answer)
	if err != nil {
		return err
	}
	if verdict == grade.Right {
		fmt.Fprintf(s.cmd.OutOrStdout(), "The answer is right.\n")
	} else {
		fmt.Fprintf(s.cmd.OutOrStdout(), "The answer is wrong: it is %s.\n", gold)
	}
	return nil
}

// again asks again for the answer that was shown: the same seed gives the same answer.
func (s *show) again(ctx context.Context, body []byte) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", exit.Errorf(exit.IO, "%w", err)
	}
	defer reply.Body.Close()
	var v struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.NewDecoder(reply.Body).Decode(&v); err != nil || len(v.Choices) == 0 {
		return "", exit.Errorf(exit.IO, "the built-in model's reply could not be read: %v", err)
	}
	return v.Choices[0].Message.Content, nil
}
