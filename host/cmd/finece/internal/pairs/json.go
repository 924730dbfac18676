package pairs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/finece/finece/host/batch"
	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
)

func readJSON(r io.Reader, columns *Columns, take func(*Pairs) error) error {
	return batch.Lines(r, 1, func(b *batch.Block) *Pairs {
		p := columns.part(int64(len(b.Text)))
		if b.Long {
			p.text = b.Text
			p.fault(b.Line, tooLong)
			return p
		}
		w := newWalk(columns)
		b.Each(func(line []byte, number int) {
			p.text = line
			if line = bytes.TrimSpace(line); len(line) > batch.MaxLine {
				p.fault(number, tooLong)
			} else if len(line) > 0 && !w.alike(p, number, line) && !w.line(p, number, line) {
				p.jsonLine(number, line, columns)
			}
		})
		return p
	}, take)
}

var tooLong = lines.Reason(&lines.TooLongError{Max: batch.MaxLine})

// walk reads usual lines fast. It leaves unusual lines to jsonLine, which reads every line and
// says what is wrong.
type walk struct {
	columns *Columns
	scan    jsonscan.Scanner
	names   []string
	values  [][]byte // by name, nil for a key that is absent
	by      []int    // indices in names of the names in Columns.By
	groups  [][]byte // their values
	form    form     // of the last line that was read member by member
}

func newWalk(c *Columns) *walk {
	w := &walk{columns: c, names: []string{c.Confidence, c.Correct, c.Question, c.Other}}
	for _, name := range c.By {
		at := slices.Index(w.names, name)
		if at < 0 {
			at = len(w.names)
			w.names = append(w.names, name)
		}
		w.by = append(w.by, at)
	}
	w.values = make([][]byte, len(w.names))
	return w
}

// line adds a line to p, or reports false and adds nothing.
func (w *walk) line(p *Pairs, number int, line []byte) bool {
	if w.columns.Positions || len(w.columns.More) > 0 {
		return false
	}
	clear(w.values)
	s := &w.scan
	s.Reset(line)
	if !s.EnterObject() {
		return false
	}
	w.form.begin(len(w.values))
	for s.NextKey() {
		at := w.place(s.Key())
		value := s.Raw()
		w.form.add(s.Offset(), value, at)
		if at >= 0 {
			w.values[at] = value
		}
	}
	if !s.End() {
		w.form.usual = false
		return false
	}
	w.form.end(line)
	r, ok := w.row(number)
	if ok {
		p.add(w.columns, &r)
	}
	return ok
}

// row returns the values of a line, or false for an unusual line.
func (w *walk) row(number int) (row, bool) {
	r := row{line: number, confidence: w.values[0], correct: w.values[1]}
	if w.columns.Question != "" {
		r.question = plain(w.values[2])
	}
	if w.columns.Other != "" {
		r.other = w.values[3]
	}
	if !bare(r.confidence) || !bare(r.correct) || w.columns.Other != "" && !bare(r.other) {
		return r, false
	}
	w.groups = w.groups[:0]
	for i, at := range w.by {
		value := w.values[at]
		if value == nil && strings.Contains(w.columns.By[i], ".") {
			return r, false
		}
		w.groups = append(w.groups, plain(value))
	}
	r.by = w.groups
	return r, true
}

// place returns the index for the value of a key, or -1.
func (w *walk) place(key []byte) int {
	for i, name := range w.names {
		if string(key) == name {
			return i
		}
	}
	return -1
}

// bare reports whether a value is present and is neither a text nor null.
func bare(value []byte) bool { return len(value) > 0 && value[0] != '"' && value[0] != 'n' }

// notJSON finds values that Python writes but JSON does not allow.
var notJSON = regexp.MustCompile(`:\s*(NaN|-?Infinity)\b`)

