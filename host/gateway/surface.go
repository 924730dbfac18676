package gateway

import (
	"slices"

	"github.com/finece/finece/wasm/jsonscan"
)

// surface is the grammar of one API of model servers: it reads a client's request, and
// writes what the gateway says in the form that the API's clients know. The answers
// themselves are read by the core.
type surface interface {
	// path is where the API is, in the spelling that [canonical] returns.
	path() string
	// member reads the value of a member of a request that the surfaces do not share, and
	// reports whether it knows the member.
	member(r *request, s *jsonscan.Scanner, key string) bool
	// ask makes the changes that a request needs so that its answer has log-probabilities,
	// with alternatives for entropy.
	ask(r *request, entropy bool, c *changes)
	// object is the type of a chunk, and id the identifier of an answer without one.
	object() string
	id() string
	// choice appends a choice of a chunk. text is a JSON string, or nil for none; finish is
	// the finish_reason, or "".
	choice(dst []byte, index int, text []byte, finish string) []byte
	// withheld appends a choice of a plain answer without its text.
	withheld(dst []byte, index int, finish string) []byte
	// textEnds returns where the text of each choice ends in a plain answer, before its
	// closing quote.
	textEnds(body []byte) map[int]int
}

// surfaces is every API whose answers are scored.
var surfaces = []surface{chat{}, completions{}}

// surfaceOf is the surface at a path, nil if there is none.
func surfaceOf(path string) surface {
	path = canonical(path)
	for _, s := range surfaces {
		if s.path() == path {
			return s
		}
	}
	return nil
}

// chosen returns a JSON array with some choices of a chunk. text is not yet JSON; nil is
// none.
func chosen(s surface, choices []int, text []byte, finish string) string {
	if text != nil {
		text = jsonscan.AppendString(nil, text)
	}
	all := []byte{'['}
	for i, choice := range choices {
		if i > 0 {
			all = append(all, ',')
		}
		all = s.choice(all, choice, text, finish)
	}
	return string(append(all, ']'))
}

// appendFinish appends a finish_reason and the end of its object.
func appendFinish(dst []byte, finish string) []byte {
	dst = append(dst, `,"finish_reason":`...)
	if finish == "" {
		dst = append(dst, "null"...)
	} else {
		dst = jsonscan.AppendString(dst, []byte(finish))
	}
	return append(dst, '}')
}

// changes are edits of a request's body, and members that are added to it.
type changes struct {
	edits   []edit
	members []byte
}

// set gives a member a value: instead of the one at a place of the body, or as a new
// member if at is zero.
func (c *changes) set(name, value string, at edit) {
	if at.to > 0 {
		c.edits = append(c.edits, edit{at.from, at.to, value})
		return
	}
	if len(c.members) > 0 {
		c.members = append(c.members, ',')
	}
	c.members = append(append(append(append(c.members, '"'), name...), `":`...), value...)
}

// apply returns a body with the changes. The closing brace of its object is at end.
func (c *changes) apply(body []byte, end int) []byte {
	slices.SortFunc(c.edits, func(x, y edit) int { return x.from - y.from })
	return appendEdited(nil, body, c.edits, end, c.members)
}

// eachChoice calls f for each choice of a plain answer, with the scanner at the value of
// each of its members. f reads that value.
func eachChoice(body []byte, f func(s *jsonscan.Scanner, key string), done func(index int)) {
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, "choices", func() {
		if !s.EnterArray() {
			return
		}
		for s.NextElement() {
			index := 0
			s.EnterObject()
			for s.NextKey() {
				if string(s.Key()) == "index" {
					n, _ := s.Int()
					index = int(n)
				} else {
					f(&s, string(s.Key()))
				}
			}
			done(index)
		}
	})
}

// each walks an object, and calls f where the member called name has its value.
func each(s *jsonscan.Scanner, name string, f func()) {
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) == name {
			f()
		} else {
			s.Skip()
		}
	}
}
