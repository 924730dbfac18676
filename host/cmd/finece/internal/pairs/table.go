package pairs

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/finece/finece/host/batch"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
	"github.com/finece/finece/wasm/jsonscan"
)

// readGroups reads the columns of Parquet that are needed, of the row groups from from to
// before to, several at once. The number of a row, counted from the first of these groups, is
// its line.
func readGroups(f *parquetfile.File, from, to int, columns Columns, take func(*Pairs) error, progress func()) error {
	have := f.Columns()
	if err := take(columns.guess(have)); err != nil {
		return err
	}
	if err := columns.lacking(have); err != nil {
		return err
	}
	type part struct {
		pairs *Pairs
		err   error
	}
	group, line := from-1, 1
	type piece struct{ group, line int }
	next := func() (piece, error) {
		if group++; group >= to {
			return piece{}, io.EOF
		}
		p := piece{group, line}
		line += f.Rows(group)
		return p, nil
	}
	return batch.Ordered(next, func(g piece) part {
		p, err := columns.group(f, g.group, g.line)
		return part{p, err}
	}, func(p part) error {
		if p.err != nil {
			return p.err
		}
		progress()
		return take(p.pairs)
	})
}

// group reads a row group. line is the number of its first row.
func (c *Columns) group(f *parquetfile.File, group, line int) (*Pairs, error) {
	names := append([]string{c.Confidence, c.Correct, c.Question}, c.More...)
	names = append(append(names, c.By...), c.Other)
	read, err := f.Read(group, names, 2)
	if err != nil {
		return nil, err
	}
	confidence, correct, question := read[0], read[1], read[2]
	more, by, other := read[3:3+len(c.More)], read[3+len(c.More):len(names)-1], read[len(names)-1]
	values := make([][]byte, len(by))
	p := c.part(0)
	p.share = float64(f.Rows(group)) / float64(f.RowsOf(0, f.Groups()))
	for i := range f.Rows(group) {
		r := row{line: line + i}
		if question != nil {
			r.question = question.Text(i)
		}
		for _, column := range more {
			text := ""
			if column != nil {
				text = string(column.Text(i))
			}
			r.more = append(r.more, text)
		}
		for k, column := range by {
			values[k] = nil
			if column != nil && !column.IsNull(i) {
				values[k] = column.Text(i)
			}
		}
		r.by = values
		if other != nil && !other.IsNull(i) {
			r.other = other.Text(i)
		}
		right, labelled := false, false
		switch {
		case correct == nil || correct.IsNull(i):
		case correct.Numbers == nil:
			r.correct = correct.Text(i)
			right, labelled = parseCorrect(r.correct)
		case correct.Numbers[i] == 0 || correct.Numbers[i] == 1:
			right, labelled = correct.Numbers[i] == 1, true
		case math.IsNaN(correct.Numbers[i]): // pandas writes NaN for a missing value
		default:
			r.correct = fmt.Append(nil, correct.Numbers[i])
		}
		if c.keep {
			p.text = appendCells(p.text[:0], names, read, i)
		}
		switch {
		case !labelled && !(c.Unlabelled && len(r.correct) == 0):
			p.fault(r.line, wrongCorrect(r.correct))
		case confidence.IsNull(i):
			p.reject(r.line, "confidence "+isBlank)
		case confidence.Numbers == nil:
			r.confidence = confidence.Text(i)
			p.confide(c, &r, right, labelled)
		default:
			p.put(c, &r, confidence.Numbers[i], right, labelled)
		}
	}
	return p, nil
}

// appendCells appends the cells of a row that were read, as a JSON object.
func appendCells(text []byte, names []string, columns []*parquetfile.Column, row int) []byte {
	text = append(text, '{')
	for i, c := range columns {
		if c == nil {
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(jsonscan.AppendString(text, []byte(names[i])), ':')
		switch {
		case c.IsNull(row):
			text = append(text, "null"...)
		case c.Numbers == nil:
			text = jsonscan.AppendString(text, c.Text(row))
		case math.IsNaN(c.Numbers[row]):
			text = append(text, `"NaN"`...)
		default:
			text = strconv.AppendFloat(text, c.Numbers[row], 'g', -1, 64)
		}
	}
	return append(text, '}')
}
