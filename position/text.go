package position

// text is the state of one segment's text.
type text struct {
	segment   Segment
	estimated bool
	est       uint8 // the state of the estimate

	bytes  int64 // of text so far
	inside int64 // of these, the bytes that continue a character
	astral int64 // characters so far that take two UTF-16 units

	tokens   int64    // so far, including the one being scanned
	draws    [2]drawn // entropies: of the token being scanned, and of the token at last
	now      uint8    // index in draws of the token being scanned
	periodic int64    // the token count of the next Periodic position
	entropy  int64    // the least token count of the next Entropy position

	last       int64 // bytes up to the last character that is not white space
	lastTokens int64 // tokens up to last
	lastNow    uint8 // index in draws of the token at last

	line   line
	blocks // of Markdown, open at the start of the line

	open  bool     // the paragraph has text
	start int64    // code points before its first character
	end   Position // the end of its last complete line
	runes int64    // code points before end
	brk   Kind     // kinds of the position at end, if the paragraph ends there; else 0
	gap   int64    // where text resumes after end; -1 before it does
	held  held

	emitted int64 // byte offset of the last position
}

// candidate is a position at byte offset at: the end of the text so far, or the
// place before the byte that is being scanned.
func (s *text) candidate(k Kind, at int64) Position {
	lo, hi := s.draws[s.now].bounds()
	return Position{
		Kind: k, Segment: s.segment, Byte: at, UTF16: at - s.inside + s.astral,
		Token: s.tokens, Estimated: s.estimated, EntropyLo: lo, EntropyHi: hi,
	}
}

// lastPlace is a position after the last character that is not white space. Only white
// space follows, and that is ASCII, so inside and astral have not changed since.
func (s *text) lastPlace() Position {
	lo, hi := s.draws[s.lastNow].bounds()
	return Position{
		Segment: s.segment, Byte: s.last, UTF16: s.last - s.inside + s.astral,
		Token: s.lastTokens, Estimated: s.estimated, EntropyLo: lo, EntropyHi: hi,
	}
}

// breakAt notes a position of kind k at the end of the paragraph so far, if the
// paragraph has least characters or more. It is decided later whether the paragraph
// continues.
func (s *text) breakAt(k Kind, least int) {
	if k == 0 || !s.open || s.runes-s.start < int64(least) {
		return
	}
	if s.brk == 0 {
		s.gap = -1
	}
	s.brk |= k
}

// scan counts b and, if paragraphs or lines are asked for, updates the Markdown state.
func (d *Detector) scan(s *text, b []byte, counted bool, out []Position) []Position {
	if d.lines == 0 || s.segment == Refusal {
		return d.count(s, b, counted, out)
	}
	for i := 0; i < len(b); {
		j := i
		if s.line.plain() {
			stop := s.stop()
			for j < len(b) && lineStops[b[j]]&stop == 0 {
				j++
			}
			if j > i {
				out = d.count(s, b[i:j], counted, out)
			}
			if j == len(b) {
				break
			}
		}
		// A special byte is acted on when all bytes before it are counted and none
		// after it. So the result does not depend on where the text is cut.
		out = d.count(s, b[j:j+1], counted, out)
		out = d.step(s, b[j], out)
		i = j + 1
	}
	return out
}

// count advances the offsets over b, and the estimate of tokens if they are not
// counted.
func (d *Detector) count(s *text, b []byte, counted bool, out []Position) []Position {
	if !counted {
		return d.estimate(s, b, out)
	}
	s.bytes += int64(len(b))
	for _, c := range b {
		if c >= 0x80 {
			s.nonASCII(c)
		}
	}
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] > ' ' {
			s.last = s.bytes - int64(len(b)-1-i)
			s.lastTokens, s.lastNow = s.tokens, s.now
			break
		}
	}
	return out
}

func (d *Detector) estimate(s *text, b []byte, out []Position) []Position {
	t := estimates
	state, tokens := s.est, s.tokens
	last, lastTokens := -1, s.lastTokens
	for i, c := range b {
		from := state
		n := t.next[state%maxStates][t.class[c]%maxClasses]
		state = n >> 1
		tokens += int64(n & 1)
		if tokens > s.periodic && n&1 != 0 {
			if last >= 0 {
				s.last = s.bytes + int64(last)
			}
			at := s.bytes + int64(i)
			if from == t.space { // the space is part of the token that begins
				at--
			}
			s.tokens = tokens - 1
			out = d.firePeriodic(s, at, out)
		}
		if c >= 0x80 {
			s.nonASCII(c)
		}
		if c > ' ' {
			last, lastTokens = i+1, tokens
		}
	}
	if last >= 0 {
		s.last, s.lastTokens = s.bytes+int64(last), lastTokens
		s.lastNow = s.now // its entropy is not known
	}
	s.est, s.tokens = state, tokens
	s.bytes += int64(len(b))
	return out
}

func (s *text) nonASCII(c byte) {
	if c < 0xc0 {
		s.inside++
	} else if c >= 0xf0 {
		s.astral++
	}
}
