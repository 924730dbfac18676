package packed

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/wasm/jsonscan"
)

// kind is the type of a column's values.
type kind uint8

const (
	none    kind = iota // null in each line
	truth               // true and false
	whole               // whole numbers of 64 bits
	number              // numbers
	text                // strings
	anyJSON             // objects, arrays, or values of several kinds: JSON as text
)

// kindOf is the kind of a JSON value.
func kindOf(value []byte) kind {
	switch value[0] {
	case 'n':
		return none
	case 't', 'f':
		return truth
	case '"':
		return text
	case '{', '[':
		return anyJSON
	}
	if _, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		return whole
	}
	return number
}

// with returns the kind of a column that has values of two kinds.
func (k kind) with(other kind) kind {
	switch {
	case k == other || other == none:
		return k
	case k == none:
		return other
	case k == whole && other == number || k == number && other == whole:
		return number
	}
	return anyJSON
}

// table reads lines as a table. Its columns are the keys of all lines.
type table struct {
	names []string // in the order in which they come first
	kinds []kind
	at    map[string]int

	lines *lines.Reader
	cells [][]byte // cells of a line; nil for an absent key
}

// readTable reads all lines once, and then resets r to the first.
func readTable(r io.ReadSeeker) (*table, error) {
	t := &table{at: map[string]int{}}
	begin, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	t.lines = lines.New(r, maxLine)
	for {
		err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for i, cell := range t.cells {
			if cell != nil {
				t.kinds[i] = t.kinds[i].with(kindOf(cell))
			}
		}
	}
	_, err = r.Seek(begin, io.SeekStart)
	t.lines = lines.New(r, maxLine)
	return t, err
}

// maxLine is the longest line: a line of input with the keys that a command adds.
const maxLine = 4 * lines.MaxLine

// next reads a line into cells.
func (t *table) next() error {
	line, err := t.lines.Next()
	if err != nil {
		return err
	}
	clear(t.cells)
	var s jsonscan.Scanner
	s.Reset(line)
	s.EnterObject()
	for s.NextKey() {
		at, known := t.at[string(s.Key())]
		if !known {
			at = len(t.names)
			name := string(s.Key())
			t.at[name] = at
			t.names, t.kinds, t.cells = append(t.names, name), append(t.kinds, none), append(t.cells, nil)
		}
		t.cells[at] = s.Raw()
	}
	if !s.End() {
		return fmt.Errorf("line %d is not a JSON object: %w", t.lines.Line(), s.Err())
	}
	return nil
}

// textOf returns a JSON value as text: a string without its quotes, and "" for null.
func textOf(value []byte) (string, error) {
	switch kindOf(value) {
	case none:
		return "", nil
	case text:
		var s string
		err := json.Unmarshal(value, &s)
		return s, err
	}
	return string(value), nil
}

func writeCSV(w io.Writer, comma rune, r io.ReadSeeker) error {
	t, err := readTable(r)
	if err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma = comma
	if err := c.Write(t.names); err != nil {
		return err
	}
	record := make([]string, len(t.names))
	for {
		if err := t.next(); err == io.EOF {
			c.Flush()
			return c.Error()
		} else if err != nil {
			return err
		}
		for i, cell := range t.cells {
			if record[i] = ""; cell != nil {
				if record[i], err = textOf(cell); err != nil {
					return err
				}
			}
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
}

// groupBytes is the size of a row group, in bytes of lines. A row group is held in memory.
const groupBytes = 64 << 20

func writeParquet(w io.Writer, r io.ReadSeeker) error {
	t, err := readTable(r)
	if err != nil {
		return err
	}
	group := parquet.Group{}
	for i, name := range t.names {
		group[name] = parquet.Compressed(parquet.Optional(nodeOf(t.kinds[i])), &parquet.Zstd)
	}
	schema := parquet.NewSchema("row", group)
	index := map[string]int{} // the library sorts the columns by name
	for i, path := range schema.Columns() {
		index[path[0]] = i
	}
	p := parquet.NewWriter(w, schema)
	row := make(parquet.Row, len(t.names))
	size := int64(0)
	for {
		before := t.lines.Offset()
		if err := t.next(); err == io.EOF {
			return p.Close()
		} else if err != nil {
			return err
		}
		for i, cell := range t.cells {
			v, err := valueOf(t.kinds[i], cell)
			if err != nil {
				return err
			}
			at, level := index[t.names[i]], 1
			if v.IsNull() {
				level = 0
			}
			row[at] = v.Level(0, level, at)
		}
		if _, err := p.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
		if size += t.lines.Offset() - before; size > groupBytes {
			if err := p.Flush(); err != nil {
				return err
			}
			size = 0
		}
	}
}

func nodeOf(k kind) parquet.Node {
	switch k {
	case truth:
		return parquet.Leaf(parquet.BooleanType)
	case whole:
		return parquet.Int(64)
	case number:
		return parquet.Leaf(parquet.DoubleType)
	case anyJSON:
		return parquet.JSON()
	}
	return parquet.String()
}

// valueOf returns a JSON value as a value of a column.
func valueOf(k kind, value []byte) (v parquet.Value, err error) {
	if value == nil || kindOf(value) == none && k != anyJSON {
		return parquet.NullValue(), nil
	}
	switch k {
	case truth:
		return parquet.BooleanValue(value[0] == 't'), nil
	case whole:
		n, err := strconv.ParseInt(string(value), 10, 64)
		return parquet.Int64Value(n), err
	case number:
		f, err := strconv.ParseFloat(string(value), 64)
		return parquet.DoubleValue(f), err
	case text:
		s, err := textOf(value)
		return parquet.ByteArrayValue([]byte(s)), err
	}
	return parquet.ByteArrayValue(bytes.Clone(value)), nil
}
