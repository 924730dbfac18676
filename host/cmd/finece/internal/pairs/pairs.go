// Package pairs reads (confidence, correct) pairs from JSON Lines or CSV.
//
// A line that cannot be used is left out and counted; its values are never guessed. There are
// two kinds. If a confidence is blank, NaN or outside [0,1], the line is rejected: a model was
// asked for a number and gave something else. If a line cannot be read, that is a fault of the
// file.
package pairs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/jsonscan"
)

// Columns name the values. Start from [DefaultColumns].
type Columns struct {
	Confidence, Correct string
	// Question is the key of the question that a line belongs to; "" for none. A file or
	// a line may lack it.
	Question string
	// More are further columns. A file or a line may lack them.
	More []string
	// Other is a column of other confidences of the same lines; "" for none. A line has to
	// have both.
	Other string
	// By are the columns whose values make the groups of the pairs. A file or a line may
	// lack them. In JSON Lines, "a.b" is also the key "b" of the object "a".
	By []string
	// Check says what is wrong with the further columns of a line, if there are any.
	// labelled is whether the line has a correctness.
	Check func(labelled bool, more []string) error
	// Left are the flags about lines that cannot be used.
	Left rejects.Flags
	// Unlabelled allows lines without a correctness.
	Unlabelled bool
	// Positions makes each position of a line of finece score a pair, instead of the line. In
	// More, positions have "id", "position" and "tokens". In By, they have "position", "kind"
	// and the keys of the line.
	Positions bool
	// Fused uses the fused confidences of positions instead of the raw ones.
	Fused bool

	keep    bool  // keep the texts of lines that cannot be used
	options bool  // the lines are samples of lm-evaluation-harness without a confidence
	size    int64 // bytes of the input's text; 0 if that is not known
}

// share returns how much of the input some bytes of its text are, or 0 if that is not known.
func (c *Columns) share(bytes int64) float64 {
	if c.size <= 0 {
		return 0
	}
	return float64(bytes) / float64(c.size)
}

// part returns empty pairs for a part of the input, which has so many bytes of text.
func (c *Columns) part(bytes int64) *Pairs {
	p, ok := spare.Get().(*Pairs)
	if !ok {
		p = &Pairs{}
	}
	p.keep, p.share = c.keep, c.share(bytes)
	return p
}

// spare has the memory of parts that were merged.
var spare sync.Pool

// free makes the memory of a part available for the next ones.
func (p *Pairs) free() {
	p.keys.clear()
	p.scan.Reset(nil)
	spare.Put(&Pairs{Confidence: p.Confidence[:0], Correct: p.Correct[:0], keys: p.keys, scan: p.scan})
}

// DefaultColumns returns the columns "confidence" and "correct".
func DefaultColumns() Columns {
	return Columns{Confidence: defaults.MeasureConfidence, Correct: defaults.MeasureCorrect}
}

// Place is a line of an input, or a row of Parquet.
type Place struct {
	File int // in Pairs.Files
	Line int // from 1
}

// Pairs is the content of one or more files.
type Pairs struct {
	Files []string // names of the files for messages; empty after Read
	unit  string   // the unit of the last file, see input.Input.Unit
	Notes []string // messages about columns that were chosen

	Confidence []float64 // each in [0,1]
	Correct    []bool
	Other      []float64 // of Columns.Other, each in [0,1]

	// With Columns.Question, the number of each pair's question, from 0, and the number of
	// questions. A pair without a question counts as a question of its own. Asked reports
	// whether any pair has a question; if not, Question is nil.
	Question  []int
	Questions int
	Asked     bool

	// With Columns.More, for each pair:
	Labelled []bool     // whether there is a correctness; if not, Correct is false
	At       []Place    // the place of the pair
	More     [][]string // the texts of Columns.More, "" for none

	// With Columns.By, the number of each pair's group, and the values of each group. There
	// are at most MaxGroups groups.
	Group  []uint32
	Groups [][]string

	Kinds position.Kind // the kinds of the positions, with Columns.Positions

	Rejected []Rejection // lines whose confidence is not a number in [0,1]
	Faults   []Rejection // lines that could not be read

	keys     texts // of the questions, until they are numbered
	grouping grouping
	frugal   bool // garbage is collected more often

	share float64          // of a part: how much of the input it is, or 0
	scan  jsonscan.Scanner // reads numbers

	where string // the end of a message: the file of the lines that cannot be used

	keep bool   // keep the texts of lines that cannot be used
	text []byte // the line that is read
	left []leftOut
}

