// Package experiment is the command experiment: the paper's experiments.
package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/host/cmd/finece/internal/likeness"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/output"
	"github.com/finece/finece/host/cmd/finece/internal/replies"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/experiment"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/contract"
)

const long = `experiment repeats the experiments of the FineCE paper. It samples answers to test
questions from a generator. Confidence models and baselines estimate at each position
how likely each answer is to be correct. RESULTS.md says on one page how good the
estimates are, and which claims the figures support. TABLES-DOMAIN.md has all figures of
a domain.

Without --server it runs the built-in models on problems made from --seed: in domain,
longer chains, other wording, and the hardest in domain. No training problem of the
models has the same family and chain of equations as a test problem. --server can be any
OpenAI-compatible server. The questions are then your own, in the formats of finece
construct, with one --questions for each domain.

A confidence model is --confidence NAME=ADAPTER:MODEL or NAME=ADAPTER:MODEL@URL.
The adapter is chat (the model writes a number), pooling (the logit of a value head), or
another adapter of finece score. The tables are about the model named FineCE. Other
names that begin with FineCE are confidence models that were trained differently.

Every reply is saved in FOLDER/replies.jsonl. Run the same command again to resume; with
more models, it asks only for the missing replies. Replies are found by the names of the
models, so use a folder for one generator and one --head only.

--recorded measures answers that finece construct has sampled (its file of --samples)
and asks no server: methods that need a server are listed as unavailable.
--recorded-samples has further answers to the same questions, for the baselines.
--states then has the labels.

--labels shows how good an estimate can be: this many further continuations of a state
are graded, and the share of correct ones is used as an estimate.

With --grader statements, for open-ended answers, baselines that need a final answer are
left out, and the similarity of answers is measured by their words.`

const example = `  finece experiment -o results
  finece experiment -o results --in-domain 30 --number 30 --baselines=false
  finece experiment -o out --server $URL --model m --confidence FineCE=chat:ft --questions q=q.jsonl`

type options struct {
	output, model, api, dataset, grader string
	servers                             []string
	at                                  model.Config // of the client of the servers; made by connectServers
	questions, confidence               []string
	head, states, scoring, solver       string
	recorded, furtherSamples, seen      string
	unavailable                         []string
	number, inDomain, seeds             int
	temperature                         float64
	maxTokens                           int
	baselines                           bool
	samples                             int
	timeout                             time.Duration
	about                               string
	notes                               []string // for RESULTS.md
	ours                                bool     // the generator is the one that is built in
	core                                string   // the hash of finece.wasm
	config                              experiment.Config
}

