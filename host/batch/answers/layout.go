package answers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/finece/finece/host/batch/columns"
	"github.com/finece/finece/host/batch/members"
)

// shape is how a line holds an answer.
type shape uint8

const (
	plain   shape = iota
	batched       // a line of a batch's output: OpenAI, vLLM, Anthropic
	sampled       // a line of lm-evaluation-harness's samples
)

// Layout says where the values of an answer are in the lines of a file.
type Layout struct {
	shape shape
	names [fields]string
}

// The keys that grade reads besides those of a [Reader].
const (
	keyGold = keys + iota
	keyChoices
	fields
)

var fieldNames = [fields]string{"id", "question", "answer", "logprobs", "model", "gold", "choices"}

// Usual is the layout of lines that have the usual keys.
func Usual() *Layout { return &Layout{names: fieldNames} }

// guesses are other names of the fields.
var guesses = [fields][]string{
	keyID: columns.ID, keyQuestion: columns.Question, keyAnswer: columns.Answer, keyLogprobs: columns.Logprobs, keyGold: columns.Gold,
}

// Named is a layout in which pairs such as "answer=response" give other names.
func Named(pairs []string) (*Layout, error) {
	l := Usual()
	for _, pair := range pairs {
		field, name, ok := strings.Cut(pair, "=")
		at := slices.Index(fieldNames[:], field)
		if !ok || at < 0 || name == "" {
			return nil, fmt.Errorf("%q: want NAME=KEY with one of the names %s", pair, strings.Join(fieldNames[:], ", "))
		}
		l.names[at] = name
	}
	return l, nil
}

// Of is the layout of a file that has a line. Where the line lacks a usual name, known
// others are tried. said is what it says about that. It is nil for a line that is no JSON
// object, which says nothing about the others.
func (l *Layout) Of(line []byte) (_ *Layout, said []string) {
	of := *l
	have := members.Keys(line)
	if have == nil {
		return nil, nil
	}
	has := func(key string) bool { return slices.Contains(have, key) }
	switch of.shape = shapeOf(has); of.shape {
	case batched:
		return &of, []string{"the answers are taken from the responses of a batch"}
	case sampled:
		return &of, []string{"the answers are taken from samples of lm-evaluation-harness"}
	}
	for at, others := range guesses {
		name := of.names[at]
		if name != fieldNames[at] || has(name) {
			continue
		}
		found := columns.Find(have, name, others)
		if found == "" || slices.Contains(of.names[:], found) {
			continue
		}
		of.names[at] = found
		said = append(said, fmt.Sprintf("the %s is taken from %q", name, found))
	}
	return &of, said
}

// shapeOf is the shape of lines with some keys.
func shapeOf(has func(key string) bool) shape {
	switch {
	case has("custom_id") && (has("response") || has("result")):
		return batched
	case has("doc_id") && has("resps"):
		return sampled
	}
	return plain
}

// Holds reports whether a line is one of answers for certain, and no recorded response of
// a provider, which may have a key that is otherwise one of an answer, but not one of a
// question as well.
func (l *Layout) Holds(line []byte) bool {
	var o map[string]json.RawMessage
	_ = json.Unmarshal(line, &o)
	has := func(key string) bool { _, ok := o[key]; return ok }
	found := func(at int) bool { return columns.Find(slices.Collect(maps.Keys(o)), l.names[at], guesses[at]) != "" }
	return has(l.names[keyAnswer]) || has(l.names[keyQuestion]) || shapeOf(has) != plain || found(keyAnswer) && found(keyQuestion)
}

// renamed is a line whose fields have the usual names, and nothing else.
func (l *Layout) renamed(line []byte) []byte {
	out := []byte{'{'}
	for at, value := range members.Get(line, l.names[:]...) {
		if value == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(fmt.Appendf(out, "%q:", fieldNames[at]), value...)
	}
	return append(out, '}')
}

// Graded is what grade reads of a line.
type Graded struct {
	Answer  *string         `json:"answer"`
	Gold    json.RawMessage `json:"gold"`
	Choices []string        `json:"choices"`
}

// Graded reads what grade needs.
func (l *Layout) Graded(line []byte) (g Graded, err error) {
	if l.names != fieldNames || l.shape != plain {
		var text string
		switch l.shape {
		case batched:
			text, err = said(line)
		case sampled:
			var s sample
			if s, err = sampleOf(line); err == nil {
				text, err = s.text()
				g.Gold = s.gold()
			}
		default:
			if !json.Valid(line) {
				break // below is the error
			}
			line = l.renamed(line)
		}
		if err != nil || l.shape != plain {
			g.Answer = &text
			if g.Gold == nil {
				g.Gold = members.Get(line, l.names[keyGold])[0]
			}
			return g, err
		}
	}
	if err := json.Unmarshal(line, &g); err != nil {
		return g, fmt.Errorf("want a JSON object with \"answer\" and \"gold\": %w", err)
	}
	return g, nil
}

// parse reads one line as a [Reader] does.
func (l *Layout) parse(line []byte, number int) (*Answer, error) {
	if l.names != fieldNames && json.Valid(line) && bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		line = l.renamed(line)
	}
	return Parse(line, number)
}
