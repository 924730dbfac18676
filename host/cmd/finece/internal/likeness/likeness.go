// Package likeness reads the questions of labelled answers from a file, for the part of a card
// that describes their style.
package likeness

import (
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// Flag names the file.
const Flag = "seen-questions"

// Add adds the flag to a command.
func Add(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, Flag, "", "a file with the questions of the labelled answers, to mark later questions that read unlike them")
	_ = cmd.MarkFlagFilename(Flag, "jsonl")
}

// Read learns from the questions in the file of the flag, in the format plain of finece
// construct.
func Read(cmd *cobra.Command, path string) (*calibrate.Likeness, error) {
	in, err := input.Open(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var questions []string
	for q, err := range construct.Read(in, construct.Plain) {
		if err != nil {
			return nil, exit.Errorf(exit.Faults, "--%s: %s: %w", Flag, in.Name, err)
		}
		questions = append(questions, q.Text)
	}
	l, err := fit.LikenessOf(questions)
	if err != nil {
		return nil, exit.Errorf(exit.Faults, "--%s: %s has %d questions: %w", Flag, in.Name, len(questions), err)
	}
	return l, nil
}
