package pairs

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/position"
)

// Asked is the columns in a form for another process, which reads a part of the input.
type Asked struct {
	Confidence, Correct, Question, Other string
	By                                   []string
	Positions, Fused, Keep               bool
}

// Asked returns the columns for a process that reads a part. Keep is set if the run keeps the
// texts of lines that cannot be used.
func (c *Columns) Asked() Asked {
	return Asked{c.Confidence, c.Correct, c.Question, c.Other, c.By, c.Positions, c.Fused, c.Left.Keeps()}
}

func (a *Asked) columns() Columns {
	return Columns{Confidence: a.Confidence, Correct: a.Correct, Question: a.Question, Other: a.Other, By: a.By,
		Positions: a.Positions, Fused: a.Fused, keep: a.Keep}
}

// Part is the pairs of a part of a file, so that several processes can read one file.
type Part struct {
	Lines int    // how many lines the part has
	Unit  string // the name of a line in messages
	Read  []piece
}

// piece is the content of some Pairs, to be added up.
type piece struct {
	Notes            []string
	Confidence       []float64
	Correct          []bool
	Other            []float64
	Blanks           int    // rows without a question, before the first one with one
	Keys             []byte // of the questions of the others
	Ends             []int
	Group            []uint32
	Groups           [][]string
	Kinds            uint64
	Rejected, Faults []Rejection
	Left             []left
}

// left is a line that could not be used.
type left struct {
	Line   int
	Reason string
	Text   []byte
}

func (p *Part) take(read *Pairs) error {
	of := piece{
		Notes: read.Notes, Confidence: read.Confidence, Correct: read.Correct, Other: read.Other, Blanks: read.keys.blanks, Keys: read.keys.bytes, Ends: read.keys.ends,
		Group: read.Group, Groups: read.Groups, Kinds: uint64(read.Kinds), Rejected: read.Rejected, Faults: read.Faults,
	}
	for _, l := range read.left {
		of.Left = append(of.Left, left{l.line, l.reason, l.text})
	}
	p.Read = append(p.Read, of)
	return nil
}

func (of *piece) pairs(file, before int) *Pairs {
	p := &Pairs{
		Notes: of.Notes, Confidence: of.Confidence, Correct: of.Correct, Other: of.Other, keys: texts{of.Blanks, of.Keys, of.Ends},
		Group: of.Group, Groups: of.Groups, Kinds: position.Kind(of.Kinds), Rejected: of.Rejected, Faults: of.Faults,
	}
	for _, list := range [][]Rejection{p.Rejected, p.Faults} {
		for i := range list {
			for k := range list[i].At {
				list[i].At[k] = Place{file, before + list[i].At[k].Line}
			}
		}
	}
	for _, l := range of.Left {
		p.left = append(p.left, leftOut{before + l.Line, l.Reason, l.Text})
	}
	return p
}

// ReadWhole reads a file.
func (a *Asked) ReadWhole(in *input.Input) (*Part, error) {
	p := &Part{Unit: in.Unit()}
	return p, whole(in, &terminal.Progress{}, a.columns(), p.take)
}

// ReadGroups reads the row groups from from to before to of Parquet.
func (a *Asked) ReadGroups(in *input.Input, from, to int) (*Part, error) {
	p := &Part{Unit: in.Unit()}
	f, err := parquetfile.Open(in.Table)
	if err != nil {
		return nil, named(in, err)
	}
	p.Lines = f.RowsOf(from, to)
	take := p.take
	if from > 0 { // only the first part reports which columns were chosen
		take = func(read *Pairs) error {
			read.Notes = nil
			return p.take(read)
		}
	}
	c := a.columns()
	if !c.Positions {
		return p, named(in, readGroups(f, from, to, c, take, func() {}))
	}
	if err := parquetfile.Cut(in, from, to); err != nil {
		return nil, named(in, err)
	}
	return p, named(in, read(in, c, take))
}

// ReadLines reads whole lines of a JSON Lines file. first is the beginning of the file, or nil
// if the lines are its first ones.
func (a *Asked) ReadLines(r io.Reader, first []byte) (*Part, error) {
	p := &Part{Unit: "line"}
	c := a.columns()
	n := &newlines{Reader: r}
	if first == nil {
		return p, errors.Join(read(n, c, p.take), p.count(n))
	}
	c.guess(keysOf(bufio.NewReaderSize(bytes.NewReader(first), len(first)+16)))
	return p, errors.Join(readJSON(n, &c, p.take), p.count(n))
}

func (p *Part) count(n *newlines) error {
	p.Lines = n.count
	return nil
}

// newlines counts the lines that end.
type newlines struct {
	io.Reader
	count int
}

func (n *newlines) Read(b []byte) (int, error) {
	read, err := n.Reader.Read(b)
	n.count += bytes.Count(b[:read], []byte("\n"))
	return read, err
}

// Accumulate moves the pairs to an accumulator. The counts of lines that could not be used stay
// in p.
func (p *Part) Accumulate(a *metrics.Accumulator) {
	for i := range p.Read {
		of := &p.Read[i]
		for k, v := range of.Confidence {
			a.Add(v, of.Correct[k])
		}
		p.Read[i] = piece{Notes: of.Notes, Rejected: of.Rejected, Faults: of.Faults, Left: of.Left}
	}
}

// Encode returns the part as bytes.
func (p *Part) Encode() ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(p)
	return b.Bytes(), err
}

// Collect adds up the parts of some files. next returns the next part as bytes, with the number
// of its file, and io.EOF at the end. The parts of a file come in a row.
func Collect(cmd *cobra.Command, files []string, columns Columns, next func() (file int, part []byte, err error)) (*Pairs, error) {
	list, err := columns.Left.Open("")
	if err != nil {
		return nil, err
	}
	p := &Pairs{}
	take := p.merger(&columns, list)
	before := 0
	for err == nil {
		var part Part
		var data []byte
		var file int
		if file, data, err = next(); err != nil {
			break
		}
		if err = gob.NewDecoder(bytes.NewReader(data)).Decode(&part); err != nil {
			break
		}
		for len(p.Files) <= file {
			p.Files = append(p.Files, files[len(p.Files)])
			before = 0
		}
		p.unit = part.Unit
		for i := range part.Read {
			if err = take(part.Read[i].pairs(file, before)); err != nil {
				break
			}
		}
		before += part.Lines
	}
	if err == io.EOF {
		err = nil
	}
	p.where = list.Said()
	return p, errors.Join(err, list.Close())
}