// New is the command.
func New() *cobra.Command {
	f := options{config: experiment.DefaultConfig()}
	cmd := &cobra.Command{
		Use:     "experiment -o FOLDER [flags]",
		Short:   "Repeat the paper's experiments",
		Long:    long,
		Example: example,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	c := &f.config
	flags.StringVarP(&f.output, "output", "o", "", "folder of RESULTS.md, the plots, the records and the replies")
	settings.Add(cmd, contract.Server, &f.servers)
	settings.More(cmd, contract.Server, " (default: the built-in models)")
	flags.StringVar(&f.model, "model", weights.Generator, "the generator's name on the server")
	settings.Add(cmd, contract.API, &f.api, openai.APIs()...)
	flags.StringArrayVar(&f.questions, "questions", nil, "DOMAIN=FILE: test questions; may be given again (default: problems made from --seed)")
	settings.Add(cmd, contract.Dataset, &f.dataset, construct.Datasets()...)
	settings.Add(cmd, contract.Grader, &f.grader, grade.Graders()...)
	settings.More(cmd, contract.Grader, " (default: the grader of the --dataset)")
	flags.StringArrayVar(&f.confidence, "confidence", nil, "NAME=ADAPTER:MODEL[@URL]: a confidence model; may be given again (default: the built-in models)")
	flags.StringVar(&f.head, "head", "", "ADAPTER:MODEL[@URL]: the head of the baseline P(IK)")
	flags.StringVar(&f.states, "states", "", "training data as finece construct writes it, for the baseline SuC")
	flags.StringVar(&f.recorded, "recorded", "", "replies of finece construct: measure its answers to the --questions, and ask no server")
	flags.StringVar(&f.furtherSamples, "recorded-samples", "", "replies of finece construct with other seeds: samples of the baselines")
	flags.StringArrayVar(&f.unavailable, "unavailable", nil, "NAME=REASON: list a method as unavailable, with this reason; may be given again")
	flags.StringVar(&f.scoring, "score-prompt", "", "how the generator's chat looks as a text, such as '[INST]{question}[/INST]': for the baselines that score a text (default: the server is asked by prompt_logprobs)")
	flags.StringVar(&f.solver, "solver", "", "a model on the server that also scores the answers: its lowest and its mean log-probability are baselines; give the model that the confidence model was made from")
	likeness.Add(cmd, &f.seen)
	flags.IntVar(&f.number, "number", 510, "the most questions of each domain; --in-domain is for the domain in")
	flags.IntVar(&f.seeds, "seeds", 1, "number of seeds, from --seed on: each makes a share of the problems, or samples other answers to the same --questions")
	flags.IntVar(&f.inDomain, "in-domain", 1000, "questions of the domain in, if they are made from --seed (with --questions, --number applies to all domains)")
	settings.Add(cmd, contract.ExperimentAnswers, &c.Answers)
	settings.Add(cmd, contract.ExperimentSamples, &f.samples)
	settings.Add(cmd, contract.Temperature, &f.temperature)
	settings.Add(cmd, contract.SampleTokens, &f.maxTokens)
	settings.Add(cmd, contract.ExperimentDepth, &c.Depth)
	settings.Add(cmd, contract.ExperimentWidth, &c.Width)
	settings.Add(cmd, contract.ExperimentLabels, &c.Labels)
	settings.Add(cmd, contract.ExperimentEvery, &c.Every)
	settings.Add(cmd, contract.EntropyThreshold, &c.Entropy)
	settings.Renamed(cmd, "entropy", contract.EntropyThreshold.Flag())
	flags.Float64SliceVar(&c.Entropies, "entropies", c.Entropies, "further thresholds of entropy positions to measure, in nats")
	settings.Add(cmd, contract.TrainSeed, &c.Seed)
	settings.Add(cmd, contract.Requests, &c.Requests)
	flags.BoolVar(&f.baselines, "baselines", true, "measure the baselines as well")
	settings.Add(cmd, contract.SampleTimeout, &f.timeout)
	flags.StringVar(&f.about, "about", "", "a sentence about the models, for RESULTS.md")
	_ = cmd.MarkFlagRequired("output")
	return cmd
}

// domain is a named set of test questions, sampled with a seed.
type domain struct {
	name      string
	seed      uint64
	questions []*grade.Question
}

func (f *options) run(cmd *cobra.Command) error {
	if err := os.MkdirAll(f.output, 0o755); err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	if err := f.replay(cmd); err != nil {
		return err
	}
	if len(f.servers) == 0 {
		url, done, err := models.Serve(weights.Solver, weights.Plain)
		if err != nil {
			return err
		}
		defer done()
		f.servers = []string{url}
		f.builtIn()
	}
	domains, err := f.domains(cmd)
	if err != nil {
		return err
	}
	if f.seen != "" {
		if f.config.Seen, err = likeness.Read(cmd, f.seen); err != nil {
			return err
		}
	}
	store, err := replies.Open(filepath.Join(f.output, "replies.jsonl"), func(string) bool { return false })
	if err != nil {
		return journal.Failure("-o", err)
	}
	defer func() { _ = store.Close() }()
	f.config.Store = store
	engine, err := settings.StartCore(ctx)
	if err != nil {
		return err
	}
	defer engine.Close()
	f.config.Engine, f.core = engine, engine.SHA256()
	if err := f.connect(store); err != nil {
		return err
	}
	records, err := f.collect(ctx, cmd, domains)
	if err != nil {
		return err
	}
	return f.write(cmd, records)
}

// domains reads the questions, or makes problems.
func (f *options) domains(cmd *cobra.Command) ([]domain, error) {
	if f.seeds < 1 {
		return nil, exit.Usagef("--seeds %d: want 1 or more", f.seeds)
	}
	if len(f.questions) == 0 {
		return f.problems()
	}
	var out []domain
	format, err := construct.ParseDataset(f.dataset)
	if err != nil {
		return nil, exit.Usagef("--dataset: %w", err)
	}
	for _, spec := range f.questions {
		name, path, ok := strings.Cut(spec, "=")
		if !ok {
			return nil, exit.Usagef("--questions %s: want DOMAIN=FILE", spec)
		}
		in, err := input.Open(cmd, path)
		if err != nil {
			return nil, err
		}
		questions, err := readQuestions(in, format, f.number)
		in.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for i := range f.seeds {
			out = append(out, domain{name, f.config.Seed + uint64(i), questions})
		}
	}
	return out, nil
}

// problems makes the test questions of the built-in models. No test question has the family and
// chain of equations of a training problem. Each seed makes its share of a domain's questions,
// and no question occurs twice.
func (f *options) problems() ([]domain, error) {
	learnt, err := train.Learnt()
	if err != nil {
		return nil, err
	}
	var out []domain
	for d := problems.InDomain; d <= problems.Hard; d++ {
		number := f.number
		if d == problems.InDomain {
			number = f.inDomain
		}
		seen := map[string]bool{}
		for i := range f.seeds {
			seed := f.config.Seed + uint64(i)
			share := (i+1)*number/f.seeds - i*number/f.seeds
			var b bytes.Buffer
			if err := train.WriteQuestions(&b, seed, d, problems.Test, share+number, learnt); err != nil {
				return nil, err
			}
			all, err := readQuestions(&b, construct.Plain, share+number)
			if err != nil {
				return nil, err
			}
			all = slices.DeleteFunc(all, func(q *grade.Question) bool { return seen[q.Text] })
			all = all[:min(share, len(all))]
			for _, q := range all {
				seen[q.Text] = true
			}
			out = append(out, domain{d.String(), seed, all})
		}
	}
	return out, nil
}

func readQuestions(r io.Reader, format construct.Dataset, most int) ([]*grade.Question, error) {
	var out []*grade.Question
	for q, err := range construct.Read(r, format) {
		if err != nil {
			return nil, exit.With(exit.Faults, err)
		}
		if out = append(out, q); len(out) == most {
			break
		}
	}
	if len(out) == 0 {
		return nil, exit.Errorf(exit.Faults, "no questions of format %s", format)
	}
	return out, nil
}

// collect measures all domains.
func (f *options) collect(ctx context.Context, cmd *cobra.Command, domains []domain) ([]*experiment.Record, error) {
	var records []*experiment.Record
	total := 0
	for _, d := range domains {
		total += len(d.questions) * f.config.Answers
	}
	bar := terminal.Count(cmd, total, "answers")
	defer bar.Done()
	for _, d := range domains {
		c := f.config
		c.Domain, c.Seed = d.name, d.seed
		c.Observe = bar.Add
		err := experiment.Collect(ctx, c, d.questions, func(r *experiment.Record) error {
			records = append(records, r)
			return nil
		})
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, exit.With(exit.IO, err)
		}
	}
	return records, nil
}

