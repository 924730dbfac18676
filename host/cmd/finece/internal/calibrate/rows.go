package calibrate

import (
	"bufio"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// maxCompletions bounds N: each completion counts as an outcome.
const maxCompletions = 1_000_000

// labelledRows makes rows from pairs whose further columns were checked.
func labelledRows(p *pairs.Pairs) []fit.Row {
	rows := make([]fit.Row, len(p.Confidence))
	groups := map[string]int{}
	for i := range rows {
		row, _ := labelledRow(p.Labelled[i], p.More[i], true)
		row.Confidence = p.Confidence[i]
		if p.Labelled[i] && p.Correct[i] {
			row.Correct = 1
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
		rows[i] = row
	}
	return rows
}

// labelledRow makes a row from the further columns. Labels may be missing if unlabelled is true.
func labelledRow(labelled bool, more []string, unlabelled bool) (fit.Row, error) {
	row := fit.Row{N: 1, Tokens: -1}
	k, n := more[columnK], more[columnN]
	switch {
	case labelled:
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
func (f *options) applyTo(cmd *cobra.Command, p *pairs.Pairs, rows []fit.Row) error {
	c, err := settings.ReadCalibration("--apply", f.apply)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	lines := json.NewEncoder(out)
	for i := range rows {
		row := &rows[i]
		band := fit.BandOf(c, row)
		m := mapped{Line: p.At[i].Line, Confidence: row.Confidence, Band: band.String()}
		m.Calibrated, m.Outside = c.Apply(band, row.Confidence)
		more := p.More[i]
		m.ID, m.Position, m.Tokens, m.K, m.N = more[columnID], more[columnPosition], more[columnTokens], more[columnK], more[columnN]
		if len(p.Files) > 1 {
			m.File = p.Files[p.At[i].File]
		}
		if p.Labelled[i] {
			m.Correct = &row.Correct
		}
		if err := lines.Encode(m); err != nil {
			return exit.With(exit.IO, err)
		}
	}
	if err := out.Flush(); err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}

// mapped is a line of --apply. A column without a value is absent.
type mapped struct {
	File       string  `json:"file,omitempty"` // if there are several
	Line       int     `json:"line"`
	ID         string  `json:"id,omitempty"`
	Position   string  `json:"position,omitempty"`
	Tokens     string  `json:"tokens,omitempty"`
	K          string  `json:"k,omitempty"`
	N          string  `json:"N,omitempty"`
	Confidence float64 `json:"confidence"`
	Calibrated float64 `json:"calibrated"`
	Band       string  `json:"band"`
	Outside    bool    `json:"outside_support,omitempty"`
	Correct    *int    `json:"correct,omitempty"`
}

// The errors of the further columns of a row.
var (
	errCounts   = errors.New("k and N: want whole numbers, 0 <= k <= N and N from 1 to 1000000")
	errUnmarked = errors.New("neither correct nor k and N")
	errPosition = errors.New("position: want a number from 0, p(0), z, or p(z)")
	errTokens   = errors.New("tokens: want a number, 0 or more")
)
