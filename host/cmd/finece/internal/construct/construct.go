// Package construct is the command construct: it builds training data.
package construct

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract"
)

const long = `construct builds training data for a confidence model: Algorithm 1 of FineCE. It samples
k answers to each question and clusters their first fragments. One representative of
each cluster, at most m, is completed k times. Longer partial answers, up to T
fragments, are made from these completions in the same way. A question with a partial
answer is a state; its confidence is the share of its completions that are correct. This
takes k(1+mT) completions for each question if no branch ends early.

The input is questions: JSON Lines {"id", "question", "gold"}, or the public files
of a --dataset. The output is one JSON line for each state:

  id, state, states  the question, the number of this state, and of how many
  split              train, dev or test; all states of a question are in one
  position           p(0) the question, p(i) a partial answer of i fragments,
                     p(z) a complete answer
  question, text     what the model was asked, and the answer so far
  confidence, k, N   k of N graded completions are correct; a complete answer has
                     1 or 0
  interval           the Wilson interval of k/N
  model, seed, temperature, grader, settings, ...   how the state was made

The graders number, letter and alias compare the final answer with gold. The grader
statements takes gold as a list of all true statements: an answer is correct if each
of its lines is in the list. The grader judge asks a model.

The server can be any OpenAI-compatible server. --api says how a partial answer is sent:
continue-final is for the chat of vLLM and SGLang, prefix for DeepSeek and Mistral,
trailing for llama.cpp, and completions for any server with /completions. The key is in
FINECE_API_KEY or OPENAI_API_KEY. Every request has a seed; a server that uses the seed
gives the same data again. All completions of one prefix are asked for in one request if
the server allows n.

If several --server serve one model, they share the requests: each request goes to the
server with the fewest requests in flight, relative to its weight. If a server fails, it
is left out for a while, and another one gets its requests. Neither the requests nor
their seeds depend on which server answers.

With -o, the command can be killed at any moment. Every reply is saved in a second file
before it is used, and the same command resumes without asking for it again. To label
the saved replies again, for example with another --grader, give another -o, the same
--samples and the same --prompt. The default of --prompt depends on the --grader;
--dry-run prints it.

With --pool, every prefix of the answers to the question also becomes a state, without
further samples: its k and N count all completions that begin with it, and "count" says
how many answers do. With --T 0, only answers to the question are sampled.

With --equivalence, the judge grades only one of several answers with the same meaning.
Each answer is compared with one answer of each meaning so far, the most frequent first.
If answers differ much, the comparisons cost more than they save; the summary says how
many there were. Give an --equivalence-model that is cheaper than the judge.`

const example = `  finece construct --dry-run --dataset gsm8k train.jsonl
  finece construct --server $URL --model qwen --dataset gsm8k -o data.jsonl train.jsonl
  finece construct --server $URL --model qwen --embed-model bge-m3 -o data.jsonl q.jsonl
  finece construct --server $URL --api completions --truncate line -o data.jsonl q.jsonl
  finece construct --server $URL --grader judge --judge-model gpt-5 -o data.jsonl q.jsonl
  finece construct --server $URL --grader judge --judge-model gpt-5 --equivalence q.jsonl`

type options struct {
	config construct.Config
	gen    openai.GeneratorConfig
	reads  construct.Dataset

	servers []string
	at      model.Config // of the client of the servers; made by connectServers

	dataset, api, truncate, surplus, complete, extra string

	grader, rubric, judgeServer, judgeModel string
	equivalence                             bool
	equivalenceModel                        string
	embedServer, embedModel                 string

	rubricText string // what is in the file rubric

	split   []float64
	limit   int
	output  string
	samples string
	retries int
	timeout time.Duration
	dry     bool

	elsewhere *Elsewhere // nil for this process
}

// New is the command.
func New() *cobra.Command {
	f := newOptions()
	cmd := &cobra.Command{
		Use:     "construct [flags] FILE|-",
		Short:   "Build training data by Monte Carlo sampling",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE:    f.run,
	}
	f.add(cmd)
	return cmd
}

func newOptions() *options { return &options{config: construct.DefaultConfig()} }

