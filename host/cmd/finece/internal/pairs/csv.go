package pairs

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/finece/finece/host/batch"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
)

// readCSV reads lines without quotes in blocks, on all processors. After the first quote a
// record may contain line ends, so records are read one after the other.
func readCSV(b *bufio.Reader, columns *Columns, take func(*Pairs) error) error {
	if head, _ := b.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		b.Discard(3)
	}
	head, _ := b.Peek(4 << 10)
	separator := lines.Separator(head)
	header, before := headerLine(b, separator)
	if header == nil {
		return readRecords(b, separator, nil, 0, columns, take)
	}
	t, err := newTable(header, separator, columns, take)
	if err != nil {
		return err
	}
	rest, err := batch.LinesBefore(b, before+1, '"', func(b *batch.Block) *Pairs {
		p := columns.part(int64(len(b.Text)))
		if b.Long {
			p.text = b.Text
			p.fault(b.Line, tooLong)
			return p
		}
		t := *t
		t.ends, t.values = nil, nil
		b.Each(func(line []byte, number int) { t.line(p, line, number) })
		return p
	}, take)
	if err != nil || !rest.Found {
		return err
	}
	return readRecords(io.MultiReader(bytes.NewReader(rest.Text), b), separator, t, rest.Line-1, columns, take)
}

// headerLine reads the header if it is one line, and returns how many lines it has read.
// Otherwise it reads nothing.
func headerLine(b *bufio.Reader, separator rune) (header []string, lines int) {
	head, _ := b.Peek(b.Size())
	for at := 0; ; lines++ {
		end := bytes.IndexByte(head[at:], '\n')
		if end < 0 {
			return nil, 0
		}
		line := head[at : at+end]
		at += end + 1
		if len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
			continue
		}
		r := csv.NewReader(bytes.NewReader(line))
		r.Comma = separator
		header, err := r.Read()
		if err != nil {
			return nil, 0
		}
		b.Discard(at)
		return header, lines + 1
	}
}

// readRecords reads records one after the other. before is the number of earlier lines. If t is
// nil, the first record is the header.
func readRecords(in io.Reader, separator rune, t *table, before int, columns *Columns, take func(*Pairs) error) error {
	guard := lines.NewGuard(in, batch.MaxLine, columns.keep)
	r := csv.NewReader(guard)
	r.Comma = separator
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	if t == nil {
		header, err := r.Read()
		if err != nil {
			return fmt.Errorf("reading the header: %w", err)
		}
		if t, err = newTable(header, separator, columns, take); err != nil {
			return err
		}
	}
	p := columns.part(0)
	begin := r.InputOffset()
	var text []byte // all fields of a record
	for {
		if len(p.Confidence) == rowsOfPart {
			p.share = columns.share(r.InputOffset() - begin)
			if err := take(p); err != nil {
				return err
			}
			p, begin = columns.part(0), r.InputOffset()
		}
		guard.Begin(r.InputOffset())
		record, err := r.Read()
		p.text = guard.Text(r.InputOffset())
		var syntax *csv.ParseError
		switch {
		case err == io.EOF:
			return take(p)
		case errors.As(err, &syntax):
			p.fault(before+syntax.StartLine, syntax.Err.Error())
			continue
		case err != nil:
			return errors.Join(take(p), err)
		}
		text = text[:0]
		t.ends = t.ends[:0]
		for _, field := range record {
			text = append(text, field...)
			t.ends = append(t.ends, len(text))
		}
		line, _ := r.FieldPos(0)
		t.row(p, text, 0, before+line)
	}
}

// rowsOfPart is how many pairs of records are passed on at once.
const rowsOfPart = 1 << 15

// table says which columns have the values, and finds the cells of one line.
type table struct {
	columns                       *Columns
	separator                     byte
	fields                        int
	confidence, correct, question int // numbers of columns; -1: there is no such column
	other                         int
	more, by                      []int
	ends                          []int // where the cells of a line end in its text
	values                        [][]byte
}

func newTable(header []string, separator rune, columns *Columns, take func(*Pairs) error) (*table, error) {
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
	}
	if err := take(columns.guess(header)); err != nil {
		return nil, err
	}
	if err := columns.lacking(header); err != nil {
		return nil, err
	}
	at := func(name string) int { return slices.Index(header, name) }
	t := &table{columns: columns, separator: byte(separator), fields: len(header),
		confidence: at(columns.Confidence), correct: at(columns.Correct), question: at(columns.Question), other: at(columns.Other)}
	for _, name := range columns.More {
		t.more = append(t.more, at(name))
	}
	for _, name := range columns.By {
		t.by = append(t.by, at(name))
	}
	return t, nil
}

// line adds a line that has no quote.
func (t *table) line(p *Pairs, line []byte, number int) {
	if len(line) == 0 {
		return
	}
	p.text = line
	if len(line) > batch.MaxLine {
		p.fault(number, tooLong)
		return
	}
	t.ends = t.ends[:0]
	for at := 0; ; {
		end := bytes.IndexByte(line[at:], t.separator)
		if end < 0 {
			break
		}
		at += end + 1
		t.ends = append(t.ends, at-1)
	}
	t.ends = append(t.ends, len(line))
	t.row(p, line, 1, number)
}

// row adds the cells of a line, which have gap bytes between them.
func (t *table) row(p *Pairs, text []byte, gap, number int) {
	if len(t.ends) != t.fields {
		p.fault(number, fmt.Sprintf("%d fields where the header has %d", len(t.ends), t.fields))
		return
	}
	cell := func(at int) []byte {
		if at < 0 {
			return nil
		}
		begin := 0
		if at > 0 {
			begin = t.ends[at-1] + gap
		}
		return bytes.TrimSpace(text[begin:t.ends[at]])
	}
	r := row{line: number, confidence: cell(t.confidence), correct: cell(t.correct), question: cell(t.question), other: cell(t.other)}
	t.values = t.values[:0]
	for _, at := range t.by {
		t.values = append(t.values, cell(at))
	}
	r.by = t.values
	for _, at := range t.more {
		r.more = append(r.more, string(cell(at)))
	}
	p.add(t.columns, &r)
}

// lacking returns the error of a table without a required column. have has the names of its
// columns.
func (c *Columns) lacking(have []string) error {
	type needed struct{ name, flag string }
	all := []needed{{c.Confidence, "confidence"}}
	if !c.Unlabelled {
		all = append(all, needed{c.Correct, "correct"})
	}
	if c.Other != "" {
		all = append(all, needed{c.Other, "against"})
	}
	for _, name := range c.By {
		all = append(all, needed{name, "by"})
	}
	for _, n := range all {
		if !slices.Contains(have, n.name) {
			return fmt.Errorf("no column %s; the file has %s: name the column with --%s", quote(n.name), listed(have), n.flag)
		}
	}
	return nil
}

// listed returns the names of columns for a message.
func listed(header []string) string {
	const limit = 12
	more := ""
	if len(header) > limit {
		header, more = header[:limit], ", ..."
	}
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = quote(h)
	}
	return strings.Join(names, ", ") + more
}
