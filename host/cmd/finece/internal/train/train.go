// Package train is the command train: training data and the Python trainer.
package train

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/output"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/suc"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/contract"
)

const long = `train makes a confidence model from the labelled states of finece construct (questions
with partial or complete answers). Commands for the confidence model:

  export    states of finece construct -> training data for any trainer
  config    a LLaMA-Factory configuration with the paper's settings
  ift       instruction fine-tuning: the model learns to write a confidence
  value     a value head: a linear layer on the last hidden state gives the confidence
  card      add the style of the training questions to the model's card

Commands for the small generator of this project:

  problems  word problems of several steps, from a seed
  corpus    conversations about such problems, the training data of a generator
  tokenizer a byte-level BPE tokenizer
  base      a new generator, or further training of one

ift, value, tokenizer and base run the Python trainer, which uses transformers and
PEFT, and a GPU if there is one. The interpreter is FINECE_PYTHON, or python3;
finece train requirements prints the packages for pip. If the trainer is killed, the
same command resumes from the last checkpoint.`

const example = `  finece train requirements > requirements.txt
  finece train export --split train -o train.jsonl states.jsonl
  finece train export --split dev -o dev.jsonl states.jsonl
  finece train ift --model Qwen/Qwen2.5-0.5B-Instruct --data train.jsonl --dev dev.jsonl --out out
  finece train config --model Qwen/Qwen2.5-7B-Instruct --template qwen --train train.jsonl data`

// New is the command.
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "train",
		Short:   "Train a confidence model on labelled answers",
		Long:    long,
		Example: example,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTrainExport(), newTrainConfig(), newTrainSuC(), newTrainCard(), newTrainProblems(), newTrainCorpus(), newTrainRead(),
		newTrainer("ift", "Fine-tune a model to write confidences",
			"ift fine-tunes a model on instructions to write the confidence of a state as a\nnumber. The model of the best epoch is written to best/ in the --out folder, with\na card.json that says what it was trained on. A confidence for another generator or\ndomain is shown as a word instead of a percentage.",
			"--model Qwen/Qwen2.5-0.5B-Instruct --data train.jsonl --dev dev.jsonl --out out"),
		newTrainer("value", "Train a value head on a model",
			"value trains a linear head on a model's last hidden state. The head gives the logit\nof the confidence. The model is written to best/ with a card.json, as with ift.",
			"--model Qwen/Qwen2.5-0.5B-Instruct --data train.jsonl --dev dev.jsonl --out out"),
		newTrainer("tokenizer", "Learn a tokenizer from a corpus",
			"tokenizer learns a byte-level BPE with a token for each digit.",
			"--corpus corpus.jsonl prompts.jsonl --out tokenizer"),
		newTrainer("base", "Train a small generator",
			"base trains a small transformer of the Llama layout on conversations: a new one,\nor with --model an existing one.",
			"--corpus corpus.jsonl --tokenizer tokenizer --out generator"),
		&cobra.Command{
			Use:     "requirements",
			Short:   "Print the trainer's Python packages, for pip",
			Long:    "requirements prints the Python packages of the trainer and their versions.",
			Example: "  finece train requirements > requirements.txt",
			Args:    cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := io.WriteString(cmd.OutOrStdout(), train.Requirements)
				return err
			},
		})
	return cmd
}

// newTrainRead is a hidden command that the Python trainer runs.
func newTrainRead() *cobra.Command {
	return &cobra.Command{
		Use:     "read FILE|-",
		Short:   "Read a confidence model's replies",
		Long:    "read reads bodies of chat completions, one per line, and writes the confidence of each.",
		Example: "  finece train read replies.jsonl",
		Hidden:  true,
		Args:    input.One,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := input.Open(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			w := bufio.NewWriter(cmd.OutOrStdout())
			return errors.Join(train.ReadReplies(w, in), w.Flush())
		},
	}
}

// splits are the splits of finece construct.
var splits = []string{"train", "dev", "test"}

