package main

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/finece/finece/position"
)

const positionsLong = `positions finds where in an answer confidences would be estimated, and prints one
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

const positionsExample = `  finece positions answer.sse
  finece positions --strategy paragraph+entropy --threshold 1.5 answer.sse
  finece positions --strategy periodic --every 50 - < answer.txt
  finece positions answer.sse | jq -r 'select(.ratio > 0.3) | .byte' | head -1`

func newPositions() *cobra.Command {
	f := newSessionFlags()
	cmd := &cobra.Command{
		Use:     "positions [flags] FILE|-",
		Short:   "Find where in an answer to estimate confidence",
		Long:    positionsLong,
		Example: positionsExample,
		Args:    oneInput,
		RunE:    func(cmd *cobra.Command, args []string) error { return runPositions(cmd, f, args[0]) },
	}
	f.addPositions(cmd)
	f.addStream(cmd)
	return cmd
}

func runPositions(cmd *cobra.Command, f *sessionFlags, path string) error {
	var l ledger
	unread := feed(cmd, f, path, &l)
	out := bufio.NewWriter(cmd.OutOrStdout())
	for _, a := range l.sorted() {
		for i := range a.places {
			out.Write(positionLine(a, &a.places[i]))
		}
	}
	if err := out.Flush(); err != nil {
		return &exitError{exitIO, err}
	}
	if unread != nil {
		return unread
	}
	if l.missing()&position.Entropy != 0 {
		err := failf(exitUnavailable, "%s: no entropy positions: they need tokens with top_logprobs, which there are none of; ask the provider for them, or choose another --strategy", inputName(path))
		if f.config.Positions.Strategy == position.Entropy {
			return err
		}
		say(cmd, "%v", err)
	}
	return l.verdict()
}

// feed gives a whole input to a session, whose events go to l, and reports the
// faults in it.
func feed(cmd *cobra.Command, f *sessionFlags, path string, l *ledger) error {
	if err := f.resolve(cmd); err != nil {
		return err
	}
	in, err := openInput(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := f.open(cmd.Context())
	if err != nil {
		return err
	}
	defer s.close()
	g, err := s.open(cmd.Context(), f.config, l.take)
	if err != nil {
		return err
	}
	defer g.close()
	bar := newProgress(cmd, in.size, "reading")
	err = copyTo(cmd.Context(), g, bar.reader(in))
	bar.done()
	l.report(cmd, in.name)
	if err != nil {
		return in.failure(err)
	}
	return nil
}

// copyTo gives all of r to a session and ends it. What was read before an
// error, or until ctx is done, is scored as a stream that broke off.
func copyTo(ctx context.Context, g *scoring, r io.Reader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var unread error
	for c := range paced(ctx, r, 0) {
		if c.err != nil {
			unread = c.err
			break
		}
		if err := g.write(c.data); err != nil {
			return err
		}
		if err := g.settleReady(); err != nil {
			return err
		}
	}
	return errors.Join(unread, g.end())
}

// report says what was wrong in the input.
func (l *ledger) report(cmd *cobra.Command, name string) {
	for _, f := range l.faults {
		say(cmd, "%s: %s", name, faultText(f))
	}
	if more := l.faulted - len(l.faults); more > 0 {
		say(cmd, "%s: %d more faults", name, more)
	}
}

// verdict is the error of an input with faults, which were reported already.
func (l *ledger) verdict() error {
	if l.faulted > 0 {
		return &exitError{code: exitFaults}
	}
	return nil
}

// missing are the strategies that some choice could not serve.
func (l *ledger) missing() (k position.Kind) {
	for _, a := range l.choices {
		k |= a.missing
	}
	return k
}

func positionLine(a *answer, p *place) []byte {
	var o object
	o.begin()
	o.place(a, p)
	o.number("entropy", p.EntropyLo)
	if p.EntropyHi > p.EntropyLo {
		o.number("entropy_max", p.EntropyHi)
	}
	if p.Segment != position.Answer {
		o.text("segment", p.Segment.String())
	}
	if a.number != 0 {
		o.integer("choice", int64(a.number))
	}
	if p.Estimated {
		o.yes("tokens_estimated")
	}
	o.end()
	return append(o.b, '\n')
}
