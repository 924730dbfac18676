package lines

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/finece/finece/host/batch/columns"
	"github.com/finece/finece/wasm/jsonscan"
)

// Rows reads rows as JSON Lines. It is a [*Reader], or reads CSV.
type Rows interface {
	Next() ([]byte, error)
	Line() int
}

// Filled returns the next row that is not blank. bad is not nil if that row cannot be read;
// later rows may still be read. err is io.EOF, or the error that ends the reading.
func Filled(r Rows) (row []byte, bad, err error) {
	for {
		row, err := r.Next()
		switch reason := Reason(err); {
		case reason != "":
			return row, errors.New(reason), nil
		case err != nil:
			return nil, nil, err
		case len(bytes.TrimSpace(row)) > 0:
			return row, nil, nil
		}
	}
}

// Separator returns the separator of fields in CSV that begins with head: a tab if the first
// line has tabs and no commas, else a comma.
func Separator(head []byte) rune {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.IndexByte(first, '\t') >= 0 && bytes.IndexByte(first, ',') < 0 {
		return '\t'
	}
	return ','
}

// Records reads answers from JSON Lines, or from CSV with a header. The header has to have a
// column of answers, or a column that finece score adds. A CSV record becomes a JSON object with
// the names of the header.
func Records(r io.Reader, max int) Rows {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(4 << 10)
	first, _, whole := bytes.Cut(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), []byte("\n"))
	c := csv.NewReader(bytes.NewReader(first))
	c.Comma = Separator(first)
	header, err := c.Read()
	if !whole || err != nil || bytes.HasPrefix(bytes.TrimSpace(first), []byte("{")) || columns.Find(header, "answer", append([]string{"finece"}, columns.Answer...)) == "" {
		return New(b, max)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		b.Discard(3)
	}
	table := &table{guard: NewGuard(b, max, true)}
	table.csv = csv.NewReader(table.guard)
	table.csv.Comma, table.csv.FieldsPerRecord, table.csv.ReuseRecord = c.Comma, -1, true
	if _, err := table.csv.Read(); err != nil {
		return New(b, max)
	}
	for _, name := range header {
		name = strings.TrimSpace(name)
		table.header = append(table.header, jsonscan.AppendString(nil, []byte(name)))
		table.text = append(table.text, slices.ContainsFunc(texts, func(t string) bool { return strings.EqualFold(t, name) }))
	}
	return table
}

// texts are the columns whose values are texts even if they look like numbers.
var texts = slices.Concat([]string{"answer", "question", "model"}, columns.Answer, columns.Question)

// table reads CSV.
type table struct {
	csv    *csv.Reader
	guard  *Guard
	header [][]byte // as JSON
	text   []bool
	line   int
	buf    []byte
}

func (t *table) Line() int { return t.line }

// Next returns the next record. With a [*BadRecordError] it returns the text of the bad record,
// and the next call reads the next one.
func (t *table) Next() ([]byte, error) {
	t.guard.Begin(t.csv.InputOffset())
	record, err := t.csv.Read()
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		t.line = syntax.StartLine
		return t.guard.Text(t.csv.InputOffset()), &BadRecordError{syntax.Err.Error()}
	}
	if err != nil {
		return nil, err
	}
	t.line, _ = t.csv.FieldPos(0)
	if len(record) != len(t.header) {
		return t.guard.Text(t.csv.InputOffset()), &BadRecordError{fmt.Sprintf("%d fields where the header has %d", len(record), len(t.header))}
	}
	t.buf = append(t.buf[:0], '{')
	for i, cell := range record {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		t.buf = append(append(t.buf, t.header[i]...), ':')
		switch {
		case !t.text[i] && cell == "":
			t.buf = append(t.buf, "null"...)
		case !t.text[i] && isJSON(cell):
			t.buf = append(t.buf, cell...)
		default:
			t.buf = jsonscan.AppendString(t.buf, []byte(cell))
		}
	}
	t.buf = append(t.buf, '}')
	return t.buf, nil
}

// isJSON reports whether a cell is a JSON value other than a string, on one line.
func isJSON(cell string) bool {
	return strings.IndexByte(`-0123456789tfn[{`, cell[0]) >= 0 && !strings.ContainsAny(cell, "\r\n") && json.Valid([]byte(cell))
}

// BadRecordError says what is wrong with a record.
type BadRecordError struct{ Reason string }

func (e *BadRecordError) Error() string { return e.Reason }

// Reason says what is wrong with a row that [Rows] could not return. It is "" for an I/O error
// and for no error.
func Reason(err error) string {
	var long *TooLongError
	var bad *BadRecordError
	switch {
	case errors.As(err, &long):
		return fmt.Sprintf("longer than %d bytes", long.Max)
	case errors.As(err, &bad):
		return bad.Reason
	}
	return ""
}
