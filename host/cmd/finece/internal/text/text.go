// Package text is the command text: the text that a stream carries.
package text

import (
	"bufio"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/screen"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract"
)

const long = `text prints only the text of one answer of a stream: no protocol, no reasoning, no
refusal. The offsets of positions count the bytes of this text.

The text comes from a model. If standard output is a terminal, control characters
in the text are replaced.`

const example = `  finece text answer.sse
  finece text --reasoning answer.sse > thoughts.md
  finece text --choice 1 answer.sse
  finece text answer.sse | head -c 96   # up to the position at byte 96`

// New is the command.
func New() *cobra.Command {
	f := settings.New()
	var choice int
	var reasoning bool
	cmd := &cobra.Command{
		Use:     "text [flags] FILE|-",
		Short:   "Print the text that a stream carries",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE: func(cmd *cobra.Command, args []string) error {
			segment := position.Answer
			if reasoning {
				segment = position.Reasoning
			}
			return runText(cmd, f, args[0], choice, segment)
		},
	}
	settings.Add(cmd, contract.Choice, &choice)
	cmd.Flags().BoolVar(&reasoning, "reasoning", false, "print the model's reasoning instead of its answer")
	f.AddStream(cmd)
	return cmd
}

func runText(cmd *cobra.Command, f *settings.Flags, path string, choice int, segment position.Segment) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	show := func(b []byte) []byte { return b }
	if _, ok := terminal.Of(cmd.OutOrStdout()); ok {
		show = screen.Printable
	}
	var failed error
	l, err := ledger.Read(cmd, f, path, func(c int, s position.Segment, text []byte) {
		if c == choice && s == segment && failed == nil {
			if _, failed = out.Write(show(text)); failed == nil {
				failed = out.Flush() // as it comes
			}
		}
	})
	switch {
	case err != nil:
		return err
	case failed != nil:
		return exit.With(exit.IO, failed)
	}
	return l.Verdict()
}
