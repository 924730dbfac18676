// Package pairs reads (confidence, correct) pairs from JSON Lines or CSV.
//
// A line that cannot be used is left out and counted, never guessed. There are two
// kinds. A value that is blank, NaN or outside [0,1] is rejected: a model was asked
// for a number and gave something else. A line that cannot be read is a fault of
// the file.
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
	"unicode/utf8"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/defaults"
)

// Columns name the values. Start from [DefaultColumns].
type Columns struct {
	Confidence, Correct string
	// Question is the key of the question that a line belongs to; "" for none. A file or
	// a line may lack it.
	Question string
	// More are further columns. A file or a line may lack them.
	More []string
	// Unlabelled allows lines without a correctness.
	Unlabelled bool
	// Positions takes the positions of the answer in a line of finece score, a pair
	// each, instead of the line. Of More, they have "id", "position" and "tokens".
	Positions bool
}

// DefaultColumns is the columns "confidence" and "correct".
func DefaultColumns() Columns {
	return Columns{Confidence: defaults.MeasureConfidence, Correct: defaults.MeasureCorrect}
}

// Pairs is the content of a file.
type Pairs struct {
	Confidence []float64 // each in [0,1]
	Correct    []bool

	// With Columns.Question, the number of each pair's question, from 0, and how many
	// there are. A pair without one has a question of its own. Asked is whether any pair
	// has one.
	Question  []int
	Questions int
	Asked     bool

	// With Columns.More, for each pair:
	Labelled []bool     // whether there is a correctness; if not, Correct is false
	Line     []int      // its number in the file, from 1
	More     [][]string // the texts of Columns.More, "" for none

	Kinds position.Kind // of the positions that Columns.Positions has taken

	Rejected []Rejection // lines whose confidence is not a number in [0,1]
	Faults   []Rejection // lines that could not be read

	keys texts // of the questions, until they are numbered
}

// Rejection is lines that were left out for one reason.
type Rejection struct {
	Reason string
	Count  int
	Lines  []int // the first few, from 1
}

// shown is how many line numbers a Rejection keeps.
const shown = 5

func (r Rejection) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d (line", r.Reason, r.Count)
	if r.Count > 1 {
		b.WriteByte('s')
	}
	for i, line := range r.Lines {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %d", line)
	}
	if r.Count > len(r.Lines) {
		b.WriteString(", ...")
	}
	b.WriteByte(')')
	return b.String()
}

// Total is how many lines a list of rejections stands for.
func Total(list []Rejection) (n int) {
	for _, r := range list {
		n += r.Count
	}
	return n
}

// Read reads all of r. If it begins with "{" it is JSON Lines, otherwise CSV with a
// header. Tabs separate the fields if the header has tabs. An error is about the input
// as a whole.
func Read(r io.Reader, columns Columns) (*Pairs, error) {
	if columns.Confidence == "" || columns.Correct == "" {
		return nil, errors.New("the columns of the confidence and of the correctness have to be named")
	}
	b := bufio.NewReaderSize(r, 64<<10)
	p := &Pairs{}
	switch first, err := firstByte(b); {
	case err == io.EOF:
		return p, nil
	case err != nil:
		return nil, err
	case first == '{':
		return p, readJSON(b, &columns, p.merger())
	case first == '[':
		return nil, fmt.Errorf("begins with [: want JSON Lines, one object a line, such as {\"confidence\": 0.8, \"correct\": true}")
	}
	return p, readCSV(b, &columns, p.merger())
}

// firstByte is the first byte that is not white space, which stays in b; 0 if it
// is not among the first 4 KiB.
func firstByte(b *bufio.Reader) (byte, error) {
	head, err := b.Peek(4 << 10)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) > 0 {
		return head[0], nil
	}
	return 0, err
}

// row is the values of a line as text, valid during one call.
type row struct {
	line                          int
	confidence, correct, question []byte
	more                          []string // kept
}

// add takes the values of a line.
func (p *Pairs) add(c *Columns, r *row) {
	right, labelled := parseCorrect(r.correct)
	if !labelled && !(c.Unlabelled && len(r.correct) == 0) {
		p.fault(r.line, "correct is "+quote(string(r.correct))+", want 0, 1, true or false")
		return
	}
	if len(r.confidence) == 0 {
		p.reject(r.line, "confidence is blank")
		return
	}
	v, err := strconv.ParseFloat(string(r.confidence), 64)
	switch {
	case err != nil && !math.IsInf(v, 0):
		p.reject(r.line, "confidence is not a number")
	case math.IsNaN(v):
		p.reject(r.line, "confidence is NaN")
	case v < 0:
		p.reject(r.line, "confidence is below 0")
	case v > 1:
		p.reject(r.line, "confidence is above 1")
	default:
		p.Confidence = append(p.Confidence, v)
		p.Correct = append(p.Correct, right)
		if c.Question != "" {
			p.keys.add(r.question)
		}
		if len(c.More) > 0 {
			p.Labelled, p.Line, p.More = append(p.Labelled, labelled), append(p.Line, r.line), append(p.More, r.more)
		}
	}
}

func parseCorrect(s []byte) (right, ok bool) {
	switch strings.ToLower(string(s)) {
	case "1", "1.0", "true":
		return true, true
	case "0", "0.0", "false":
		return false, true
	}
	return false, false
}

// Fault adds a line to p.Faults.
func (p *Pairs) Fault(line int, reason string) { p.fault(line, reason) }

func (p *Pairs) reject(line int, reason string) { p.Rejected = count(p.Rejected, line, reason) }
func (p *Pairs) fault(line int, reason string)  { p.Faults = count(p.Faults, line, reason) }

// reasons bounds the number of different reasons, because some quote the input.
const reasons = 20

func count(list []Rejection, line int, reason string) []Rejection {
	return counted(list, Rejection{reason, 1, []int{line}})
}

// counted adds more lines of one reason.
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
	r.Lines = append(r.Lines, more.Lines[:min(len(more.Lines), shown-len(r.Lines))]...)
	return list
}

// quote shows untrusted text in one short line.
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
