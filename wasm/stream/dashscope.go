package stream

import "github.com/finece/finece/position"

// dashScope reads an event of Alibaba DashScope's own stream, or a whole response.
// Unless incremental_output is asked for, each event has all text so far.
func (r *reader) dashScope() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			for i := range r.entries {
				if r.entries[i].choice == 0 {
					r.onlyNew(&r.entries[i])
				}
			}
			return
		case kOutput:
			r.dashScopeOutput()
		case kUsage:
			r.readUsage()
		default:
			s.Skip()
		}
	}
}

func (r *reader) dashScopeOutput() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	var text, reason []byte
	for {
		switch s.NextField(keys) {
		case -1:
			if len(text) > 0 || len(reason) > 0 { // result_format is text
				e := r.begin()
				e.finish(reason)
				r.add(position.Answer, text)
				r.end(e)
			}
			return
		case kChoices:
			if s.EnterArray() {
				r.known = true
				for s.NextElement() {
					r.openAIChoice()
				}
			}
		case kText:
			text, _ = s.Text()
			r.known = true
		case kFinishReason:
			reason, _ = s.Text()
			r.known = true
		default:
			s.Skip()
		}
	}
}

// told is the text of a segment so far, for a stream that may repeat it.
type told struct {
	size  int
	hash  uint32
	delta bool // it does not repeat it
}

// onlyNew takes the text of earlier events from an entry. The text repeats what came
// before if it begins with it from the second event on. So a stream whose second piece
// of text happens to begin with its first one, and is no repetition, loses that one.
func (r *reader) onlyNew(e *entry) {
	pieces := r.pieces[min(e.pieces, len(r.pieces)):e.piecesEnd]
	n := 0
	for _, p := range pieces {
		t := &r.state.told[p.segment]
		switch {
		case t.delta:
		case t.size > 0 && len(p.text) >= t.size && fnv(0, p.text[:t.size]) == t.hash:
			p.text = p.text[t.size:]
		default:
			t.delta = t.size > 0
		}
		t.size += len(p.text)
		t.hash = fnv(t.hash, p.text)
		if len(p.text) > 0 {
			pieces[n] = p
			n++
		}
	}
	e.piecesEnd = e.pieces + n
}

// fnv continues a hash of text, which begins at 0.
func fnv(hash uint32, text []byte) uint32 {
	for _, c := range text {
		hash = (hash ^ uint32(c) + 1) * 16777619
	}
	return hash
}