func newTrainExport() *cobra.Command {
	c := train.ExportConfig{Digits: 1}
	var layout, path string
	cmd := &cobra.Command{
		Use:   "export [flags] FILE|-",
		Short: "Write training data from the states of finece construct",
		Long: `export writes a line of training data for each state (a question with a partial or
complete answer): the prompt that asks for its confidence, and the label as a number,
with k and N. A label is rounded up or down at random, so that its mean is k/N and not
the nearest tenth. 1 is written as 0.99, so that every reply begins with "0." and the
probabilities of the next digit are the distribution of the confidence. The split is
that of finece construct: no question is in two splits.

With states of finece construct --pool, --answers N writes each state as often as it
occurs in N answers to its question.`,
		Example: `  finece train export --split train -o train.jsonl states.jsonl
  finece train export --layout alpaca --digits 2 states.jsonl > alpaca.jsonl
  finece train export --split train --answers 2 -o train.jsonl pooled.jsonl`,
		Args: input.One,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if c.Layout, err = train.ParseLayout(layout); err != nil {
				return exit.Usagef("--layout: %w", err)
			}
			if c.Split != "" && !slices.Contains(splits, c.Split) {
				return exit.Usagef("--split %q: want train, dev or test", c.Split)
			}
			if c.Digits < 1 || c.Digits > 6 {
				return exit.Usagef("--digits %d: want 1 to 6", c.Digits)
			}
			if c.Answers < 0 {
				return exit.Usagef("--answers %d: want 0 or more", c.Answers)
			}
			in, err := input.Open(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			n := 0
			err = output.Write(cmd, path, func(w io.Writer) error {
				var err error
				if n, err = train.Export(w, in, c); n == 0 && err == nil {
					err = fmt.Errorf("no state of the split %q", c.Split)
				}
				return err
			})
			if exit.HasCode(err) {
				return err
			} else if err != nil {
				return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d lines\n", n)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&layout, "layout", c.Layout.String(), "messages (TRL, transformers) or alpaca (LLaMA-Factory)")
	flags.IntVar(&c.Digits, "digits", c.Digits, "digits of a label after the point")
	flags.BoolVar(&c.One, "one", false, "write a label of 1 as 1.0 instead of 0.99; then a reply that begins with 1 has no distribution over the digit after \"0.\"")
	settings.Add(cmd, contract.Seed, &c.Seed)
	flags.StringVar(&c.Split, "split", "", "train, dev or test (default: all)")
	flags.IntVar(&c.Answers, "answers", 0, "write each state as often as it occurs in this many answers to its question, for states of finece construct --pool (default: each once, and a complete answer as often as it was sampled)")
	flags.BoolVar(&c.QuestionOnly, "question-only", false, "leave out states with a partial or complete answer: this makes the training data of the baseline P(IK)")
	settings.Add(cmd, contract.OutputFile, &path)
	completion.Values(cmd, "layout", "messages", "alpaca")
	completion.Values(cmd, "split", splits...)
	return cmd
}

func newTrainSuC() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "suc [flags] FILE|-",
		Short: "Fit the baseline SuC to the states of finece construct",
		Long: `suc fits SuC (sub-question clusters), a baseline of finece experiment. It groups the
questions of the train split by their words, and writes the groups with the share of
correct answers in each, as JSON.`,
		Example: `  finece train suc -o suc.json states.jsonl`,
		Args:    input.One,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := input.Open(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			suc, err := suc.Fit(in)
			if err != nil {
				return fmt.Errorf("%s: %w", in.Name, err)
			}
			return output.Write(cmd, path, func(w io.Writer) error { return json.NewEncoder(w).Encode(suc) })
		},
	}
	settings.Add(cmd, contract.OutputFile, &path)
	return cmd
}

func newTrainConfig() *cobra.Command {
	c := train.DefaultLLaMAFactoryConfig()
	cmd := &cobra.Command{
		Use:   "config [flags] FOLDER",
		Short: "Write a LLaMA-Factory configuration with the paper's settings",
		Long: `config writes finece.yaml and dataset_info.json into FOLDER, which has the training
data. The settings are the paper's: AdamW with beta1 0.9 and beta2 0.5, learning rate
1e-4, 300 steps of warm-up. Then run in FOLDER: llamafactory-cli train finece.yaml`,
		Example: `  finece train config --model Qwen/Qwen2.5-7B-Instruct --template qwen --train train.jsonl data`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			err := train.LLaMAFactory(args[0], c)
			if path := (*os.PathError)(nil); errors.As(err, &path) {
				return exit.With(exit.IO, err)
			} else if err != nil {
				return exit.With(exit.Usage, err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Model, "model", "", "name or folder of the model")
	flags.StringVar(&c.Template, "template", "", "name of the model's chat template in LLaMA-Factory")
	flags.StringVar(&c.Train, "train", "", "file in FOLDER, in the alpaca layout")
	flags.StringVar(&c.Dev, "dev", "", "file in FOLDER with held-out questions, in the same layout")
	flags.StringVar(&c.Output, "out", c.Output, "folder for checkpoints")
	flags.IntVar(&c.LoRARank, "lora-rank", 0, "rank of LoRA matrices; 0 trains all weights")
	flags.Float64Var(&c.Epochs, "epochs", c.Epochs, "passes over the data")
	flags.IntVar(&c.Batch, "batch", c.Batch, "sequences per device and step")
	flags.IntVar(&c.Cutoff, "cutoff", c.Cutoff, "the most tokens of a sequence")
	settings.Add(cmd, contract.TrainSeed, &c.Seed)
	return cmd
}

func newTrainProblems() *cobra.Command {
	var domain, pool, path string
	var seed uint64
	var n int
	cmd := &cobra.Command{
		Use:   "problems [flags]",
		Short: "Make word problems of several steps, from a seed",
		Long: `problems writes questions as finece construct reads them, {"id","question","gold"}, with
two more keys: the family and the written-out solution. The domains are in (2 to 5
steps), hard (the hardest of in), long (5 to 7 steps, more than in has in the same
family), wording (other words) and open (an answer is any 3 to 5 of many true
statements; gold is all of them).

There are three pools, and no question is in two of them: corpus for the generator,
confidence for the confidence model, and test.`,
		Example: `  finece train problems --pool confidence -n 1000 -o questions.jsonl
  finece train problems --pool test --domain long -n 200
  finece train problems --pool test --domain open -n 200`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := problems.ParseDomain(domain)
			if err != nil {
				return exit.Usagef("--domain: %w", err)
			}
			p, err := problems.ParsePool(pool)
			if err != nil {
				return exit.Usagef("--pool: %w", err)
			}
			if n < 0 {
				return exit.Usagef("-n %d: want 0 or more", n)
			}
			return output.Write(cmd, path, func(w io.Writer) error { return train.WriteQuestions(w, seed, d, p, n, nil) })
		},
	}
	flags := cmd.Flags()
	settings.Add(cmd, contract.TrainSeed, &seed)
	flags.IntVarP(&n, "number", "n", 100, "number of problems")
	settings.Add(cmd, contract.ProblemDomain, &domain, problems.Domains()...)
	flags.StringVar(&pool, "pool", "test", "corpus, confidence or test")
	settings.Add(cmd, contract.OutputFile, &path)
	completion.Values(cmd, "pool", "corpus", "confidence", "test")
	return cmd
}

func newTrainCorpus() *cobra.Command {
	var domain, path string
	var seed uint64
	var n int
	var prompts bool
	cmd := &cobra.Command{
		Use:   "corpus [flags]",
		Short: "Make training conversations for a generator",
		Long: `corpus writes conversations, {"messages"}, about problems of --domain. Of eight
conversations, five are a problem with its solution, and two are only calculations. One
has a solution, or the beginning of one, followed by how likely it is to be correct;
half of these solutions have a planted mistake. From these the generator learns to judge
solutions.

With --prompts it writes conversations with a confidence model instead, about correct
solutions and with arbitrary numbers as replies. They teach a tokenizer the form of such
prompts, and a model to predict their text (finece train base --prompt-loss).`,
		Example: `  finece train corpus -n 240000 -o corpus.jsonl`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := problems.ParseDomain(domain)
			if err != nil {
				return exit.Usagef("--domain: %w", err)
			}
			if n < 0 {
				return exit.Usagef("-n %d: want 0 or more", n)
			}
			return output.Write(cmd, path, func(w io.Writer) error {
				if prompts {
					return train.WritePrompts(w, seed, n)
				}
				return train.WriteCorpus(w, seed, d, n)
			})
		},
	}
	flags := cmd.Flags()
	settings.Add(cmd, contract.TrainSeed, &seed)
	flags.IntVarP(&n, "number", "n", 1000, "number of conversations")
	settings.Add(cmd, contract.ProblemDomain, &domain, problems.Domains()...)
	flags.BoolVar(&prompts, "prompts", false, "write conversations with a confidence model")
	settings.Add(cmd, contract.OutputFile, &path)
	return cmd
}
