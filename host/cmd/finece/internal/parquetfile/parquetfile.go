// Package parquetfile reads Parquet as JSON Lines.
package parquetfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// Lines returns the rows of a Parquet file as JSON Lines, each a JSON object with the
// names of the columns.
func Lines(file *os.File) (lines io.Reader, err error) {
	defer recovered(&err)
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return nil, err
	}
	return &rows{r: parquet.NewGenericReader[any](f, f.Schema())}, nil
}

type rows struct {
	r    *parquet.GenericReader[any]
	buf  bytes.Buffer
	done error
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
	lines := json.NewEncoder(&r.buf)
	lines.SetEscapeHTML(false)
	for _, v := range values[:n] {
		if err := lines.Encode(v); err != nil {
			r.done = err
			return
		}
	}
	if n == 0 && err == nil {
		r.done = errors.New("the file ends before its last row")
	}
}

func (r *rows) next(values []any) (n int, err error) {
	defer recovered(&err)
	return r.r.Read(values)
}

// recovered makes an error of a panic, which the library answers broken files with.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is broken: %v", p)
	}
}