func (p *Pairs) jsonLine(n int, line []byte, columns *Columns) {
	var object map[string]json.RawMessage
	err := json.Unmarshal(line, &object)
	if err != nil && notJSON.Match(line) {
		err = json.Unmarshal(notJSON.ReplaceAll(line, []byte(`:"$1"`)), &object)
	}
	if err != nil {
		p.fault(n, "not a JSON object: "+problem(err))
		return
	}
	if columns.Positions {
		p.positions(n, object, columns)
		return
	}
	if columns.options {
		if v := answers.OptionConfidence(line); !math.IsNaN(v) {
			object[columns.Confidence] = strconv.AppendFloat(nil, v, 'g', -1, 64)
		}
	}
	for _, name := range []string{columns.Confidence, columns.Correct, columns.Other} {
		if _, ok := object[name]; !ok && name != "" && !(columns.Unlabelled && name == columns.Correct) {
			p.fault(n, "no key "+quote(name))
			return
		}
	}
	r := row{line: n, confidence: confidence(object[columns.Confidence]), correct: object[columns.Correct],
		question: plain(object[columns.Question]), other: confidence(object[columns.Other])}
	if columns.Unlabelled && string(r.correct) == "null" {
		r.correct = nil
	}
	for _, name := range columns.More {
		r.more = append(r.more, string(plain(object[name])))
	}
	for _, name := range columns.By {
		r.by = append(r.by, plain(member(object, name)))
	}
	p.add(columns, &r)
}

// confidence returns the value of a confidence, as it would be in a CSV file.
func confidence(value json.RawMessage) []byte {
	switch string(value) {
	case "null", `""`:
		return nil
	case `"NaN"`, `"Infinity"`, `"-Infinity"`:
		return value[1 : len(value)-1]
	}
	return value
}

// member returns the value of a key. For a name such as "a.b" that is not a key, it returns the
// value of the key "b" of the object "a". It returns nil if there is none.
func member(object map[string]json.RawMessage, name string) json.RawMessage {
	value, found := object[name]
	head, rest, dotted := strings.Cut(name, ".")
	if found || !dotted {
		return value
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(object[head], &inner) != nil {
		return nil
	}
	return member(inner, rest)
}

// positions adds the positions of the answer in a line of finece score. A map is applied to
// their raw confidences; people are shown the fused ones.
func (p *Pairs) positions(n int, object map[string]json.RawMessage, columns *Columns) {
	var scored struct{ Positions []*record.Confidence }
	if err := json.Unmarshal(object["finece"], &scored); err != nil || scored.Positions == nil {
		p.fault(n, "no positions: want a line of finece score")
		return
	}
	id := string(plain(object["id"]))
	if id == "" {
		id = "line " + strconv.Itoa(n) // the positions of an answer stay together
	}
	for _, c := range scored.Positions {
		if !c.HasValue() || c.Segment != position.Answer {
			continue
		}
		p.Kinds |= c.Kinds
		at := map[string]string{"id": id, "position": strconv.Itoa(c.Index), "tokens": strconv.FormatInt(c.Token, 10)}
		if c.Kinds&position.End != 0 {
			at["position"] = "z"
		}
		value := c.Raw
		if columns.Fused {
			value = c.Fused
		}
		r := row{line: n, confidence: strconv.AppendFloat(nil, value, 'g', -1, 64), correct: object[columns.Correct], question: []byte(id)}
		for _, name := range columns.More {
			r.more = append(r.more, at[name])
		}
		for _, name := range columns.By {
			switch name {
			case "position":
				r.by = append(r.by, []byte(at[name]))
			case "kind":
				r.by = append(r.by, []byte(c.Kinds.String()))
			default:
				r.by = append(r.by, plain(member(object, name)))
			}
		}
		p.add(columns, &r)
	}
}

// plain returns a JSON value as it would be in a CSV file: a string without its quotes, and ""
// for null.
func plain(value []byte) []byte {
	if len(value) == 0 || string(value) == "null" {
		return nil
	}
	if value[0] != '"' {
		return value
	}
	if text := value[1 : len(value)-1]; bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return text
	}
	var text string
	_ = json.Unmarshal(value, &text) // it is a text, or the line would not have been read
	return []byte(text)
}

// problem describes an error of encoding/json without the content of the line.
func problem(err error) string {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return "it is a JSON " + wrong.Value
	case errors.As(err, &syntax):
		return syntax.Error()
	}
	return err.Error()
}