// Rejection is lines that were left out for one reason.
type Rejection struct {
	Reason string
	Count  int
	At     []Place // the first few
}

// shown is the most places that a Rejection keeps.
const shown = 5

// in returns the rejection with the number of a file.
func (r Rejection) in(file int) Rejection {
	for i := range r.At {
		r.At[i].File = file
	}
	return r
}

// Describe returns a message about a rejection, with its first places.
func (p *Pairs) Describe(r Rejection) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d (", r.Reason, r.Count)
	several := len(p.Files) > 1
	if !several {
		b.WriteString(p.unit)
		if r.Count > 1 {
			b.WriteByte('s')
		}
		b.WriteByte(' ')
	}
	for i, at := range r.At {
		if i > 0 {
			b.WriteString(", ")
		}
		if several {
			fmt.Fprintf(&b, "%s:", p.Files[at.File])
		}
		fmt.Fprint(&b, at.Line)
	}
	if r.Count > len(r.At) {
		b.WriteString(", ...")
	}
	b.WriteByte(')')
	return b.String()
}

// Total returns the number of lines in a list of rejections.
func Total(list []Rejection) (n int) {
	for _, r := range list {
		n += r.Count
	}
	return n
}

// Read reads all of r: JSON Lines if it begins with "{", else CSV with a header. Tabs separate
// the fields if the header has tabs. An error is about the input as a whole.
func Read(r io.Reader, columns Columns) (*Pairs, error) {
	p := &Pairs{unit: "line"}
	return p, read(r, columns, p.merger(&columns, &rejects.List{}))
}

func read(r io.Reader, columns Columns, take func(*Pairs) error) error {
	if columns.Confidence == "" || columns.Correct == "" {
		return errors.New("the columns of the confidence and of the correctness have to be named")
	}
	b := bufio.NewReaderSize(r, 1<<20)
	switch first, err := firstByte(b); {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	case first == '{':
		if err := take(columns.guess(keysOf(b))); err != nil {
			return err
		}
		return readJSON(b, &columns, take)
	case first == '[':
		return fmt.Errorf("begins with [: want JSON Lines, one object per line, such as {\"confidence\": 0.8, \"correct\": true}")
	}
	return readCSV(b, &columns, take)
}

// firstByte returns the first byte that is not white space, without consuming it. It returns 0
// if that is not among the first 4 KiB.
func firstByte(b *bufio.Reader) (byte, error) {
	head, err := b.Peek(4 << 10)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) > 0 {
		return head[0], nil
	}
	return 0, err
}

// row has the values of a line as text, valid during one call.
type row struct {
	line                          int
	confidence, correct, question []byte
	other                         []byte
	by                            [][]byte
	more                          []string // valid after the call, too
}

// add takes the values of a line.
func (p *Pairs) add(c *Columns, r *row) {
	right, labelled := parseCorrect(r.correct)
	if !labelled && !(c.Unlabelled && len(r.correct) == 0) {
		p.fault(r.line, wrongCorrect(r.correct))
		return
	}
	p.confide(c, r, right, labelled)
}

const isBlank = "is blank"

func wrongCorrect(text []byte) string {
	return "correct is " + quote(string(text)) + ", want 0, 1, true or false"
}

// confide adds the values of a line, after the correctness was read.
func (p *Pairs) confide(c *Columns, r *row, right, labelled bool) {
	v, wrong := p.parseConfidence(r.confidence)
	if wrong != "" {
		p.reject(r.line, "confidence "+wrong)
		return
	}
	p.put(c, r, v, right, labelled)
}

