package parquetfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// Columns returns the names of the file's columns.
func (f *File) Columns() (names []string) {
	for _, c := range f.f.Root().Columns() {
		names = append(names, c.Name())
	}
	return names
}

// Groups returns the number of row groups. Several can be read at once.
func (f *File) Groups() int { return len(f.f.RowGroups()) }

// Rows returns the number of rows of a group.
func (f *File) Rows(group int) int { return int(f.f.RowGroups()[group].NumRows()) }

// RowsOf returns the number of rows of the groups from number from to before number to.
func (f *File) RowsOf(from, to int) (rows int) {
	for group := from; group < to; group++ {
		rows += f.Rows(group)
	}
	return rows
}

// Size returns the bytes of the file that a group takes.
func (f *File) Size(group int) int64 {
	g := &f.f.Metadata().RowGroups[group]
	if g.TotalCompressedSize > 0 {
		return g.TotalCompressedSize
	}
	return g.TotalByteSize
}

// Column is the values of a column in one row group, as numbers or as texts.
type Column struct {
	Numbers []float64 // NaN where there is no value; nil if the column was read as texts
	Null    []bool    // where there is no value; nil if there is one everywhere
	texts   []byte
	ends    []int
}

// Text returns the text of a row, or "".
func (c *Column) Text(row int) []byte {
	begin := 0
	if row > 0 {
		begin = c.ends[row-1]
	}
	return c.texts[begin:c.ends[row]]
}

// IsNull reports whether a row has no value.
func (c *Column) IsNull(row int) bool { return c.Null != nil && c.Null[row] }

// ErrNested is the error of a column with lists or objects.
var ErrNested = errors.New("a column of lists or objects")

// Read reads columns of a group. A column that the file does not have is nil. The first numbers
// columns are read as numbers if they have numbers or truth values (1 and 0). All others are
// read as texts.
func (f *File) Read(group int, names []string, numbers int) (columns []*Column, err error) {
	defer recovered(&err)
	rows := f.f.RowGroups()[group]
	for i, name := range names {
		of := f.f.Root().Column(name)
		if name == "" || of == nil {
			columns = append(columns, nil)
			continue
		}
		if !of.Leaf() || of.MaxRepetitionLevel() > 0 {
			return nil, fmt.Errorf("%q: %w", name, ErrNested)
		}
		scale, _ := scaleOf(of)
		c := &Column{}
		add := c.texter(of.Type().Kind(), scale)
		if number := numberOf(of.Type().Kind(), scale); number != nil && i < numbers {
			c.Numbers = make([]float64, 0, rows.NumRows())
			add = func(v *parquet.Value) { c.Numbers = append(c.Numbers, number(v)) }
		}
		if err := c.read(rows.ColumnChunks()[of.Index()], add); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		if n := c.len(); n != int(rows.NumRows()) {
			return nil, fmt.Errorf("%q: %d values in %d rows", name, n, rows.NumRows())
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func (c *Column) len() int { return max(len(c.Numbers), len(c.ends)) }

// read adds the values of a column.
func (c *Column) read(chunk parquet.ColumnChunk, add func(*parquet.Value)) error {
	pages := chunk.Pages()
	defer pages.Close()
	values := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r := page.Values()
		for err == nil {
			var n int
			n, err = r.ReadValues(values)
			for i := range values[:n] {
				c.null(values[i].IsNull())
				add(&values[i])
			}
		}
		parquet.Release(page)
		if err != io.EOF {
			return err
		}
	}
}

// null notes whether the next value is missing.
func (c *Column) null(null bool) {
	if null && c.Null == nil {
		c.Null = make([]bool, c.len())
	}
	if c.Null != nil {
		c.Null = append(c.Null, null)
	}
}

// numberOf returns the function that reads a number of a kind, or nil for a kind of texts.
func numberOf(k parquet.Kind, scale int) func(*parquet.Value) float64 {
	whole := func(v int64) float64 {
		if scale == 0 {
			return float64(v)
		}
		f, _ := strconv.ParseFloat(decimal(v, scale), 64)
		return f
	}
	number := func(v *parquet.Value) float64 { return v.Double() }
	switch k {
	case parquet.Boolean:
		number = func(v *parquet.Value) float64 {
			if v.Boolean() {
				return 1
			}
			return 0
		}
	case parquet.Int32:
		number = func(v *parquet.Value) float64 { return whole(int64(v.Int32())) }
	case parquet.Int64:
		number = func(v *parquet.Value) float64 { return whole(v.Int64()) }
	case parquet.Float:
		number = func(v *parquet.Value) float64 { return float64(v.Float()) }
	case parquet.Double:
	default:
		return nil
	}
	return func(v *parquet.Value) float64 {
		if v.IsNull() {
			return math.NaN()
		}
		return number(v)
	}
}

// texter returns the function that adds a value of a kind as text.
func (c *Column) texter(k parquet.Kind, scale int) func(*parquet.Value) {
	text := func(v *parquet.Value) { c.texts = append(c.texts, v.ByteArray()...) }
	float := func(v float64, bits int) { c.texts = appendFloat(c.texts, v, bits) }
	switch k {
	case parquet.Boolean:
		text = func(v *parquet.Value) { c.texts = strconv.AppendBool(c.texts, v.Boolean()) }
	case parquet.Int32:
		text = func(v *parquet.Value) { c.texts = append(c.texts, decimal(int64(v.Int32()), scale)...) }
	case parquet.Int64:
		text = func(v *parquet.Value) { c.texts = append(c.texts, decimal(v.Int64(), scale)...) }
	case parquet.Float:
		text = func(v *parquet.Value) { float(float64(v.Float()), 32) }
	case parquet.Double:
		text = func(v *parquet.Value) { float(v.Double(), 64) }
	}
	return func(v *parquet.Value) {
		if !v.IsNull() {
			text(v)
		}
		c.ends = append(c.ends, len(c.texts))
	}
}
