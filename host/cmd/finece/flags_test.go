package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/wasm/contract"
)

// several has the names that mean different things in different commands, or in a command and
// elsewhere, and says what they mean.
var several = map[string]string{
	"adapter":      "a confidence model's API, and the LoRA adapters of finece lm",
	"answers":      "of the experiments; and how often train export writes a state",
	"check":        "serve checks its settings; calibrate a map",
	"complete":     "which complete answers construct writes; and the instruction for judging one",
	"confidence":   "a column of eval's input; and the confidence models of the experiments",
	"depth":        "of the fusion of a stream; and of the trees that the experiments sample",
	"width":        "of a tree's fusion in finece fuse; and of the trees that the experiments sample",
	"domain":       "of a card; and of the problems that demo and train make",
	"generator":    "of a card, a name; and of experiment, a model's name on the server",
	"overwrite":    "each command names the keys that it replaces",
	"estimator":    "who estimates; and of calibrate, what it fits",
	"every":        "the paper has 50 tokens in the text and 30 in the experiments",
	"format":       "of a stream; and of eval's output",
	"listen":       "serve and lm run at the same time, on two ports",
	"max-tokens":   "of a sampled completion; and of lm generate, whose limit is the context",
	"method":       "a statistic of a stream; and the form of calibrate's map",
	"model":        "the confidence model; the generator; the folder of a model",
	"n":            "completions in one request; and answers of lm generate",
	"requests":     "of commands, which read answers in turn; and of serve, where many end at once",
	"number":       "each command makes another number of problems",
	"output":       "each command says what it writes, and if it resumes",
	"pace":         "watch reads events or words, demo tokens",
	"plot":         "each command says what it draws",
	"pool":         "a set of problems; and construct's pooled labels",
	"samples":      "construct's file of replies; and the number of the baselines' samples",
	"seed":         "the seeds of problems and training begin at 1; demo and lm generate draw one",
	"split":        "construct's three shares; and which of the three train export writes",
	"stop":         "of construct's completions; of lm generate's answers; and the share of calibrate",
	"system":       "of construct's generator; and of lm generate",
	"temperature":  "lm generate answers at 0.7, as chat programs do; training data and experiments need 1",
	"timeout":      "of an estimate, one minute; and of sampling thirty answers, ten",
	"top-logprobs": "of the samples that construct keeps; and of a confidence model's reply",
	"top-p":        "construct leaves it to the server; lm generate is the server",
}

// flagOf is a flag of a command.
type flagOf struct {
	command string
	flag    *pflag.Flag
}

// trainers are the commands whose flags are those of the Python trainer.
var trainers = []string{"finece train ift", "finece train value", "finece train tokenizer", "finece train base"}

func allFlags(cmd *cobra.Command, into map[string][]flagOf) {
	if slices.Contains(trainers, cmd.CommandPath()) {
		return
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			into[f.Name] = append(into[f.Name], flagOf{cmd.CommandPath(), f})
		}
	})
	for _, c := range cmd.Commands() {
		allFlags(c, into)
	}
}

// contractual returns the settings of the contract by the name of their flag.
func contractual() map[string][]*contract.Setting {
	all := map[string][]*contract.Setting{}
	add := func(list ...*contract.Setting) {
		for _, s := range list {
			all[s.Flag()] = append(all[s.Flag()], s)
		}
	}
	add(contract.Session...)
	for _, g := range contract.Groups {
		add(g.Settings...)
	}
	add(contract.Resumed)
	return all
}

func same(f flagOf, s *contract.Setting) bool {
	return s.DefaultText() == f.flag.DefValue && strings.HasPrefix(f.flag.Usage, s.Usage())
}

// A flag whose name is a setting's has the help and the default of the contract.
func TestFlagsAreTheContracts(t *testing.T) {
	flags := map[string][]flagOf{}
	allFlags(newRoot(), flags)
	found := 0
	for name, list := range contractual() {
		for _, f := range flags[name] {
			found++
			made := f.flag.Annotations[settings.Annotation] != nil
			is := slices.ContainsFunc(list, func(s *contract.Setting) bool { return same(f, s) })
			if made && !is {
				t.Errorf("%s --%s: default %q, help %q: not as in the contract", f.command, name, f.flag.DefValue, f.flag.Usage)
			}
			if !made && several[name] == "" {
				t.Errorf("%s --%s is a setting of the contract: use settings.Add, or say in the list above what else it is", f.command, name)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d flags are settings of the contract", found)
	}
}

// A flag has one meaning in all commands, unless the list above says otherwise.
func TestAFlagHasOneMeaning(t *testing.T) {
	flags := map[string][]flagOf{}
	allFlags(newRoot(), flags)
	differ := map[string]bool{}
	for name, list := range contractual() {
		for _, f := range flags[name] {
			differ[name] = differ[name] || !slices.ContainsFunc(list, func(s *contract.Setting) bool { return same(f, s) })
		}
	}
	for name, list := range flags {
		for _, f := range list[1:] {
			first, is := meaning(list[0]), meaning(f)
			if first == is {
				continue
			}
			differ[name] = true
			if several[name] == "" {
				t.Errorf("--%s is %q in %s and %q in %s", name, first, list[0].command, is, f.command)
			}
		}
	}
	for name := range several {
		if !differ[name] {
			t.Errorf("--%s has one meaning everywhere: take it off the list", name)
		}
	}
}

// meaning returns a flag's default and help, without what a command adds to a setting's help.
func meaning(f flagOf) string {
	help := f.flag.Usage
	if usage := f.flag.Annotations[settings.Annotation]; len(usage) > 0 {
		help = usage[0]
	}
	return f.flag.DefValue + "; " + help
}
