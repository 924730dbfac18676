package abi

import (
	"encoding/binary"

	"github.com/finece/finece/metrics"
)

// Evaluation is the answer of finece_evaluate. It has a row for each figure of
// metrics.Figures, and the bins of the reliability diagram. Without pairs there are no bins.
// Its bytes are two sections:
//
//	 0  u32  number of rows
//	 4  u32  size of all rows in bytes
//	 8  u32  number of bins
//	12  u32  size of each bin in bytes, 48
//	16  the rows, then the bins
//
// A row. An id and a name never change their meaning. Rows may come in any order. Skip
// those that you do not know:
//
//	 0  u32  size of the row in bytes, a multiple of 8
//	 4  u16  id
//	 6  u8   0, or the metrics.Undefined that says why the value is NaN
//	 7  u8   length of the name
//	 8  f64  value
//	16  name, zero-padded to a multiple of 8
//
// A bin:
//
//	 0  f64  lower edge; 8  f64  upper edge
//	16  u64  pairs; 24  u64  correct ones
//	32  f64  mean confidence; 40  f64  share of correct answers; both NaN in an empty bin
//
// Worked example. The pair (0.75, correct) in one bin has no AUROC. Here are the
// first row of its answer, the row of the AUROC, and the bin:
//
//	18 00 00 00  01 00 00 01  00 00 00 00  00 00 f0 3f   size 24, id 1, defined, a name of 1 byte, 1
//	6e 00 00 00  00 00 00 00                             "n"
//	18 00 00 00  06 00 02 05  01 00 00 00  00 00 f8 7f   size 24, id 6, one class, a name of 5 bytes, NaN
//	61 75 72 6f  63 00 00 00                             "auroc"
//	00 00 00 00  00 00 00 00  00 00 00 00  00 00 f0 3f   from 0 to 1
//	01 00 00 00  00 00 00 00  01 00 00 00  00 00 00 00   1 pair, 1 correct
//	00 00 00 00  00 00 e8 3f  00 00 00 00  00 00 f0 3f   mean confidence 0.75, accuracy 1
type Evaluation struct {
	Rows []Row
	Bins []metrics.Bin
}

// Row is one figure of an Evaluation.
type Row struct {
	ID    uint16
	Name  string
	Value float64           // NaN if Why is not 0
	Why   metrics.Undefined // why the figure is undefined for these pairs; 0 if it is defined
}

// Value returns the value of the figure with this name. ok is false if there is no row with
// this name.
func (e *Evaluation) Value(name string) (value float64, ok bool) {
	for i := range e.Rows {
		if e.Rows[i].Name == name {
			return e.Rows[i].Value, true
		}
	}
	return 0, false
}

const (
	evaluationHeader = 16
	rowHeader        = 16
	binSize          = 48
)

// Evaluate computes an Evaluation. The errors are those of [metrics.NewSample], and of a
// wrong b.
func Evaluate(conf []float64, correct []bool, b metrics.Binning) (e Evaluation, err error) {
	s, err := metrics.NewSample(conf, correct)
	if err != nil {
		return e, err
	}
	for i := range metrics.Figures {
		f := &metrics.Figures[i]
		row := Row{ID: f.ID, Name: f.Name}
		var why error
		if row.Value, why = f.Of(s, b); why != nil {
			undefined, ok := why.(metrics.Undefined)
			if !ok {
				return Evaluation{}, why
			}
			row.Why = undefined
		}
		e.Rows = append(e.Rows, row)
	}
	if s.N() > 0 {
		e.Bins, err = s.Reliability(b)
	}
	return e, err
}

// AppendEvaluation appends the bytes of an [Evaluation].
func AppendEvaluation(dst []byte, e *Evaluation) []byte {
	size := 0
	for i := range e.Rows {
		size += rowSize(e.Rows[i].Name)
	}
	dst = words(dst, uint32(len(e.Rows)), uint32(size), uint32(len(e.Bins)), binSize)
	for i := range e.Rows {
		r := &e.Rows[i]
		dst = words(dst, uint32(rowSize(r.Name)))
		dst = append(dst, byte(r.ID), byte(r.ID>>8), byte(r.Why), byte(len(r.Name)))
		dst = floats(dst, r.Value)
		dst = pad(append(dst, r.Name...), len(r.Name))
	}
	for i := range e.Bins {
		b := &e.Bins[i]
		dst = floats(dst, b.Low, b.High)
		dst = integers(dst, int64(b.Count), int64(b.Correct))
		dst = floats(dst, b.Confidence, b.Accuracy)
	}
	return dst
}

func rowSize(name string) int { return rowHeader + padded(len(name)) }

// ReadEvaluation reads the bytes that AppendEvaluation appends. The error is ErrEvaluation.
func ReadEvaluation(data []byte) (e Evaluation, err error) {
	if len(data) < evaluationHeader {
		return e, ErrEvaluation
	}
	word := func(at int) uint64 { return uint64(binary.LittleEndian.Uint32(data[at:])) }
	rows, size, bins, each := word(0), word(4), word(8), word(12)
	if each < binSize || evaluationHeader+size+bins*each != uint64(len(data)) {
		return e, ErrEvaluation
	}
	section := data[evaluationHeader : evaluationHeader+size]
	for range rows {
		var r Row
		if r, section, err = readRow(section); err != nil {
			return Evaluation{}, err
		}
		e.Rows = append(e.Rows, r)
	}
	for section = data[evaluationHeader+size:]; len(section) > 0; section = section[each:] {
		e.Bins = append(e.Bins, metrics.Bin{
			Low: float(section, 0), High: float(section, 8),
			Count: uint64(integer(section, 16)), Correct: uint64(integer(section, 24)),
			Confidence: float(section, 32), Accuracy: float(section, 40),
		})
	}
	return e, nil
}

// readRow reads the first row of a section and returns the rest of the section.
func readRow(section []byte) (r Row, rest []byte, err error) {
	if len(section) < rowHeader {
		return r, nil, ErrEvaluation
	}
	size, name := binary.LittleEndian.Uint32(section), int(section[7])
	if size%8 != 0 || uint64(size) > uint64(len(section)) || size < uint32(rowHeader+name) {
		return r, nil, ErrEvaluation
	}
	r.ID, r.Why, r.Value = binary.LittleEndian.Uint16(section[4:]), metrics.Undefined(section[6]), float(section, 8)
	r.Name = string(section[rowHeader : rowHeader+name])
	return r, section[size:], nil
}

// EvaluationSize returns the maximum size, in bytes, of finece_evaluate's answer to an input.
func EvaluationSize(input []byte) int {
	var bins uint32
	if len(input) >= 8 {
		bins = binary.LittleEndian.Uint32(input[4:])
	}
	size := evaluationHeader + binSize*int(min(bins, metrics.MaxBins)+1)
	for i := range metrics.Figures {
		size += rowSize(metrics.Figures[i].Name)
	}
	return size
}
