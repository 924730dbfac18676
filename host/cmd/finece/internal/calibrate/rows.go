package calibrate

import (
	"bufio"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/jsonline"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// maxCompletions bounds N, each of which is an outcome of its own.
const maxCompletions = 1_000_000

// labelledRows makes rows of pairs, and says of which pair each is. What is wrong
// in a row is added to p's faults. Labels may be missing if unlabelled says so.
func labelledRows(p *pairs.Pairs, unlabelled bool) (rows []fit.Row, kept []int) {
	groups := map[string]int{}
	for i := range p.Confidence {
		row, err := labelledRow(p, i, unlabelled)
		if err != nil {
			p.Fault(p.Line[i], err.Error())
			continue
		}
		id := p.More[i][columnID]
		if id == "" {
			id = "\x00" + strconv.Itoa(i) // a question of its own
		}
		group, seen := groups[id]
		if !seen {
			group = len(groups)
			groups[id] = group
		}
		row.Group = group
		rows, kept = append(rows, row), append(kept, i)
	}
	return rows, kept
}

func labelledRow(p *pairs.Pairs, i int, unlabelled bool) (fit.Row, error) {
	more := p.More[i]
	row := fit.Row{Confidence: p.Confidence[i], N: 1, Tokens: -1}
	k, n := more[columnK], more[columnN]
	switch {
	case p.Labelled[i]:
		if p.Correct[i] {
			row.Correct = 1
		}
	case k != "" && n != "":
		var ok1, ok2 bool
		row.Correct, ok1 = wholeNumber(k)
		row.N, ok2 = wholeNumber(n)
		if !ok1 || !ok2 || row.N < 1 || row.N > maxCompletions || row.Correct > row.N {
			return row, errCounts
		}
	case !unlabelled:
		return row, errUnmarked
	}
	if text := more[columnTokens]; text != "" {
		tokens, ok := wholeNumber(text)
		if !ok {
			return row, errTokens
		}
		row.Tokens = int64(tokens)
	}
	switch at := strings.TrimSuffix(strings.TrimPrefix(more[columnPosition], "p("), ")"); at {
	case "":
		row.End = row.Tokens < 0
	case "z", "end":
		row.End = true
	case "question":
		row.Question = true
	default:
		index, ok := wholeNumber(at)
		if !ok {
			return row, errPosition
		}
		row.Question = index == 0
	}
	return row, nil
}

// wholeNumber reads a whole number, 0 or more, that may be written as 3 or 3.0.
func wholeNumber(text string) (int, bool) {
	n, err := strconv.ParseUint(strings.TrimSuffix(text, ".0"), 10, 62)
	return int(n), err == nil
}

// applyTo prints the calibrated confidence of each row.
func (f *options) applyTo(cmd *cobra.Command, p *pairs.Pairs, rows []fit.Row, kept []int) error {
	c, err := settings.ReadCalibration("--apply", f.apply)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	var o jsonline.Object
	for i := range rows {
		row, at := &rows[i], kept[i]
		band := fit.BandOf(c, row)
		value, outside := c.Apply(band, row.Confidence)
		o.B = o.B[:0]
		o.Begin()
		o.Integer("line", int64(p.Line[at]))
		for k, name := range furtherColumns {
			if text := p.More[at][k]; text != "" {
				o.Text(name, text)
			}
		}
		o.Number("confidence", row.Confidence)
		o.Number("calibrated", value)
		o.Text("band", band.String())
		if outside {
			o.Yes("outside_support")
		}
		if p.Labelled[at] {
			o.Integer("correct", int64(row.Correct))
		}
		o.End()
		out.Write(append(o.B, '\n'))
	}
	if err := out.Flush(); err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}