// add adds the flags.
func (f *options) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	c, g := &f.config, &f.gen
	settings.Add(cmd, contract.Resumed, &f.output)
	flags.StringVar(&f.samples, samplesFlag, "", "-o: keep the replies in this file (default: the name of -o with .samples added)")
	flags.BoolVar(&f.dry, "dry-run", false, "print the plan and its cost, without asking a server")

	settings.Add(cmd, contract.Server, &f.servers)
	flags.StringVar(&g.Model, "model", "", "the model's name on the server")
	settings.Add(cmd, contract.API, &f.api, openai.APIs()...)
	flags.StringVar(&g.System, "system", "", "system message")
	flags.StringVar(&g.Prompt, "prompt", "", "the prompt, with {question} in it (default: the question, and instructions for an answer that the --grader can read; with --api completions, the question and a blank line)")
	settings.Add(cmd, contract.Temperature, &g.Temperature)
	flags.Float64Var(&g.TopP, "top-p", 0, "top_p of the sampling; 0 leaves it to the server")
	settings.Add(cmd, contract.SampleTokens, &g.MaxTokens)
	settings.More(cmd, contract.SampleTokens, "; the default is at most half of the model's context, if the server lists that")
	flags.StringArrayVar(&g.Stop, "stop", nil, "sequence that ends a completion; can be repeated")
	flags.BoolVar(&g.Logprobs, "logprobs", false, "-o: keep the tokens of each reply with their log-probabilities in the file of replies")
	flags.IntVar(&g.TopLogprobs, "top-logprobs", 0, "--logprobs: keep this many alternatives of each token as well")
	flags.StringVar(&f.extra, "extra", "", `further parameters of a request, as a JSON object such as {"top_k":40}`)
	settings.Add(cmd, contract.Seed, &c.Seed)
	flags.BoolVar(&g.NoSeed, "no-seed", false, "send no seed, for servers that reject it")
	flags.IntVar(&g.PerRequest, "n", 0, "the most completions in one request; 0 for all of a prefix, or as many as the server allows")
	settings.Add(cmd, contract.Requests, &c.Requests)
	settings.Add(cmd, contract.SampleRetries, &f.retries)
	settings.Add(cmd, contract.SampleTimeout, &f.timeout)

	settings.Add(cmd, contract.ConstructK, &c.K)
	settings.Add(cmd, contract.ConstructT, &c.T)
	settings.Add(cmd, contract.ConstructM, &c.M)
	flags.StringVar(&f.truncate, "truncate", "paragraph", "what a fragment is: paragraph or line")
	settings.Add(cmd, contract.MinLength, &c.MinLength)
	flags.BoolVar(&c.KeepSpace, "keep-space", false, "send a partial answer with the white space that follows it")
	settings.Add(cmd, contract.ClusterDistance, &c.ClusterDistance)
	flags.StringVar(&f.surplus, "surplus", c.Surplus.String(), "if there are more than m clusters: use the largest m, or merge them")
	flags.StringVar(&f.embedModel, "embed-model", "", "cluster by this model's embeddings (default: by TF-IDF)")
	flags.StringVar(&f.embedServer, "embed-server", "", "base URL of the model's server (default: --server)")
	flags.StringVar(&f.complete, "complete", c.Complete.String(), "complete answers to write: question (answers to the question alone), all, none")
	flags.BoolVar(&c.Pool, "pool", false, "also make a state of each prefix of an answer to the question, and label partial answers by all completions that begin with them")

	settings.Add(cmd, contract.Dataset, &f.dataset, construct.Datasets()...)
	settings.Add(cmd, contract.Grader, &f.grader, append(grade.Graders(), "judge")...)
	settings.More(cmd, contract.Grader, " (default: the grader of the --dataset)")
	flags.StringVar(&f.judgeModel, "judge-model", "", "judge: the model that grades")
	flags.StringVar(&f.judgeServer, "judge-server", "", "judge: base URL of its server (default: --server)")
	flags.StringVar(&f.rubric, "rubric", "", "judge: file with the criteria of a correct answer")
	flags.BoolVar(&f.equivalence, "equivalence", false, "judge: grade only one answer of each meaning; a model is asked whether two answers entail each other")
	flags.StringVar(&f.equivalenceModel, "equivalence-model", "", "--equivalence: the model that compares answers (default: --judge-model)")
	flags.Float64SliceVar(&f.split, "split", []float64{1, 0, 0}, "shares of train, dev, test")
	flags.IntVar(&f.limit, "limit", 0, "use only this many questions, from the first on; 0 uses all")
	completion.Values(cmd, "truncate", "paragraph", "line")
	completion.Values(cmd, "surplus", "largest", "merge")
	completion.Values(cmd, "complete", "question", "all", "none")
}