// write writes the records, the report and the plots.
func (f *options) write(cmd *cobra.Command, records []*experiment.Record) error {
	err := output.Write(cmd, filepath.Join(f.output, "records.jsonl"), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for _, r := range records {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	report, err := experiment.Analyse(records, f.config.Seed)
	if err != nil {
		return err
	}
	if _, err := report.Plots(f.output); err != nil {
		return exit.With(exit.IO, err)
	}
	for i := range report.Domains {
		d := &report.Domains[i]
		if err := output.Write(cmd, filepath.Join(f.output, d.TablesName()), d.Tables); err != nil {
			return err
		}
	}
	path := filepath.Join(f.output, "RESULTS.md")
	if err := output.Write(cmd, path, func(w io.Writer) error { return report.Markdown(w, f.describe(cmd)) }); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s has the summary\n", path)
	return nil
}

// describe says how the results were made.
func (f *options) describe(cmd *cobra.Command) experiment.About {
	about := experiment.About{
		Models: f.about,
		Notes: append(f.notes,
			fmt.Sprintf("Positions and confidences were computed by finece.wasm, SHA-256 %.16s.", f.core),
			f.settings()),
	}
	if f.ours {
		about.Command = append(about.Command, again(cmd))
	}
	return about
}

// settings is a sentence about the settings that the figures depend on.
func (f *options) settings() string {
	c := &f.config
	seeds := fmt.Sprintf("seed %d", c.Seed)
	if f.seeds > 1 {
		seeds = fmt.Sprintf("seeds %d to %d", c.Seed, c.Seed+uint64(f.seeds-1))
	}
	say := fmt.Sprintf("Settings: temperature %g, %s, answers to each question %d, samples of the baselines %d, ", f.temperature, seeds, c.Answers, f.samples)
	if c.Labels > 0 {
		say += fmt.Sprintf("continuations per label %d, ", c.Labels)
	}
	return say + fmt.Sprintf("trees of depth %d and width %d, periodic positions every %d tokens, entropy positions above %g nats.",
		c.Depth, c.Width, c.Every, c.Entropy)
}

// again returns the command with its flags, except the folder.
func again(cmd *cobra.Command) string {
	words := []string{cmd.CommandPath(), "-o FOLDER"}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if flag.Name != "output" && flag.Name != "server" {
			words = append(words, fmt.Sprintf("--%s=%s", flag.Name, strings.Trim(flag.Value.String(), "[]")))
		}
	})
	return strings.Join(words, " ")
}

