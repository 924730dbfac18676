package stream

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// replicate reads an event of Replicate's stream, or a whole prediction. The data of an output
// event are the text itself.
func (r *reader) replicate() {
	s := &r.scanner
	if r.words != nil {
		s.Reset(nil)
		r.known = true
		e := r.begin()
		r.addWords(position.Answer, r.words)
		r.end(e)
		return
	}
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	r.known = r.ends
	r.done, e.finished = r.ends, r.ends
	for {
		switch s.NextField(keys) {
		case -1:
			r.end(e)
			return
		case kReason, kStatus: // the status of a prediction
			word, _ := s.Text()
			switch {
			case is(word, "succeeded"):
				e.finished, e.reason = true, Stop
			case is(word, "canceled"):
				e.finished, e.reason = true, Cancelled
			case is(word, "error"), is(word, "failed"):
				e.finished, e.reason = true, Failed
			}
		case kOutput:
			r.known = true
			r.replicateOutput()
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

// replicateOutput reads the output of a prediction: a string, or an array of them.
//
//go:noinline
func (r *reader) replicateOutput() {
	s := &r.scanner
	if text, ok := r.textOrArray(); ok {
		r.add(position.Answer, text)
		return
	}
	for s.NextElement() {
		text, _ := s.Text()
		r.add(position.Answer, text)
	}
}

// addWords adds text that is not in JSON. Bytes that are not UTF-8 become U+FFFD.
//
//go:noinline
func (r *reader) addWords(segment position.Segment, text []byte) {
	start, i := 0, 0
	for i < len(text) {
		if text[i] < 0x80 {
			i++
			continue
		}
		n := jsonscan.Sequence(text[i:])
		if n > 0 {
			i += n
			continue
		}
		r.replaced = true
		r.add(segment, text[start:i])
		r.add(segment, replacement)
		i -= n
		start = i
	}
	r.add(segment, text[start:])
}