func (f *options) run(cmd *cobra.Command, args []string) error {
	if err := errors.Join(f.resolve(), f.checkElsewhere(cmd)); err != nil {
		return err
	}
	r := &construction{cmd: cmd, flags: f, ids: map[string]string{}}
	if err := r.readAll(args); err != nil {
		return err
	}
	if !cmd.Flags().Changed("max-tokens") {
		if err := r.fitContext(); err != nil {
			return err
		}
	}
	settings, err := f.settings()
	if err != nil {
		return err
	}
	f.config.Provenance.Settings = settings
	// All settings are checked before a file is made.
	if err := f.connect(); err != nil {
		return err
	}
	if f.dry {
		r.plan()
		return r.verdict()
	}
	if f.elsewhere != nil {
		return r.runElsewhere()
	}
	if err := r.open(settings); err != nil {
		return err
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	return errors.Join(r.run(ctx), r.close())
}

// resolve reads the flags that are names.
func (f *options) resolve() error {
	c := &f.config
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	var err error
	f.reads, err = construct.ParseDataset(f.dataset)
	note(err)
	f.gen.API, err = openai.ParseAPI(f.api)
	note(err)
	c.Surplus, err = construct.ParseSurplus(f.surplus)
	note(err)
	c.Complete, err = construct.ParseComplete(f.complete)
	note(err)
	c.Truncate, err = position.ParseStrategy(f.truncate)
	note(err)
	if f.grader == "" {
		f.grader = f.reads.Grader()
	}
	if f.grader != "judge" {
		c.Grader, err = grade.GraderNamed(f.grader)
		note(err)
	}
	if len(f.split) != 3 {
		note(fmt.Errorf("--split: %d shares, want three such as 0.8,0.1,0.1", len(f.split)))
	} else {
		c.Split = construct.Split{Train: f.split[0], Dev: f.split[1], Test: f.split[2]}
	}
	note(c.Split.Validate())
	note(c.Plan.Validate())
	if f.extra != "" {
		if err := json.Unmarshal([]byte(f.extra), &f.gen.Extra); err != nil {
			note(fmt.Errorf("--extra: %w", err))
		}
	}
	if f.grader == "judge" && f.judgeModel == "" {
		note(errors.New("--grader judge needs a --judge-model"))
	}
	if f.equivalence && f.grader != "judge" {
		note(fmt.Errorf("--equivalence is about --grader judge; %s compares answers itself", f.grader))
	}
	if f.equivalenceModel != "" && !f.equivalence {
		note(errors.New("--equivalence-model needs --equivalence"))
	}
	if f.equivalenceModel == "" {
		f.equivalenceModel = f.judgeModel
	}
	if len(f.servers) == 0 && !f.dry {
		note(errors.New("--server is needed: the base URL of the model's server, such as http://127.0.0.1:8000/v1"))
	}
	if f.samples != "" && f.output == "" {
		note(errors.New("--samples needs -o"))
	}
	if f.gen.TopLogprobs != 0 && !f.gen.Logprobs {
		note(errors.New("--top-logprobs needs --logprobs"))
	}
	if f.gen.Logprobs && f.output == "" {
		note(errors.New("--logprobs needs -o: the log-probabilities are kept in the file of replies"))
	}
	if c.Requests < 1 || f.retries < 0 || f.timeout <= 0 || f.limit < 0 || f.gen.PerRequest < 0 {
		note(errors.New("--requests and --timeout must be greater than 0; --retries, --limit and --n must not be below 0"))
	}
	c.Provenance.Dataset = f.dataset
	c.Questions = 4 * c.Requests // a slow question does not leave the server idle
	if f.gen.Prompt == "" {
		f.gen.Prompt = f.defaultPrompt()
	}
	if err := errors.Join(errs...); err != nil {
		return exit.With(exit.Usage, err)
	}
	if f.rubric != "" {
		b, err := os.ReadFile(f.rubric)
		if err != nil {
			return exit.Errorf(exit.IO, "--rubric: %w", err)
		}
		f.rubricText = string(b)
	}
	return nil
}

// defaultPrompt asks for an answer whose fragments can be separated and whose result the grader
// can read.
func (f *options) defaultPrompt() string {
	if f.gen.API == openai.Completions {
		return "{question}\n\n"
	}
	steps := "\n\nWork it out step by step, one short paragraph a step, with a blank line between paragraphs."
	if f.config.Truncate == position.Line {
		steps = "\n\nWork it out step by step, one line a step."
	}
	switch f.grader {
	case "number":
		return "{question}" + steps + ` End with a line of "#### " and the number alone.`
	case "letter":
		return "{question}" + steps + ` End with a line of "Answer: " and the letter alone.`
	case "alias", "alias-contains":
		return "{question}" + steps + ` End with a line of "Answer: " and the answer in as few words as possible.`
	case "set":
		return "{question}" + steps + ` End with a line of "Answer: " and the items alone, separated by commas.`
	case "statements":
		return "{question}\n\nWrite one statement a paragraph, with a blank line between paragraphs, and nothing else."
	}
	return "{question}"
}
