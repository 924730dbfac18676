// Package lm is the command lm: it serves small language models.
package lm

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/wasm/contract"
)

const long = `lm runs small language models in this process and serves them with OpenAI's API, such as
a generator that writes answers and a confidence model that judges them. It needs no
GPU, no Python and no network.

A model is a Hugging Face folder with config.json, model.safetensors and tokenizer.json,
of the Llama architecture with a byte-level BPE tokenizer. Its chat template turns
messages into a prompt. An adapter is a LoRA folder of PEFT for such a model; lm merges
it into the model when it loads them. Without --model and --adapter, lm serves the
built-in models.

  /v1/chat/completions  n, seed, stop, logprobs, stream; a final assistant message
                        is continued if continue_final_message or its "prefix" is
                        set
  /v1/completions       the same for plain text; echo with max_tokens 0 scores it
  /classify, /pooling   for a model with a value head, as in vLLM
  /v1/models, /health, /metrics

Requests at the same time are computed together, and a common prefix of prompts is
computed once. The same seed gives the same answers, also with other requests at the
same time.

A request is refused if its Host header is not a loopback name, the address of --listen
or a name of --allow-host. A browser's request is refused if it comes from a page of
another origin, unless --allow-origin names that origin.

When the server stops, it prints a summary of its work.`

const example = `  finece lm
  finece lm --model generator=models/generator --model value=models/value
  finece lm --adapter confidence=models/base,models/confidence-lora --listen :8081
  finece lm generate --model models/generator 'What is 17 + 25?'`

type options struct {
	listen   string
	names    []string // further names of this server
	origins  []string
	models   []string
	adapters []string
	limits   server.Limits
	options  lm.Options
	cache    int // MiB
}

// New is the command.
func New() *cobra.Command {
	f := options{options: lm.DefaultOptions()}
	cmd := &cobra.Command{
		Use:     "lm [flags]",
		Short:   "Run small language models and serve them over HTTP",
		Long:    long,
		Example: example,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("lm takes no arguments, not %q; models are given with --model NAME=DIR", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8081", "address to listen on")
	flags.StringArrayVar(&f.models, "model", nil, "NAME=DIR: a model to serve; may be given again")
	flags.StringArrayVar(&f.adapters, "adapter", nil, "NAME=BASEDIR,ADAPTERDIR: a model with a LoRA adapter; may be given again")
	settings.Add(cmd, contract.AllowHost, &f.names)
	settings.Add(cmd, contract.AllowOrigin, &f.origins)
	f.limits.Add(cmd)
	settings.Add(cmd, contract.MaxSequences, &f.options.MaxSequences)
	flags.IntVar(&f.options.MaxContext, "max-context", 0, "the most tokens of a prompt and its completion; 0 for the model's own limit")
	settings.Add(cmd, contract.LMCache, &f.cache)
	cmd.AddCommand(newGenerate())
	return cmd
}

func (f *options) run(cmd *cobra.Command) error {
	if f.options.MaxSequences < 1 || f.options.MaxContext < 0 || f.cache < 1 || f.cache > 1<<30 {
		return exit.Usagef("--max-sequences %d, --max-context %d, --cache %d: want at least 1, 0 and 1", f.options.MaxSequences, f.options.MaxContext, f.cache)
	}
	if err := f.limits.Check(); err != nil {
		return err
	}
	f.options.CacheBytes = int64(f.cache) << 20
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	loaded, err := f.load()
	if err != nil {
		return err
	}
	served, handler, closeAll, err := models.Start(loaded, f.options)
	if err != nil {
		return err
	}
	defer closeAll()
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return exit.Errorf(exit.IO, "%w", err)
	}
	defer listener.Close()
	access := gateway.Access{Host: server.Names(f.listen, f.names, listener.Addr()), Origins: f.origins}
	if err := access.Validate(); err != nil {
		return exit.With(exit.Usage, err)
	}
	names := make([]string, len(served))
	for i, s := range served {
		names[i] = s.Name
	}
	terminal.Say(cmd, "listening on http://%s, serving %s", listener.Addr(), strings.Join(names, ", "))
	defer summarizeEngines(cmd, served)
	return server.Run(ctx, stop, cmd, listener, access.GuardAPI(handler), &f.limits, server.Protocols{}, "requests")
}

// load reads the models of the command line.
func (f *options) load() ([]models.Named, error) {
	if len(f.models)+len(f.adapters) == 0 {
		return models.BuiltIn()
	}
	var all []models.Named
	add := func(name string, load func() (*lm.Model, error)) error {
		for _, other := range all {
			if other.Name == name {
				return exit.Usagef("two models are called %s", name)
			}
		}
		m, err := load()
		if err != nil {
			return modelError(name, err)
		}
		all = append(all, models.Named{Name: name, Model: m})
		return nil
	}
	for _, spec := range f.models {
		name, dir, ok := strings.Cut(spec, "=")
		if !ok {
			name, dir = filepath.Base(filepath.Clean(spec)), spec
		}
		if name == "" || dir == "" {
			return nil, exit.Usagef("--model %s: want NAME=DIR", spec)
		}
		if err := add(name, func() (*lm.Model, error) { return lm.Load(os.DirFS(dir)) }); err != nil {
			return nil, err
		}
	}
	for _, spec := range f.adapters {
		name, dirs, _ := strings.Cut(spec, "=")
		base, adapter, ok := strings.Cut(dirs, ",")
		if name == "" || base == "" || adapter == "" || !ok {
			return nil, exit.Usagef("--adapter %s: want NAME=BASEDIR,ADAPTERDIR", spec)
		}
		if err := add(name, func() (*lm.Model, error) { return lm.LoadAdapter(os.DirFS(base), os.DirFS(adapter)) }); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// modelError is the error of a model that could not be loaded: a file is missing,
// or the model is not supported.
func modelError(name string, err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return exit.Errorf(exit.IO, "model %s: %w", name, err)
	}
	return exit.Errorf(exit.Unavailable, "model %s: %w", name, err)
}

// summarizeEngines prints a summary of the engines' work.
func summarizeEngines(cmd *cobra.Command, served []lm.Served) {
	for _, m := range served {
		s := m.Engine.Stats()
		if s.Steps == 0 {
			terminal.Say(cmd, "%s: no requests", m.Name)
			continue
		}
		all := s.PromptTokens - s.CachedTokens + s.CompletionTokens
		terminal.Say(cmd, "%s: %d completion tokens and %d prompt tokens (%d of them cached) in %.1f s of computing on %d cores: %.0f tokens/s",
			m.Name, s.CompletionTokens, s.PromptTokens, s.CachedTokens, s.Busy.Seconds(), runtime.GOMAXPROCS(0), float64(all)/s.Busy.Seconds())
	}
}