// put adds the values of a line, after the confidence and the correctness were read.
func (p *Pairs) put(c *Columns, r *row, v float64, right, labelled bool) {
	if wrong := outside(v); wrong != "" {
		p.reject(r.line, "confidence "+wrong)
		return
	}
	if c.Check != nil {
		if err := c.Check(labelled, r.more); err != nil {
			p.fault(r.line, err.Error())
			return
		}
	}
	if c.Other != "" {
		other, wrong := p.parseConfidence(r.other)
		if wrong != "" {
			p.reject(r.line, quote(c.Other)+" "+wrong)
			return
		}
		p.Other = append(p.Other, other)
	}
	p.Confidence = append(p.Confidence, v)
	p.Correct = append(p.Correct, right)
	if c.Question != "" {
		p.keys.add(r.question)
	}
	if len(c.By) > 0 {
		p.Group = append(p.Group, p.grouping.number(r.by, &p.Groups))
	}
	if len(c.More) > 0 {
		p.Labelled, p.At, p.More = append(p.Labelled, labelled), append(p.At, Place{Line: r.line}), append(p.More, r.more)
	}
}

// parseConfidence returns a confidence in [0,1], or what is wrong with the text.
func (p *Pairs) parseConfidence(text []byte) (v float64, wrong string) {
	if len(text) == 0 {
		return 0, isBlank
	}
	if text[0]-'0' < 10 {
		p.scan.Reset(text)
		if v, ok := p.scan.Float(); ok && p.scan.Offset() == len(text) { // JSON's numbers; nearly always
			return v, outside(v)
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, "is not a number"
	}
	return v, outside(v)
}

// outside returns what is wrong with a number that is not in [0,1], or "".
func outside(v float64) string {
	switch {
	case math.IsNaN(v):
		return "is NaN"
	case v < 0:
		return "is below 0"
	case v > 1:
		return "is above 1"
	}
	return ""
}

func parseCorrect(s []byte) (right, ok bool) {
	if len(s) == 1 {
		return s[0] == '1', s[0] == '1' || s[0] == '0'
	}
	switch strings.ToLower(string(s)) {
	case "1.0", "true":
		return true, true
	case "0.0", "false":
		return false, true
	}
	return false, false
}

func (p *Pairs) reject(line int, reason string) {
	p.Rejected = count(p.Rejected, Place{Line: line}, reason)
	p.leave(line, reason)
}

func (p *Pairs) fault(line int, reason string) {
	p.Faults = count(p.Faults, Place{Line: line}, reason)
	p.leave(line, reason)
}

// leftOut is a line that could not be used.
type leftOut struct {
	line   int
	reason string
	text   []byte
}

func (p *Pairs) leave(line int, reason string) {
	if p.keep {
		p.left = append(p.left, leftOut{line, reason, slices.Clone(p.text[:min(len(p.text), rejects.MaxText+1)])})
	}
}

// reasons bounds the number of different reasons, because some reasons quote the input.
const reasons = 20

func count(list []Rejection, at Place, reason string) []Rejection {
	return counted(list, Rejection{reason, 1, []Place{at}})
}

// counted adds lines with a reason to a list.
func counted(list []Rejection, more Rejection) []Rejection {
	same := func(r Rejection) bool { return r.Reason == more.Reason }
	i := slices.IndexFunc(list, same)
	if i < 0 && len(list) >= reasons {
		more.Reason = "other faults"
		i = slices.IndexFunc(list, same)
	}
	if i < 0 {
		return append(list, more)
	}
	r := &list[i]
	r.Count += more.Count
	r.At = append(r.At, more.At[:min(len(more.At), shown-len(r.At))]...)
	return list
}

// quote returns untrusted text as one short line.
func quote(s string) string {
	const limit = 40
	if len(s) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.QuoteToASCII(s[:cut]) + "..."
	}
	return strconv.QuoteToASCII(s)
}
