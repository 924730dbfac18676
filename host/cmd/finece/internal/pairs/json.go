package pairs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

func (p *Pairs) readJSON(r io.Reader, columns *Columns) error {
	in := lines.New(r, lines.MaxLine)
	for {
		line, err := in.Next()
		var long *lines.TooLongError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &long):
			p.fault(long.Line, fmt.Sprintf("longer than %d bytes", long.Max))
			continue
		case err != nil:
			return fmt.Errorf("after line %d: %w", in.Line(), err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			p.jsonLine(in.Line(), line, columns)
		}
	}
}

// notJSON are the values that Python writes and JSON does not have.
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
	for _, name := range []string{columns.Confidence, columns.Correct} {
		if _, ok := object[name]; !ok && !(columns.Unlabelled && name == columns.Correct) {
			p.fault(n, "no key "+quote(name))
			return
		}
	}
	confidence := string(object[columns.Confidence])
	switch confidence {
	case "null", `""`:
		confidence = ""
	case `"NaN"`, `"Infinity"`, `"-Infinity"`:
		confidence = confidence[1 : len(confidence)-1]
	}
	correct := object[columns.Correct]
	if columns.Unlabelled && string(correct) == "null" {
		correct = nil
	}
	var more []string
	for _, name := range columns.More {
		more = append(more, plain(object[name]))
	}
	p.add(n, columns, confidence, string(correct), more)
}

// positions takes the positions of the answer in a line of finece score. Their raw
// confidences are what a map is applied to.
func (p *Pairs) positions(n int, object map[string]json.RawMessage, columns *Columns) {
	var scored struct{ Positions []*record.Confidence }
	if err := json.Unmarshal(object["finece"], &scored); err != nil || scored.Positions == nil {
		p.fault(n, "no positions: want a line of finece score")
		return
	}
	id := plain(object["id"])
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
		var more []string
		for _, name := range columns.More {
			more = append(more, at[name])
		}
		p.add(n, columns, strconv.FormatFloat(c.Raw, 'g', -1, 64), string(object[columns.Correct]), more)
	}
}

// plain is a JSON value as it would be in a CSV file: a string without its quotes,
// and "" for null.
func plain(value json.RawMessage) string {
	var text string
	if string(value) == "null" {
		return ""
	}
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
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
