// Package parquetfile reads Parquet, by row or by column.
package parquetfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/finece/finece/host/cmd/finece/internal/input"
)

// File is an open Parquet file.
type File struct{ f *parquet.File }

// Open reads the metadata of a file.
func Open(file *input.File) (f *File, err error) {
	defer recovered(&err)
	p, err := parquet.OpenFile(file, file.Size)
	if err != nil {
		return nil, err
	}
	return &File{p}, nil
}

// Lines returns the rows of a Parquet file as JSON Lines, each a JSON object with the names of
// the columns. A number that JSON cannot represent becomes a text, such as "NaN".
func Lines(file *input.File) (io.Reader, error) {
	f, err := Open(file)
	if err != nil {
		return nil, err
	}
	return f.lines(0, f.Groups())
}

// Cut reduces a Parquet input to the row groups from number from to before number to.
func Cut(in *input.Input, from, to int) error {
	f, err := Open(in.Table)
	if err == nil {
		in.Reader, err = f.lines(from, to)
	}
	return err
}

// lines returns the rows of the row groups from number from to before number to, as Lines does.
func (f *File) lines(from, to int) (lines io.Reader, err error) {
	defer recovered(&err)
	if from < 0 || from > to || to > f.Groups() {
		return nil, fmt.Errorf("the file has %d row groups, and not those from %d to %d", f.Groups(), from, to)
	}
	first, left := f.RowsOf(0, from), f.RowsOf(from, to)
	r := &rows{left: left, r: parquet.NewGenericReader[any](f.f, f.f.Schema()), texts: map[string]func(any) any{}}
	for _, c := range f.f.Root().Columns() {
		if text := textOf(c); text != nil {
			r.texts[c.Name()] = text
		}
	}
	if first > 0 {
		err = r.r.SeekToRow(int64(first))
	}
	return r, err
}

type rows struct {
	r     *parquet.GenericReader[any]
	texts map[string]func(any) any // conversions of the columns whose values are not JSON values
	line  []byte
	buf   bytes.Buffer
	done  error
	left  int // rows that are not read yet
}

// batch is how many rows are read at once.
const batch = 64

func (r *rows) Read(p []byte) (int, error) {
	for r.buf.Len() == 0 {
		if r.done != nil {
			return 0, r.done
		}
		r.fill()
	}
	return r.buf.Read(p)
}

// fill writes the next rows to buf.
func (r *rows) fill() {
	var values [batch]any
	n, err := r.next(values[:])
	r.done = err
	for _, v := range values[:n] {
		if columns, ok := v.(map[string]any); ok {
			for name, text := range r.texts {
				columns[name] = text(columns[name])
			}
		}
		if r.line, err = appendJSON(r.line[:0], v); err != nil {
			r.done = err
			return
		}
		r.buf.Write(append(r.line, '\n'))
	}
	if n == 0 && err == nil {
		r.done = errors.New("the file ends before its last row")
	}
}

func (r *rows) next(values []any) (n int, err error) {
	defer recovered(&err)
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err = r.r.Read(values[:min(len(values), r.left)])
	r.left -= n
	return n, err
}

// textOf returns the function that converts a column's values to JSON values, or nil if they are
// JSON values already.
func textOf(c *parquet.Column) func(any) any {
	if !c.Leaf() || c.Repeated() {
		return nil
	}
	scale, isDecimal := scaleOf(c)
	switch {
	case isDecimal:
		return func(v any) any {
			switch v := v.(type) {
			case int32:
				return json.Number(decimal(int64(v), scale))
			case int64:
				return json.Number(decimal(v, scale))
			}
			return v
		}
	case isJSON(c):
		return func(v any) any {
			text, ok := v.(string)
			if b, isBytes := v.([]byte); isBytes {
				text, ok = string(b), true
			}
			if ok && json.Valid([]byte(text)) {
				return json.RawMessage(text)
			}
			return v
		}
	}
	return nil
}

func isJSON(c *parquet.Column) bool {
	logical := c.Type().LogicalType()
	if logical == nil {
		return false
	}
	_, ok := logical.Value.(*format.JsonType)
	return ok
}

// scaleOf returns how many digits of a column's whole numbers are after the decimal point.
func scaleOf(c *parquet.Column) (scale int, isDecimal bool) {
	logical := c.Type().LogicalType()
	if logical == nil {
		return 0, false
	}
	d, ok := logical.Value.(*format.DecimalType)
	if !ok {
		return 0, false
	}
	return int(d.Scale), true
}

// decimal returns a whole number as a decimal with scale digits after the point.
func decimal(v int64, scale int) string {
	text := strconv.FormatInt(v, 10)
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	for len(text) <= scale {
		text = "0" + text
	}
	if scale <= 0 {
		return sign + text
	}
	return sign + text[:len(text)-scale] + "." + text[len(text)-scale:]
}

// recovered turns a panic into an error. The library panics on broken files.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is broken: %v", p)
	}
}
