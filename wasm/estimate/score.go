package estimate

import "github.com/finece/finece/wasm/jsonscan"

// maxNesting is how deep arrays of scores may be nested: a batch, a text's tokens, a token's
// classes. The core's stack is small, so deeper arrays are skipped without recursion.
const maxNesting = 3

// item reads a member of the first data item of Classify or Pooling.
func (r *reply) item(key []byte) {
	s := &r.scan
	if string(key) != "probs" && string(key) != "data" || s.Kind() != jsonscan.Array {
		s.Skip()
		return
	}
	r.rows(maxNesting)
}

// rows reads an array of numbers, or the last element of an array of such arrays.
func (r *reply) rows(nesting int) {
	s := &r.scan
	if !s.EnterArray() {
		return
	}
	r.scores = r.scores[:0]
	for s.NextElement() {
		if s.Kind() == jsonscan.Array && nesting > 1 {
			r.rows(nesting - 1)
			continue
		}
		r.scores = append(r.scores, r.number())
	}
}

// labels reads [{"label","score"}], or the first element of an array of such arrays. The score
// of Model.Label is put first.
func (r *reply) labels(nesting int) {
	s := &r.scan
	if !s.EnterArray() {
		return
	}
	for s.NextElement() {
		switch {
		case s.Kind() == jsonscan.Array && !r.found && nesting > 1:
			r.labels(nesting - 1)
		case s.Kind() == jsonscan.Object:
			r.label()
		default:
			s.Skip()
		}
	}
}

func (r *reply) label() {
	s := &r.scan
	var label []byte
	score, ok := 0.0, false
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "label":
			label, _ = s.Text()
		case "score":
			score, ok = s.Float()
		default:
			s.Skip()
		}
	}
	if !ok {
		return
	}
	r.found = true
	r.scores = append(r.scores, score)
	if !r.labeled && string(label) == r.model.Label {
		r.labeled = true
		last := len(r.scores) - 1
		r.scores[0], r.scores[last] = r.scores[last], r.scores[0]
	}
}
