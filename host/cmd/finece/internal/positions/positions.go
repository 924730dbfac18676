// Package positions is the command positions: where confidences are estimated.
package positions

import (
	"bufio"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/jsonline"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/position"
)

const long = `positions finds where in an answer confidences would be estimated, and prints one
JSON object for each place:

  index    0 is the question p(0), the last one the whole answer p(z)
  kind     question, paragraph, line, periodic, entropy, end, or several with +
  byte     offset in the answer's text, in bytes of UTF-8
  utf16    the same in UTF-16 code units, as browsers count
  token    tokens of the answer up to there
  ratio    token ratio: token / tokens of the whole answer
  entropy  of the token there, in nats: a lower bound, since providers list only
           the likeliest tokens; null where the stream does not have it

and, only where they say something: entropy_max (the upper bound), segment (when
not the answer), choice (when not 0), tokens_estimated (the provider did not send
its tokens one by one, so they are counted by an estimate).

The token ratio is known at the end of the stream, so the output comes then.
Input without an end has none. Up to 1048576 positions are kept.`

const example = `  finece positions answer.sse
  finece positions --strategy paragraph+entropy --threshold 1.5 answer.sse
  finece positions --strategy periodic --every 50 - < answer.txt
  finece positions answer.sse | jq -r 'select(.ratio > 0.3) | .byte' | head -1`

// New is the command.
func New() *cobra.Command {
	f := settings.New()
	cmd := &cobra.Command{
		Use:     "positions [flags] FILE|-",
		Short:   "Find where in an answer to estimate confidence",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE:    func(cmd *cobra.Command, args []string) error { return runPositions(cmd, f, args[0]) },
	}
	f.AddPositions(cmd)
	f.AddStream(cmd)
	return cmd
}

func runPositions(cmd *cobra.Command, f *settings.Flags, path string) error {
	var l scoring.Ledger
	unread := scoring.Feed(cmd, f, path, &l)
	out := bufio.NewWriter(cmd.OutOrStdout())
	for _, a := range l.Sorted() {
		for i := range a.Places {
			out.Write(positionLine(a, &a.Places[i]))
		}
	}
	if err := out.Flush(); err != nil {
		return exit.With(exit.IO, err)
	}
	if unread != nil {
		return unread
	}
	if l.Missing()&position.Entropy != 0 {
		err := exit.Errorf(exit.Unavailable, "%s: no entropy positions: they need tokens with top_logprobs, which there are none of; ask the provider for them, or choose another --strategy", input.Name(path))
		if f.Config.Positions.Strategy == position.Entropy {
			return err
		}
		terminal.Say(cmd, "%v", err)
	}
	return l.Verdict()
}

func positionLine(a *scoring.Answer, p *scoring.Place) []byte {
	var o jsonline.Object
	o.Begin()
	scoring.WritePlace(&o, a, p)
	o.Number("entropy", p.EntropyLo)
	if p.EntropyHi > p.EntropyLo {
		o.Number("entropy_max", p.EntropyHi)
	}
	if p.Segment != position.Answer {
		o.Text("segment", p.Segment.String())
	}
	if a.Number != 0 {
		o.Integer("choice", int64(a.Number))
	}
	if p.Estimated {
		o.Yes("tokens_estimated")
	}
	o.End()
	return append(o.B, '\n')
}
