package lm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/screen"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/lm"
)

const generateLong = `generate asks a model a question and prints the answer as it is written. The
question is the argument, or standard input if that is -.

The same seed gives the same answers. Without --seed, a random seed is used and printed
to standard error.`

const generateExample = `  finece lm generate 'What is 17 + 25?'
  finece lm generate --model models/generator --temperature 0 'What is 17 + 25?'
  finece lm generate --n 5 --seed 1 'What is 17 + 25?'
  finece lm generate --system 'Answer in one line.' - < question.txt`

type generateOptions struct {
	model, adapter string
	system         string
	request        lm.Request
}

func newGenerate() *cobra.Command {
	var f generateOptions
	cmd := &cobra.Command{
		Use:     "generate [flags] QUESTION|-",
		Short:   "Ask a model and print the answer as it is written",
		Long:    generateLong,
		Example: generateExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("generate takes one question, in quotes, or - for standard input; not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("seed") {
				f.request.Seed = uint64(rand.Uint32())
			}
			return f.run(cmd, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", "DIR: the model's folder (default: the built-in generator)")
	flags.StringVar(&f.adapter, "adapter", "", "DIR: a LoRA adapter for the model")
	flags.StringVar(&f.system, "system", "", "a system message")
	flags.Float64Var(&f.request.Temperature, "temperature", 0.7, "0 (the likeliest token) to 2")
	flags.Float64Var(&f.request.TopP, "top-p", 1, "sample only from the likeliest tokens with this total probability, at most 1")
	flags.Uint64Var(&f.request.Seed, "seed", 0, "seed of the sampling (default: a random one)")
	flags.IntVar(&f.request.N, "n", 1, "number of answers")
	flags.IntVar(&f.request.MaxTokens, "max-tokens", 0, "the most tokens of an answer; 0 is as many as fit into the model's context")
	flags.StringArrayVar(&f.request.Stop, "stop", nil, "text that ends an answer; may be given again")
	return cmd
}

func (f *generateOptions) run(cmd *cobra.Command, question string) error {
	switch r := &f.request; {
	case !(r.Temperature >= 0 && r.Temperature <= 2):
		return exit.Usagef("--temperature %v: want 0 to 2", r.Temperature)
	case !(r.TopP > 0 && r.TopP <= 1):
		return exit.Usagef("--top-p %v: want more than 0, at most 1", r.TopP)
	case r.N < 1 || r.N > lm.MaxN:
		return exit.Usagef("--n %d: want 1 to %d", r.N, lm.MaxN)
	case r.MaxTokens < 0:
		return exit.Usagef("--max-tokens %d: want 0 or more", r.MaxTokens)
	case len(r.Stop) > lm.MaxStop || slices.Contains(r.Stop, ""):
		return exit.Usagef("--stop %q: want %d texts at most, none of them empty", r.Stop, lm.MaxStop)
	case f.adapter != "" && f.model == "":
		return exit.Usagef("--adapter needs --model, the base")
	}
	if question == "-" {
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
		if err != nil {
			return exit.Errorf(exit.IO, "standard input: %w", err)
		}
		question = strings.TrimRight(string(text), "\n")
	}
	m, err := f.load()
	if err != nil {
		return err
	}
	e, err := lm.NewEngine(m, lm.DefaultOptions())
	if err != nil {
		return err
	}
	defer e.Close()
	messages := []lm.Message{{Role: "user", Content: question}}
	if f.system != "" {
		messages = append([]lm.Message{{Role: "system", Content: f.system}}, messages...)
	}
	if f.request.Prompt, err = m.Tokenizer().Chat(messages, false); err != nil {
		return exit.With(exit.Unavailable, err)
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	if f.request.Temperature > 0 && !cmd.Flags().Changed("seed") {
		terminal.Say(cmd, "seed %d", f.request.Seed)
	}
	p := newChoices(cmd, f.request.N)
	_, err = e.Generate(ctx, f.request, p.tell)
	switch {
	case p.failed != nil:
		return exit.Errorf(exit.IO, "%w", p.failed)
	case errors.Is(err, context.Canceled):
		p.out.WriteByte('\n')
		p.out.Flush()
		return exit.With(exit.Interrupted, nil)
	case err != nil:
		return exit.With(exit.Unavailable, err)
	}
	return nil
}

func (f *generateOptions) load() (*lm.Model, error) {
	flags := options{models: []string{"model=" + f.model}}
	switch {
	case f.model == "":
		flags = options{}
	case f.adapter != "":
		flags = options{adapters: []string{"model=" + f.model + "," + f.adapter}}
	}
	loaded, err := flags.load()
	if err != nil {
		return nil, err
	}
	for _, m := range loaded {
		if m.Name == "generator" { // of those that are built in
			return m.Model, nil
		}
	}
	return loaded[0].Model, nil
}

// choices prints several answers, one after the other. The present answer is printed as it
// comes; the text of later answers is kept until their turn.
type choices struct {
	out    *bufio.Writer
	show   func([]byte) []byte
	held   []strings.Builder
	ended  []bool
	at     int
	failed error
}

func newChoices(cmd *cobra.Command, n int) *choices {
	p := &choices{out: bufio.NewWriter(cmd.OutOrStdout()), show: func(b []byte) []byte { return b }, held: make([]strings.Builder, n), ended: make([]bool, n)}
	if _, ok := terminal.Of(cmd.OutOrStdout()); ok {
		p.show = screen.Printable
	}
	p.head()
	return p
}

// head prints the heading of an answer, if there are several.
func (p *choices) head() {
	if len(p.held) > 1 {
		fmt.Fprintf(p.out, "[%d]\n", p.at)
	}
}

func (p *choices) tell(d lm.Delta) error {
	p.held[d.Index].WriteString(d.Text)
	p.ended[d.Index] = d.Finish != ""
	for p.at < len(p.held) {
		h := &p.held[p.at]
		p.out.Write(p.show([]byte(h.String())))
		h.Reset()
		if !p.ended[p.at] {
			break
		}
		p.out.WriteByte('\n')
		if p.at++; p.at < len(p.held) {
			p.out.WriteByte('\n')
			p.head()
		}
	}
	p.failed = p.out.Flush()
	return p.failed
}
