package position

// head takes a byte of the line's head.
func (d *Detector) head(s *text, c byte, out []Position) []Position {
	l := &s.line
	white := c == ' ' || c == '\t'
	switch {
	case l.state == lineQuote:
		l.state = lineIndent
		if c == ' ' {
			return out
		}
		fallthrough
	case l.state == lineIndent:
		switch {
		case c == '\t':
			l.indent += 4 - l.indent%4
		case c <= ' ':
			l.indent++
		case c == '>' && (s.fence == 0 || s.fenceQuoted):
			l.state, l.quoted, l.indent = lineQuote, true, 0
		default:
			return d.first(s, c, out)
		}
		return out
	}

	if c == l.rule {
		l.rules++
	} else if !white {
		l.rule = 0
	}
	l.pipe = l.pipe || c == '|'
	l.dash = l.dash || c == '-'
	l.delimiter = l.delimiter && (white || c == '|' || c == '-' || c == ':')

	switch l.state {
	case lineBullet, lineDot:
		if white {
			s.marker()
			l.state = lineContent
			return out
		}
		return d.shape(s, c, out)
	case lineDigits:
		switch {
		case isDigit(c) && l.run < 9: // CommonMark allows at most 9 digits
			l.run++
		case c == '.' || c == ')':
			l.state = lineDot
		default:
			return d.shape(s, c, out)
		}
	case lineContent:
		if !white {
			return d.content(s, c, out)
		}
	case lineFence:
		switch {
		case c == l.mark:
			l.run++
		case l.run >= 3:
			l.state = lineInfo
		default:
			return d.span(s, c, out)
		}
	case lineInfo:
		if c == '`' && l.mark == '`' {
			return d.span(s, c, out)
		}
	case lineClose:
		switch {
		case c == l.mark:
			l.run++
		case white && l.run >= s.fenceLen:
			l.state = lineClosed
		default:
			l.state = lineRest
		}
	case lineClosed:
		if !white {
			l.state = lineRest
		}
	case lineShape:
		return d.shape(s, c, out)
	}
	return out
}

// first takes the first character of a line that is not blank.
func (d *Detector) first(s *text, c byte, out []Position) []Position {
	l := &s.line
	at := s.bytes - 1
	if s.brk != 0 && s.gap < 0 {
		s.gap = at
	}
	l.start = at - s.inside
	switch {
	case s.fence != 0:
		l.state = lineRest
		if c == s.fence {
			l.state, l.mark, l.run = lineClose, c, 1
		}
		return out
	case s.math != mathNone:
		l.state = lineRest
		return d.rest(s, c, out)
	}
	if l.continues = s.item >= 0 && l.indent > s.item; l.continues {
		s.brk = 0
	} else if s.blank {
		s.item = -1
	}
	l.pipe, l.dash = c == '|', c == '-'
	l.delimiter = s.header && (l.pipe || l.dash || c == ':')
	if c == '-' || c == '*' || c == '_' || c == '=' {
		l.rule, l.rules = c, 1
	}
	return d.content(s, c, out)
}

// content takes the first character of a line, or the first after a list
// marker.
func (d *Detector) content(s *text, c byte, out []Position) []Position {
	l := &s.line
	l.content = s.bytes - 1
	switch {
	case c == '`' || c == '~':
		l.state, l.mark, l.run = lineFence, c, 1
	case c == '-' || c == '*' || c == '+':
		l.state = lineBullet
	case isDigit(c):
		l.state, l.run = lineDigits, 1
	default:
		return d.shape(s, c, out)
	}
	return out
}

// shape takes a character that begins no block. The head of the line continues only while
// the line may still be a thematic break or a delimiter row.
func (d *Detector) shape(s *text, c byte, out []Position) []Position {
	if s.line.rule != 0 || s.line.delimiter {
		s.line.state = lineShape
		return out
	}
	s.line.state = lineRest
	return d.rest(s, c, out)
}

// span takes the character after which the line cannot begin with a fence. Backticks
// before it open a code span.
func (d *Detector) span(s *text, c byte, out []Position) []Position {
	if s.line.mark == '`' {
		s.line.code = s.line.run
	}
	s.line.state = lineRest
	return d.rest(s, c, out)
}

// rest takes a byte after the head of the line.
func (d *Detector) rest(s *text, c byte, out []Position) []Position {
	l := &s.line
	if s.fence != 0 || l.sub != subNone && s.within(c) {
		return out
	}
	switch c {
	case '|':
		l.pipe = true
		return d.settle(s, out)
	case '`':
		if s.math == mathNone {
			l.sub, l.ticks = subTicks, 1
		}
	case '$':
		if l.code != 0 || s.math > mathDollars {
			break
		}
		if l.dollar == 0 || l.dollar != s.bytes-1 {
			l.dollar = s.bytes
			break
		}
		l.dollar = 0
		if s.math == mathDollars {
			s.math = mathNone
		} else {
			s.openMath(mathDollars)
		}
	case '\\':
		if l.code == 0 {
			l.sub = subEscape
		}
	}
	return out
}

// openMath opens a formula after its two bytes, $$ or \[.
func (s *text) openMath(kind uint8) {
	s.math, s.opener = kind, s.bytes
	s.loose = s.bytes-2 != s.line.content
}

// within takes a byte inside a construct of several characters. It returns false if the
// byte does not belong to the construct.
func (s *text) within(c byte) bool {
	l := &s.line
	switch l.sub {
	case subTicks:
		if c == '`' {
			l.ticks++
			return true
		}
		l.sub = subNone
		if l.code == 0 {
			l.code = l.ticks
		} else if l.code == l.ticks {
			l.code = 0
		}
		return false
	case subEscape:
		l.sub, l.word = subNone, 0
		switch {
		case c == '[' && s.math == mathNone:
			s.openMath(mathBracket)
		case c == ']' && s.math == mathBracket:
			s.math = mathNone
		case c == 'b' && (s.math == mathEnvironment || s.math == mathNone && s.bytes-2 == l.content):
			l.sub = subBegin
		case c == 'e' && s.math == mathEnvironment:
			l.sub = subEnd
		}
		return true
	}
	name := "egin{"
	if l.sub == subEnd {
		name = "nd{"
	}
	if c != name[l.word] {
		l.sub = subNone
		return false
	}
	if l.word++; int(l.word) < len(name) {
		return true
	}
	if l.sub == subBegin {
		s.math, s.loose = mathEnvironment, false
		s.depth++
	} else if s.depth--; s.depth == 0 {
		s.math = mathNone
	}
	l.sub = subNone
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
