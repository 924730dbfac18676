package position

// blocks is the Markdown that is open between two lines.
type blocks struct {
	fence       byte  // the character of an open code fence, or 0
	fenceQuoted bool  // the fence was opened in a block quote
	fenceLen    int32 // length of the opening fence
	math        uint8 // the open formula: mathNone, ...
	loose       bool  // the opening of the formula neither began nor ended its line
	depth       int32 // open environments
	opener      int64 // byte offset after the opening of the formula
	item        int32 // columns before the marker of the outermost list item; -1 outside lists
	header      bool  // the line before has a pipe and may head a table
	table       bool  // the line before is in a table
	blank       bool  // the line before is blank
}

var noBlocks = blocks{item: -1}

const (
	mathNone = iota
	mathDollars
	mathBracket
	mathEnvironment
)

// line is what is known of the current line.
type line struct {
	state     uint8 // where in the line: lineIndent, ...
	cr        bool  // the line before ended with CR, so an LF now is part of that line end
	quoted    bool  // the line is in a block quote
	marked    bool  // it has a list marker
	continues bool  // it is indented into the open list item, so the item continues
	begun     bool  // its text belongs to the paragraph
	undecided bool  // it may be blank, a break, or part of the table before
	delimiter bool  // it may be the delimiter row of a table
	dash      bool  // it has a dash
	pipe      bool  // it has a pipe
	rule      byte  // if the line may be a thematic break, the character of that; else 0
	mark      byte  // if the line may be a fence, the character of that
	sub       uint8 // inside a construct of several characters: subNone, ...
	word      uint8 // how many bytes of the construct's name were seen
	rules     int32 // how often rule was seen
	run       int32 // how often mark, or a digit, was seen
	ticks     int32 // backticks in a row
	code      int32 // backticks that opened a code span; 0 outside
	indent    int32 // columns before the first character
	start     int64 // code points before the first character
	content   int64 // bytes before the first character after quote and list markers
	dollar    int64 // byte offset after the first $ of a possible $$; 0 without
}

// The states of a line. The head of a line decides what kind of line it is. The state
// after the head is lineRest.
const (
	lineIndent  = iota // white space so far
	lineQuote          // right after a >
	lineBullet         // right after a character that may be a list marker
	lineDigits         // in digits that may begin a list marker
	lineDot            // right after the delimiter of those digits
	lineContent        // in white space after a marker
	lineFence          // in a run of ` or ~, which may open a fence or a code span
	lineInfo           // after the opening fence
	lineClose          // in what may be the closing fence
	lineClosed         // in white space after the closing fence
	lineShape          // so far only characters of thematic breaks and delimiter rows
	lineRest
)

const (
	subNone   = iota
	subTicks  // in a run of backticks
	subEscape // right after a backslash
	subBegin  // in \begin{
	subEnd    // in \end{
)

// lineStops are the bytes that matter in state lineRest.
var lineStops = [256]uint8{'\n': stopEnd, '\r': stopEnd, '|': stopMark, '`': stopMark, '$': stopMark, '\\': stopMark}

const (
	stopEnd  = 1
	stopMark = 2
)

func (s *text) stop() uint8 {
	if s.fence != 0 {
		return stopEnd
	}
	return stopEnd | stopMark
}

// plain reports whether bytes that are not in lineStops leave the line unchanged.
func (l *line) plain() bool { return l.state == lineRest && l.sub == subNone }

// step updates the Markdown state by one byte. The byte is counted already.
func (d *Detector) step(s *text, c byte, out []Position) []Position {
	l := &s.line
	if c == '\n' || c == '\r' {
		if c == '\n' && l.cr {
			l.cr = false
			return out
		}
		out = d.finishLine(s, out)
		s.line = line{cr: c == '\r'}
		return out
	}
	l.cr = false
	if l.state == lineRest {
		return d.rest(s, c, out)
	}
	return d.settle(s, d.head(s, c, out))
}

// settle adds the line to the open paragraph, or begins a new paragraph with it. It waits
// until the line has text for certain and is known to continue the paragraph or not.
func (d *Detector) settle(s *text, out []Position) []Position {
	l := &s.line
	if l.begun {
		return out
	}
	if l.state <= lineQuote {
		l.undecided = l.quoted // it may be blank
		return out
	}
	if s.table && l.pipe {
		s.brk = 0
	}
	l.undecided = l.rule != 0 || s.brk != 0 && (l.delimiter || s.table)
	if l.undecided {
		return out
	}
	return d.begin(s, out)
}

func (d *Detector) begin(s *text, out []Position) []Position {
	if s.brk != 0 {
		out = d.confirm(s, out)
	}
	s.line.begun, s.line.undecided = true, false
	if !s.open {
		s.open, s.start = true, s.line.start
	}
	return out
}

// finishLine takes the end of a line, or of the text.
func (d *Detector) finishLine(s *text, out []Position) []Position {
	l := &s.line
	blank := l.state <= lineQuote
	if blank && (s.fence != 0 || s.math != mathNone && !s.loose) {
		return out
	}
	if blank || l.rule != 0 && l.rules >= 3 {
		if !blank && !l.continues {
			s.item = -1
		}
		l.undecided = false
		s.math, s.header, s.table, s.blank = mathNone, false, false, true
		s.breakAt(d.lines, d.o.MinLength)
		return out
	}

	delimiter := l.delimiter && l.pipe && l.dash
	if !l.begun {
		if delimiter {
			s.brk = 0
		}
		out = d.begin(s, out)
	}
	s.table = delimiter || s.table && l.pipe
	s.header = l.pipe && !s.table
	s.blank = false
	switch l.state {
	case lineFence, lineInfo:
		if l.run >= 3 {
			s.fence, s.fenceLen, s.fenceQuoted = l.mark, l.run, l.quoted
		}
	case lineClose, lineClosed:
		if l.run >= s.fenceLen {
			s.fence = 0
		}
	case lineBullet, lineDot:
		s.marker()
	}
	if s.last == s.opener {
		s.loose = false
	}
	s.end, s.runes = s.lastPlace(), s.last-s.inside
	if s.fence == 0 && s.math == mathNone {
		s.breakAt(d.lines&Line, d.o.MinLength)
	}
	return out
}

// marker notes a list marker at the line's indentation.
func (s *text) marker() {
	if !s.line.marked && !s.line.continues {
		s.item = s.line.indent
	}
	s.line.marked = true
}
