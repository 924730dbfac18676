package train

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/likeness"
	"github.com/finece/finece/host/cmd/finece/internal/output"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract"
)

func newTrainCard() *cobra.Command {
	var questions, path string
	cmd := &cobra.Command{
		Use:   "card --seen-questions FILE [flags] CARD|-",
		Short: "Say in a card what the training questions read like",
		Long: `card adds to the card of a confidence model what the questions that it was trained
on read like: how surprising each run of four letters is. A confidence about a question
that is more surprising than 99 in 100 of them says so: outside has "unlike". It keeps
its percentage: the mark does not say whether that is too high or too low.

The questions are lines of {"question": "..."}, as finece construct reads them; at least
100 different ones. Every fifth is kept back to find the limit.`,
		Example: `  finece train card --seen-questions questions.jsonl out/best/card.json > card.json
  finece serve --estimator $URL --model-card card.json`,
		Args: input.One,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := input.Open(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			text, err := io.ReadAll(in)
			if err != nil {
				return in.Failed(err)
			}
			card, err := calibration.ParseCard(text)
			if err != nil {
				return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
			}
			if card.Questions, err = likeness.Read(cmd, questions); err != nil {
				return err
			}
			return output.Write(cmd, path, func(w io.Writer) error {
				_, err := w.Write(append(calibration.AppendCard(nil, card), '\n'))
				return err
			})
		},
	}
	likeness.Add(cmd, &questions)
	_ = cmd.MarkFlagRequired(likeness.Flag)
	settings.Add(cmd, contract.OutputFile, &path)
	return cmd
}