// labels is the number of labels that a built-in model learnt from, as its card says.
func labels(model string) string {
	card, err := weights.Card(model)
	if err != nil {
		panic(err) // the card is part of the program
	}
	return terminal.Grouped(card.Labels)
}

// builtIn sets the options of the built-in models.
func (f *options) builtIn() {
	f.ours = true
	about := []string{"The models are built in (host/lm/weights). The generator (1.3 million parameters) was trained on word problems."}
	f.notes = append(f.notes, "No test question has both the family and the chain of equations of a problem in the training data.")
	if len(f.confidence) == 0 {
		about = append(about, fmt.Sprintf("FineCE (1.9 million) learnt from reference solutions and %s labels; FineCE (labels alone) and FineCE (value head), made from the generator, from %s and %s labels alone.",
			labels(weights.Confidence), labels(weights.Plain), labels(weights.Value)))
		f.confidence = []string{
			experiment.FineCE + "=chat:" + weights.Confidence,
			experiment.Plain + "=chat:" + weights.Plain,
			experiment.ValueHead + "=pooling:" + weights.Value,
		}
		f.notes = append(f.notes, "FineCE was trained from a solver: a model trained on reference solutions until it seldom makes a mistake. The rows \"solver-...\" use the solver's own log-probabilities.")
	}
	if f.baselines && f.head == "" {
		f.head = "pooling:" + weights.Head
		f.notes = append(f.notes, "P(IK) is the generator with a value head, trained on the questions alone.")
	}
	if f.baselines {
		f.notes = append(f.notes, "Verb, MS, P(True) and the two-sample hybrid ask the generator with published prompts that it never saw.")
	}
	if f.solver == "" {
		f.solver = weights.Solver
	}
	if f.scoring == "" {
		f.scoring = "<|user|>{question}<|end|><|assistant|>"
	}
	f.maxTokens = min(f.maxTokens, 256) // their context is 512
	f.about = strings.TrimSpace(strings.Join(append(about, f.about), " "))
}
