package stream

import "github.com/finece/finece/position"

// dashScope reads an event of Alibaba DashScope's own stream, or a whole response. Each event
// has all text so far, unless the request set incremental_output.
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

// told describes the text of a segment so far, for a stream that may repeat it.
type told struct {
	size  int
	hash  uint32
	delta bool // the stream does not repeat earlier text
}

// onlyNew removes the text of earlier events from an entry. If a text begins with all earlier
// text, that beginning is taken for a repetition and removed. The second event decides whether
// the stream repeats text. If its text begins with the first one by chance, that beginning is
// lost.
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

// fnv continues the hash of a text. The first hash is 0.
func fnv(hash uint32, text []byte) uint32 {
	for _, c := range text {
		hash = (hash ^ uint32(c) + 1) * 16777619
	}
	return hash
}
