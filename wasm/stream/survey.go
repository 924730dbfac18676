package stream

// survey reports the content of an event of Responses, or of a whole response. It reads the
// event a second time, because the decoder skips text that other events repeat. For a program
// that passes the stream on, repeated text counts, too.
func (d *Decoder) survey(h Handler) {
	r := &d.reader
	s := Said{Finished: r.failed}
	for i := range r.entries {
		s.Finished = s.Finished || r.entries[i].finished
	}
	r.scanner.Reset(d.object.data)
	r.surveyEvent(&s)
	h.Said(&s)
}

// surveyEvent looks for text in an event's members. An unknown member may have text unless it
// is empty.
func (r *reader) surveyEvent(said *Said) {
	s := &r.scanner
	text, other, whole, kind := false, false, false, []byte(nil)
	if !s.EnterObject() {
		return
	}
	for {
		n := s.NextField(keys)
		switch n {
		case -1:
			k := responseTypes.Find(kind)
			read := k >= tTextDelta && k <= tRefusalDone
			said.Other = said.Other || other && !whole || text && !read || said.Text && k == 0 && !whole && unread(kind)
			said.Text = said.Text || text && read
			return
		case kType:
			kind, _ = s.Text()
			continue
		case kObject:
			name, _ := s.Text()
			whole = is(name, "response")
			continue
		case kText, kRefusal, kDelta:
			text = text || s.Holds() && !(n == kText && r.isObject()) // an object has a response's settings for text
		case kLogprobs:
			text = text || s.Holds()
		case kMessage, kCode:
			other = other || s.Holds() && !r.failed
		case kItem, kPart:
			r.surveyPart(said, 0)
			continue
		case kResponse:
			r.surveyResponse(said)
			continue
		case kOutput:
			r.surveyParts(said, 0)
			continue
		case kOutputText:
			said.Other = s.Holds() || said.Other
		default:
			other = r.mayHold(n) || other
		}
		s.Skip()
	}
}

// unread reports whether an event of that type may have text that no other event repeats. The
// types below have only text that other events repeat.
func unread(kind []byte) bool {
	for _, name := range [...]string{"response.output_item.", "response.content_part.", "response.reasoning_summary_part."} {
		if len(kind) > len(name) && is(kind[:len(name)], name) {
			return false
		}
	}
	return true
}

// surveyResponse looks for text in a response. Only output and output_text can have text. The
// other members repeat the request.
func (r *reader) surveyResponse(said *Said) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
		if n == kOutput {
			r.surveyParts(said, 0)
			continue
		}
		said.Other = n == kOutputText && s.Holds() || said.Other
		s.Skip()
	}
}

// deepest is how deep surveyParts looks into arrays in arrays. An output has two levels.
const deepest = 4

// surveyParts looks for text in an array of items or parts.
func (r *reader) surveyParts(said *Said, depth int) {
	s := &r.scanner
	if !r.isArray() || depth > deepest {
		said.Other = s.Holds() || said.Other
		s.Skip()
		return
	}
	s.EnterArray()
	for s.NextElement() {
		r.surveyPart(said, depth)
	}
}

// surveyPart looks for text in an item of the output, or in a part of one.
func (r *reader) surveyPart(said *Said, depth int) {
	s := &r.scanner
	if !r.isObject() {
		said.Other = s.Holds() || said.Other
	}
	if !s.EnterObject() {
		return
	}
	for {
		n := s.NextField(keys)
		switch n {
		case -1:
			return
		case kText, kRefusal, kLogprobs:
			said.Text = s.Holds() || said.Text
		case kContent, kSummary:
			r.surveyParts(said, depth+1)
			continue
		default:
			said.Other = r.mayHold(n) || said.Other
		}
		s.Skip()
	}
}

// mayHold reports whether the value of a member may have text. Identifiers, encrypted values
// and padding have none.
func (r *reader) mayHold(n int) bool {
	switch n {
	case kID, kItemID, kObfuscation, kEncryptedContent, kPhase, kParam, kType, kRole, kStatus, kObject, kUsage, kError:
		return false
	}
	return r.scanner.Holds()
}
