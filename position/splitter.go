package position

// Splitter separates the reasoning that some models write into their content,
// as <think>...</think> or <thinking>...</thinking> at its start, from the
// answer after it. Tags may be cut anywhere. The zero value is ready for use.
//
// The tags, and the white space before the first (at most 64 bytes), belong to
// neither text. Offsets of reasoning count from the end of the opening tag, and
// offsets of the answer from the end of the closing tag. Without an opening tag,
// everything is the answer, its leading white space included. Without a closing tag,
// everything after the opening tag is reasoning. Later tags are text.
type Splitter struct {
	// Opened says that the content begins inside <think>: the chat template has
	// written the opening tag, so the tag is not in the content.
	Opened bool

	state uint8
	tag   []byte // the closing tag, once it is known
	n     int    // how many bytes of buf, or of tag, are held back
	white int    // how many of those in buf are white space
	buf   [maxWhite + len(thinking)]byte
}

// Piece is a run of text of one segment.
type Piece struct {
	Segment Segment
	Text    []byte
}

const (
	maxWhite = 64
	thinking = "<thinking>"
	think    = "<think>" // the same as the start of thinking, but for the last byte
)

var (
	endThinking = []byte("</thinking>")
	endThink    = []byte("</think>")
)

const (
	splitStart = iota
	splitReasoning
	splitAnswer
)

// Feed appends to out the pieces that text completes. The pieces share memory with
// text or the splitter. Do not change them; they are valid until the next call.
func (s *Splitter) Feed(text []byte, out []Piece) []Piece {
	if s.state == splitStart && s.Opened {
		s.state, s.tag = splitReasoning, endThink
	}
	for s.state == splitStart && len(text) > 0 {
		if !s.opens(text[0]) {
			out = s.flush(Answer, s.buf[:s.n], out)
			s.state = splitAnswer
			break
		}
		text = text[1:]
	}
	if s.state == splitReasoning {
		text, out = s.reasoning(text, out)
	}
	if s.state == splitAnswer && len(text) > 0 {
		out = append(out, Piece{Answer, text})
	}
	return out
}

// End appends the text that was held back and makes s ready for another stream.
func (s *Splitter) End(out []Piece) []Piece {
	switch s.state {
	case splitStart:
		out = s.flush(Answer, s.buf[:s.n], out)
	case splitReasoning:
		out = s.flush(Reasoning, s.tag[:s.n], out)
	}
	s.state = splitStart
	return out
}

// opens takes the next byte of the leading white space or the opening tag. It returns
// false if c belongs to neither.
func (s *Splitter) opens(c byte) bool {
	at := s.n - s.white // index in the tag
	switch {
	case at == 0 && c <= ' ' && s.white < maxWhite:
		s.white++
	case at == len(think)-1 && c == '>':
		s.state, s.tag, s.n, s.white = splitReasoning, endThink, 0, 0
		return true
	case at == len(thinking)-1 && c == '>':
		s.state, s.tag, s.n, s.white = splitReasoning, endThinking, 0, 0
		return true
	case c != thinking[at]:
		return false
	}
	s.buf[s.n] = c
	s.n++
	return true
}

// reasoning takes text up to the closing tag and returns the text after it.
func (s *Splitter) reasoning(text []byte, out []Piece) ([]byte, []Piece) {
	early := s.n // bytes of a closing tag that came with earlier text
	for i, c := range text {
		if c != s.tag[s.n] {
			out = s.flush(Reasoning, s.tag[:early], out)
			early, s.n = 0, 0
		}
		if c != s.tag[s.n] { // c does not begin a closing tag either
			continue
		}
		if s.n++; s.n == len(s.tag) {
			end := i + 1 - s.n // of the reasoning in text; negative if the tag began in earlier text
			s.n, s.state = 0, splitAnswer
			if end > 0 {
				out = append(out, Piece{Reasoning, text[:end]})
			}
			return text[i+1:], out
		}
	}
	if end := len(text) - s.n; end > 0 {
		out = append(out, Piece{Reasoning, text[:end]})
	}
	return nil, out
}

// Segment returns the segment of the next text. known is false while the segment
// still depends on text that is held back or on the next text.
func (s *Splitter) Segment() (segment Segment, known bool) {
	switch {
	case s.state == splitAnswer:
		return Answer, true
	case s.state == splitReasoning || s.Opened:
		return Reasoning, s.n == 0
	}
	return Answer, false
}

// flush appends text that was held back, if there is any.
func (s *Splitter) flush(segment Segment, text []byte, out []Piece) []Piece {
	s.n, s.white = 0, 0
	if len(text) > 0 {
		out = append(out, Piece{segment, text})
	}
	return out
}
