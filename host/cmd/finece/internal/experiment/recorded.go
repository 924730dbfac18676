package experiment

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/experiment"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/host/train"
)

// nowhere is the server of a run that asks no server: nothing listens there.
const nowhere = "http://127.0.0.1:1/v1"

// replay reads the recorded answers, if --recorded is set.
func (f *options) replay(cmd *cobra.Command) error {
	for _, spec := range f.unavailable {
		name, why, ok := strings.Cut(spec, "=")
		if !ok {
			return exit.Usagef("--unavailable %s: want NAME=REASON", spec)
		}
		if f.config.Unavailable == nil {
			f.config.Unavailable = map[string]string{}
		}
		f.config.Unavailable[name] = why
	}
	switch {
	case f.recorded == "" && f.furtherSamples != "":
		return exit.Usagef("--recorded-samples needs --recorded")
	case f.recorded == "":
		return nil
	case len(f.questions) == 0 || len(f.servers) > 0 || len(f.confidence) > 0 || f.seeds != 1:
		return exit.Usagef("--recorded needs --questions, and cannot be used with --server, --confidence or --seeds")
	}
	f.servers, f.config.Depth, f.config.Width, f.config.Labels = []string{nowhere}, 0, 0, 0
	r := &experiment.Recorded{}
	var err error
	if r.Answers, err = recordedAnswers(cmd, f.recorded); err != nil {
		return err
	}
	if f.furtherSamples != "" {
		if r.Samples, err = recordedAnswers(cmd, f.furtherSamples); err != nil {
			return err
		}
	}
	if f.states != "" {
		if f.config.Unavailable == nil {
			f.config.Unavailable = map[string]string{}
		}
		f.config.Unavailable["suc"] = "not fitted: the labels belong to the questions that are measured"
		if r.Labels, err = recordedLabels(cmd, f.states); err != nil {
			return err
		}
	}
	f.config.Recorded = r
	return nil
}

func recordedAnswers(cmd *cobra.Command, path string) (map[string]*openai.Sampled, error) {
	in, err := input.Open(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	got, err := openai.ReadAnswers(in)
	if err != nil {
		return nil, exit.Errorf(exit.Faults, "%s: %w", path, err)
	}
	return got, nil
}

// recordedLabels reads the labels of states that are not whole answers. If two branches of a
// question have the same text, their continuations count together.
func recordedLabels(cmd *cobra.Command, path string) (map[string]map[string]*experiment.Label, error) {
	in, err := input.Open(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out := map[string]map[string]*experiment.Label{}
	err = train.EachState(in, func(s *construct.State) error {
		if s.Position == "p(z)" {
			return nil
		}
		if out[s.ID] == nil {
			out[s.ID] = map[string]*experiment.Label{}
		}
		l := out[s.ID][s.Text]
		if l == nil {
			l = &experiment.Label{}
			out[s.ID][s.Text] = l
		}
		l.K, l.N = l.K+s.K, l.N+s.N
		return nil
	})
	if err != nil {
		return nil, exit.Errorf(exit.Faults, "%s: %w", path, err)
	}
	return out, nil
}
