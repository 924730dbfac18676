package estimate

import (
	"math"

	"github.com/finece/finece/wasm/jsonscan"
)

// choice reads a member of the first choice of Chat or Completions.
func (r *reply) choice(key []byte) {
	s := &r.scan
	switch string(key) {
	case "message":
		if !s.EnterObject() {
			return
		}
		for s.NextKey() {
			switch string(s.Key()) {
			case "content":
				r.content()
			case "refusal":
				r.refusal, _ = s.Text()
			default: // reasoning_content and reasoning, too
				s.Skip()
			}
		}
	case "text":
		r.text, _ = s.Text()
	case "finish_reason":
		r.finish, _ = s.Text()
	case "logprobs":
		r.logprobs()
	default:
		s.Skip()
	}
}

// content reads a message's text: a string, or an array of parts, of which only the text parts
// count.
func (r *reply) content() {
	s := &r.scan
	if s.Kind() != jsonscan.Array {
		r.text, _ = s.Text()
		return
	}
	var joined []byte
	s.EnterArray()
	for s.NextElement() {
		if !s.EnterObject() {
			continue
		}
		for s.NextKey() {
			if string(s.Key()) != "text" {
				s.Skip()
			} else if text, ok := s.Text(); ok {
				joined = append(joined, text...)
			}
		}
	}
	r.text = joined
}

// logprobs reads both shapes: Chat's content, and the parallel arrays of
// Completions.
func (r *reply) logprobs() {
	s := &r.scan
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		switch string(s.Key()) {
		case "content":
			r.each(r.place)
		case "tokens":
			r.each(func(t *token) { t.text, _ = s.Text() })
		case "token_logprobs":
			r.each(func(t *token) { t.logprob = r.number() })
		case "top_logprobs":
			r.each(r.alternatives)
		default:
			s.Skip()
		}
	}
}

// each reads an array that has an element for each token.
func (r *reply) each(read func(*token)) {
	s := &r.scan
	if !s.EnterArray() {
		return
	}
	for i := 0; s.NextElement(); i++ {
		if i == len(r.tokens) {
			r.tokens = append(r.tokens, token{candidate: candidate{logprob: math.NaN()}})
		}
		read(&r.tokens[i])
	}
}

// place reads {"token","logprob","top_logprobs":[{"token","logprob"}]}.
func (r *reply) place(t *token) {
	s := &r.scan
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) == "top_logprobs" {
			r.alternatives(t)
		} else {
			r.candidate(&t.candidate, s.Key())
		}
	}
}

// alternatives reads the alternatives to a token: an array of objects or, in Completions, an
// object of numbers.
func (r *reply) alternatives(t *token) {
	s := &r.scan
	t.first = len(r.candidates)
	if s.Kind() == jsonscan.Array {
		s.EnterArray()
		for s.NextElement() {
			c := candidate{logprob: math.NaN()}
			if s.EnterObject() {
				for s.NextKey() {
					r.candidate(&c, s.Key())
				}
			}
			r.candidates = append(r.candidates, c)
		}
	} else if s.EnterObject() {
		for s.NextKey() {
			text := s.Key()
			r.candidates = append(r.candidates, candidate{text, r.number()})
		}
	}
	t.last = len(r.candidates)
}

// candidate reads a member of {"token","logprob"}.
func (r *reply) candidate(c *candidate, key []byte) {
	switch string(key) {
	case "token":
		c.text, _ = r.scan.Text()
	case "logprob":
		c.logprob = r.number()
	default:
		r.scan.Skip()
	}
}

// number reads a number, NaN if there is none.
func (r *reply) number() float64 {
	v, ok := r.scan.Float()
	if !ok {
		return math.NaN()
	}
	return v
}
