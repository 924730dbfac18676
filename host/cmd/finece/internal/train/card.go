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
		Short: "Add the style of the training questions to a card",
		Long: `card adds statistics of the training questions to the card of a confidence model: how
surprising each run of four letters is. A later question that is more surprising than 99
in 100 training questions is marked: its confidence has "unlike" in source.outside. The
confidence stays a percentage, since the mark does not say whether it is too high or too
low.

The questions are lines of {"question": "..."}, as finece construct reads them. At least
100 different questions are needed. Every fifth is held out to set the limit.`,
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
