// Package positions is the command positions: where confidences are estimated.
package positions

import (
	"bufio"
	"io"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

const long = `positions finds the places in an answer where confidences would be estimated. It prints
records, one JSON object per line. The first line has the type start. Each position is a
line of the type position:

  choice   which of the stream's answers, from 0
  index    0 is the question p(0), the last one is the whole answer p(z)
  kinds    question, paragraph, line, periodic, entropy, end
  segment  answer, reasoning or refusal: the text that the offsets count
  byte     offset in that text, in bytes of UTF-8
  utf16    the same in UTF-16 code units, as browsers count
  token    tokens of the text up to there
  ratio    token ratio: token / tokens of the whole text
  entropy  of the token there, in nats: {"lower","upper"}. Providers list only the
           likeliest tokens, so there are two bounds. Absent if not known
  approximate  true: the provider did not send its tokens one by one, so their number
           is an estimate

Each answer ends with a line of the type end: the reason of the end, the number of
tokens, and the strategies that the stream does not have the data for.

The token ratio is known only at the end of the stream, so the output comes then. At
most 1048576 positions are found.`

const example = `  finece positions answer.sse
  finece positions --strategy paragraph+entropy --entropy-threshold 1.5 answer.sse
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
		RunE:    func(cmd *cobra.Command, args []string) error { return run(cmd, f, args[0]) },
	}
	f.AddPositions(cmd)
	f.AddStream(cmd)
	return cmd
}

func run(cmd *cobra.Command, f *settings.Flags, path string) error {
	l, unread := ledger.Read(cmd, f, path, nil)
	if len(l.Answers) > 0 {
		if err := write(cmd.OutOrStdout(), l); err != nil {
			return exit.With(exit.IO, err)
		}
	}
	if unread != nil {
		return unread
	}
	if l.Missing()&position.Entropy != 0 {
		err := exit.Errorf(exit.Unavailable, "%s: no entropy positions: the stream has no tokens with top_logprobs; ask the provider for them, or choose another --strategy", input.Name(path))
		if f.Config.Positions.Strategy == position.Entropy {
			return err
		}
		terminal.Say(cmd, "%v", err)
	}
	return l.Verdict()
}

// write prints the records of positions and of ends.
func write(w io.Writer, l *ledger.Ledger) error {
	out := bufio.NewWriter(w)
	var line []byte
	put := func(r record.Record) {
		line = append(r.AppendJSON(line[:0]), '\n')
		out.Write(line)
	}
	put(&record.Start{Version: record.Version})
	for _, a := range l.Sorted() {
		for i := range a.Places {
			put(&record.Position{Place: a.Places[i].Place})
		}
		if a.End != nil {
			put(a.End)
		}
	}
	return out.Flush()
}
