package stream

import "github.com/finece/finece/position"

// bedrock reads an event of ConverseStream, or a response of Converse. Amazon Nova sends an
// event as the member of an object, under the event's name. AWS's packages print events in the
// same form.
func (r *reader) bedrock() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	for {
		switch n := s.NextField(keys); n {
		case -1:
			r.end(e)
			return
		case kMessageStart, kContentBlockStart, kContentBlockDelta, kContentBlockStop, kMessageStop, kMetadata, kOutput:
			r.known = true
			if s.EnterObject() {
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					r.bedrockField(e, n)
				}
			}
		default:
			r.bedrockField(e, n)
		}
	}
}

func (r *reader) bedrockField(e *entry, n int) {
	s := &r.scanner
	switch n {
	case kRole, kContentBlockIndex:
		r.known = true
		s.Skip()
	case kDelta, kStart:
		r.known = true
		r.bedrockBlock(e)
	case kMessage:
		if s.EnterObject() {
			for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
				if n != kContent || !r.isArray() || !s.EnterArray() {
					s.Skip()
					continue
				}
				for s.NextElement() {
					r.bedrockBlock(e)
				}
			}
		}
	case kStopReasonCamel:
		if word, ok := s.Text(); ok {
			r.known = true
			e.finished, e.reason = true, reasonOf(word)
		}
	case kUsage:
		r.readUsage()
	default:
		s.Skip()
	}
}

// bedrockBlock reads a content block or a delta of one.
func (r *reader) bedrockBlock(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kText:
			text, _ := s.Text()
			r.add(position.Answer, text)
		case kReasoningContentCamel:
			if !s.EnterObject() {
				break
			}
			for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
				switch {
				case n == kText:
					text, _ := s.Text()
					r.add(position.Reasoning, text)
				case n == kReasoningText: // only in a whole response
					r.thinkingPart()
				default:
					s.Skip()
				}
			}
		case kToolUse:
			e.tool = true
			s.Skip()
		default:
			s.Skip()
		}
	}
}
