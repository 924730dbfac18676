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
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/output"
	"github.com/finece/finece/host/cmd/finece/internal/replies"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/experiment"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/contract"
)

const long = `experiment repeats the experiments of the FineCE paper. It samples answers to test
questions from a generator. Confidence models and ten baselines estimate at each
position how likely each answer is to be correct. RESULTS.md says how good the
estimates are, with intervals, the paper's figures and plots.

Without --server it runs the built-in models on problems made from --seed, which
the models were not trained on: in domain, longer chains, other wording, and the
hardest in domain. --server can be any OpenAI-compatible server; the questions are
then yours, in the formats of finece construct, with --questions for each domain.

A confidence model is --confidence NAME=ADAPTER:MODEL or NAME=ADAPTER:MODEL@URL.
The adapter is chat (the model writes a number), pooling (the logit of a value
head), or another adapter of finece score. The tables are about the model named
FineCE. A name that begins with FineCE is a confidence model of other training.

Every reply is kept in FOLDER/replies.jsonl. Run the same command again to resume;
with more models, it asks only for what is new. Replies are known by the names of
the models, so a folder is for one generator and one --head.

--labels shows how good an estimate can be: so many further continuations of a
state are graded, and the share of correct ones is an estimate too.

With --grader statements, for open-ended answers, the baselines that need a final
answer are left out; the similarity of answers is measured by their words.`

const example = `  finece experiment -o results
  finece experiment -o results --in-domain 30 --number 30 --baselines=false
  finece experiment -o out --server $URL --model m --confidence FineCE=chat:ft --questions q=q.jsonl`

type options struct {
	output, server, model, api, dataset, grader string
	questions, confidence                       []string
	head, states, scoring                       string
	number, inDomain                            int
	temperature                                 float64
	maxTokens                                   int
	baselines                                   bool
	samples                                     int
	timeout                                     time.Duration
	about                                       string
	ours                                        bool   // the generator is the one that is built in
	core                                        string // the hash of finece.wasm
	config                                      experiment.Config
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
	settings.Add(cmd, contract.Server, &f.server)
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
	flags.StringVar(&f.scoring, "score-prompt", "", "how the generator's chat looks as a text, such as '[INST]{question}[/INST]': for the baselines that score a text (default: the server is asked by prompt_logprobs)")
	flags.IntVar(&f.number, "number", 120, "questions of each domain at most; for the one in domain see --in-domain")
	flags.IntVar(&f.inDomain, "in-domain", 1000, "questions in domain, where they are made from --seed (with --questions, --number holds for all)")
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

// domain is a named set of test questions.
type domain struct {
	name      string
	questions []*grade.Question
}

func (f *options) run(cmd *cobra.Command) error {
	if err := os.MkdirAll(f.output, 0o755); err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	if f.server == "" {
		url, done, err := models.Serve()
		if err != nil {
			return err
		}
		defer done()
		f.server = url
		f.builtIn()
	}
	domains, err := f.domains(cmd)
	if err != nil {
		return err
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
	var out []domain
	if len(f.questions) == 0 {
		for d := problems.InDomain; d <= problems.Hard; d++ {
			number := f.number
			if d == problems.InDomain {
				number = f.inDomain
			}
			var b bytes.Buffer
			if err := train.WriteQuestions(&b, f.config.Seed, d, problems.Test, number); err != nil {
				return nil, err
			}
			questions, err := readQuestions(&b, construct.Plain, number)
			if err != nil {
				return nil, err
			}
			out = append(out, domain{d.String(), questions})
		}
		return out, nil
	}
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
		out = append(out, domain{name, questions})
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
		c.Domain = d.name
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
	path := filepath.Join(f.output, "RESULTS.md")
	if err := output.Write(cmd, path, func(w io.Writer) error { return report.Markdown(w, f.describe()) }); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for _, v := range report.Verdicts {
		mark := "short"
		if v.Reached {
			mark = "reached"
		}
		fmt.Fprintf(out, "%-8s %-8s %s: %s\n", v.Domain, mark, v.Claim, v.Found)
	}
	fmt.Fprintf(out, "%s has all of it\n", path)
	return nil
}

// describe says how the results were made.
func (f *options) describe() string {
	c := &f.config
	return fmt.Sprintf("%s\n\nThe positions and the confidences of the models are those of finece.wasm, SHA-256 %s.\n\nWritten by `finece experiment`: the generator is called %s; temperature %g, seed %d; answers to each question: %d, samples for each state of the baselines: %d, continuations for a label: %d; trees of depth %d and width %d; periodic positions every %d tokens, entropy positions above %g nats.",
		f.about, f.core, f.model, f.temperature, c.Seed, c.Answers, f.samples, c.Labels, c.Depth, c.Width, c.Every, c.Entropy)
}

// builtIn sets the options of the built-in models.
func (f *options) builtIn() {
	f.ours = true
	about := []string{"The models that are built in (host/lm/weights): a generator of 1.3 million parameters, trained from scratch."}
	if len(f.confidence) == 0 {
		about = append(about, "FineCE, of 1.9 million, was made of it by the steps of host/train/model.sh, and learnt from reference solutions as well as from labels; the value head is the generator with a head.")
		f.confidence = []string{
			experiment.FineCE + "=chat:" + weights.Confidence,
			experiment.ValueHead + "=pooling:" + weights.Value,
		}
	}
	if f.baselines && f.head == "" {
		about = append(about, "P(IK) is the generator with a head, too.")
		f.head = "pooling:" + weights.Head
	}
	if f.scoring == "" {
		f.scoring = "<|user|>{question}<|end|><|assistant|>"
	}
	f.maxTokens = min(f.maxTokens, 256) // their context is 512
	if f.baselines {
		about = append(about, "The other baselines ask the generator.")
	}
	f.about = strings.TrimSpace(strings.Join(append(about, f.about), " "))
}
