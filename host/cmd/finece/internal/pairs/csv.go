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

	"github.com/finece/finece/host/cmd/finece/internal/lines"
)

func (p *Pairs) readCSV(b *bufio.Reader, columns *Columns) error {
	if head, _ := b.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		b.Discard(3)
	}
	guard := &guard{r: b}
	r := csv.NewReader(guard)
	r.Comma = comma(b)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	confidence, err := column(header, columns.Confidence, "--confidence")
	if err != nil {
		return err
	}
	correct, err := column(header, columns.Correct, "--correct")
	if err != nil && !columns.Unlabelled {
		return err
	}
	if err != nil {
		correct = -1
	}
	more := make([]int, len(columns.More))
	for i, name := range columns.More {
		if more[i], err = column(header, name, ""); err != nil {
			more[i] = -1
		}
	}
	fields := len(header)
	for {
		guard.begin(r.InputOffset())
		record, err := r.Read()
		var syntax *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &syntax):
			p.fault(syntax.StartLine, syntax.Err.Error())
			continue
		case err != nil:
			return err
		}
		line, _ := r.FieldPos(0)
		if len(record) != fields {
			p.fault(line, fmt.Sprintf("%d fields where the header has %d", len(record), fields))
			continue
		}
		field := func(at int) string {
			if at < 0 {
				return ""
			}
			return strings.TrimSpace(record[at])
		}
		var further []string
		for _, at := range more {
			further = append(further, strings.Clone(field(at)))
		}
		p.add(line, columns, field(confidence), field(correct), further)
	}
}

// comma is the separator of fields, guessed from the first line.
func comma(b *bufio.Reader) rune {
	head, _ := b.Peek(4 << 10)
	head, _, _ = bytes.Cut(head, []byte("\n"))
	if bytes.ContainsRune(head, '\t') && !bytes.ContainsRune(head, ',') {
		return '\t'
	}
	return ','
}

func column(header []string, name, flag string) (int, error) {
	at := slices.IndexFunc(header, func(h string) bool { return strings.TrimSpace(h) == name })
	if at >= 0 {
		return at, nil
	}
	const limit = 12
	more := ""
	if len(header) > limit {
		header, more = header[:limit], ", ..."
	}
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = quote(strings.TrimSpace(h))
	}
	return 0, fmt.Errorf("line 1: no column %s in the header, which has %s%s: name the column with %s", quote(name), strings.Join(names, ", "), more, flag)
}

// guard bounds the memory of a record, which has no end after an unclosed quote.
type guard struct {
	r     io.Reader
	read  int64
	start int64
}

func (g *guard) begin(offset int64) { g.start = offset }

func (g *guard) Read(b []byte) (int, error) {
	if g.read-g.start > lines.MaxLine {
		return 0, fmt.Errorf("a record longer than %d bytes begins at byte %d: is a quote missing?", lines.MaxLine, g.start)
	}
	n, err := g.r.Read(b)
	g.read += int64(n)
	return n, err
}
