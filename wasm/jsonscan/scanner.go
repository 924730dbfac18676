package jsonscan

import (
	"github.com/finece/finece/wasm/internal/word"

	"math/bits"
	"strconv"
)

// MaxDepth is how deep containers may be nested.
const MaxDepth = 512

const tooDeep = "at most 512 nested arrays and objects"

// Kind is the kind of a JSON value.
type Kind uint8

const (
	Invalid Kind = iota // not a value: the end of the input, a syntax error, or a byte with which no value begins
	Object
	Array
	String
	Number
	True
	False
	Null
)

// SyntaxError says where data is not JSON.
type SyntaxError struct {
	Offset int    // bytes of data before the error
	Want   string // what was expected there
}

func (e *SyntaxError) Error() string {
	return "jsonscan: byte " + strconv.Itoa(e.Offset) + ": want " + e.Want
}

// Scanner walks one JSON value. The zero value has an empty input; Reset sets another. A Scanner
// is not safe for concurrent use.
type Scanner struct {
	scratch []byte // decoded strings; it does not grow during a walk
	key     []byte
	open    nesting
	err     SyntaxError
	follow  [256]uint8 // a guess of the next field, by the last field and the depth
	last    uint8      // the last result of NextField
	short   bool       // the walk failed because scratch was too small
	bad     bool       // a string had bytes that are not UTF-8
	failed  bool
	first   bool // the container was just entered, and no member was read yet
	depth   int  // how many containers were entered
	data    []byte
	pos     int
}

// Reset sets a new input and makes scratch space of its length. Slices from earlier calls are
// no longer valid.
func (s *Scanner) Reset(data []byte) {
	s.Reserve(len(data))
	s.data, s.pos, s.depth = data, 0, 0
	s.first, s.failed, s.short, s.bad = false, false, false, false
	s.key, s.scratch = nil, s.scratch[:0]
}

// Reserve makes scratch space for n bytes of decoded strings. See Short.
func (s *Scanner) Reserve(n int) {
	if cap(s.scratch) < n {
		s.scratch = make([]byte, 0, (n+n/4+255)&^255)
	}
}

// Short reports whether the walk failed because decoded strings needed more scratch space. That
// happens only with bytes that are not UTF-8, since their replacements are longer. Three times
// the length of the input is always enough. The walk can be repeated after Reserve and Reset.
func (s *Scanner) Short() bool { return s.short }

// Replaced reports whether a string that was read had bytes that are not UTF-8.
func (s *Scanner) Replaced() bool { return s.bad }

// Err returns the *SyntaxError that ended the walk, or nil. It is valid until
// Reset.
func (s *Scanner) Err() error {
	if !s.failed {
		return nil
	}
	return &s.err
}

// Place returns the arguments with which Seek returns to the next value: its offset, the depth,
// and the last field before it.
//
//go:noinline
func (s *Scanner) Place() (at, depth int, last uint8) {
	s.next()
	return s.pos, s.depth, s.last
}

// Seek moves to a value at a place from Place. The input before it may differ from that of Place
// only in whole values.
func (s *Scanner) Seek(at, depth int, last uint8) {
	s.pos, s.depth, s.last, s.first = at, depth, last, false
}

// Rest returns the input that is not consumed yet, and nil after an error.
func (s *Scanner) Rest() []byte { return s.data[s.pos:] }

// Offset returns the number of consumed bytes, or after an error its offset.
func (s *Scanner) Offset() int {
	if s.failed {
		return s.err.Offset
	}
	return s.pos
}

// fail records the first error and returns false. It drops the remaining input, so
// that every later step fails without a check of its own.
//
//go:noinline
func (s *Scanner) fail(at int, want string) bool {
	if !s.failed {
		s.failed = true
		s.err.Offset, s.err.Want = at, want
		s.data, s.pos = nil, 0
	}
	return false
}

// next skips white space and returns the byte after it, or 0 at the end.
func (s *Scanner) next() byte {
	if uint(s.pos) < uint(len(s.data)) {
		if c := s.data[s.pos]; c > ' ' {
			return c
		}
	}
	return s.space()
}

//go:noinline
func (s *Scanner) space() byte {
	s.pos = skipSpace(s.data, s.pos)
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func skipSpace(data []byte, i int) int {
	for uint(i) < uint(len(data)) && data[i] <= ' ' && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

// End reports whether the whole input was one value, without an error, and with only white
// space after it. Anything else after the value is an error.
func (s *Scanner) End() bool {
	s.space()
	if s.pos < len(s.data) || s.depth > 0 {
		s.fail(s.pos, "the end of the input")
	}
	return !s.failed
}

// Kind returns the kind of the next value. It consumes only the white space before the value.
func (s *Scanner) Kind() Kind {
	switch c := s.next(); c {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't':
		return True
	case 'f':
		return False
	case 'n':
		return Null
	default:
		if c == '-' || c-'0' < 10 {
			return Number
		}
		return Invalid
	}
}

// Holds reports whether the next value is a string, an array or an object that is not empty. It
// consumes only the white space before the value.
func (s *Scanner) Holds() bool {
	var end byte
	switch c := s.next(); c {
	case '{', '[':
		end = c + 2
	case '"':
		end = c
	default:
		return false
	}
	return s.pos+1 < len(s.data) && s.data[s.pos+1] != end
}

// EnterObject consumes the opening brace of an object. NextKey then steps through its members.
// If the value is of another kind, it is skipped and EnterObject returns false.
func (s *Scanner) EnterObject() bool {
	if s.next() != '{' {
		s.Skip()
		return false
	}
	return s.enter()
}

// EnterArray consumes the opening bracket of an array. NextElement then steps through its
// elements. If the value is of another kind, it is skipped and EnterArray returns false.
func (s *Scanner) EnterArray() bool {
	if s.next() != '[' {
		s.Skip()
		return false
	}
	return s.enter()
}

func (s *Scanner) enter() bool {
	if s.depth >= MaxDepth {
		return s.fail(s.pos, tooDeep)
	}
	s.depth++
	s.pos++
	s.first = true
	return true
}

func (s *Scanner) leave() bool {
	s.pos++
	s.depth--
	return false
}

// NextKey advances to the next member of the entered object and reads its key. At the end of
// the object, it consumes the closing brace and returns false.
func (s *Scanner) NextKey() bool {
	if !s.member() {
		return false
	}
	var ok bool
	if s.key, ok = s.text(); !ok {
		return false
	}
	return s.colon()
}

// Key returns the decoded key that NextKey has read. It shares memory with the input or the
// scanner, and is valid until Reset.
func (s *Scanner) Key() []byte { return s.key }

// NextField is NextKey with Keys.Find. It returns the number of the next member's key in keys, 0
// if keys does not have the key, and -1 at the end of the object. It does not set Key.
func (s *Scanner) NextField(keys *Keys) int {
	// Nearly always there is no white space, and the key is short.
	i, data := s.pos, s.data
	if uint(i) < uint(len(data)) {
		switch data[i] {
		case ',':
			if !s.first {
				i++
			}
		case '}':
			s.pos = i + 1
			s.depth--
			s.first = false
			return -1
		}
	}
	// Servers write the same members in the same order every time, so first try the guess.
	next := &s.follow[(uint(s.last)+37*uint(s.depth))%uint(len(s.follow))]
	if (s.first || i > s.pos) && int(*next) < len(keys.words) {
		w := &keys.words[*next]
		if end := i + w.field.length; end <= len(data) && w.field.at(data, i) {
			s.first = false
			s.pos = end
			s.last = *next
			return int(*next)
		}
	}
	n := s.nextField(keys, i)
	if n >= 0 {
		s.last, *next = uint8(n), uint8(n)
	}
	return n
}

// nextField is NextField for any member. If there is no white space, i is the index of the
// key's opening quote.
//
//go:noinline
func (s *Scanner) nextField(keys *Keys, i int) int {
	data := s.data
	if i <= len(data)-19 && data[i] == '"' && (s.first || i > s.pos) {
		i++
		first := word.Load(data, i)
		m := special(first) | first&word.Tops
		n := uint(bits.TrailingZeros64(m)) >> 3
		last := uint64(0)
		if m == 0 {
			last = word.Load(data, i+8)
			m = special(last) | last&word.Tops
			n = 8 + uint(bits.TrailingZeros64(m))>>3
			if last = 0; n > 8 {
				last = word.Load(data, i+int(n)-8)
			}
		} else {
			first <<= 64 - 8*n
		}
		if end := i + int(n); m != 0 && data[end] == '"' && data[end+1] == ':' {
			s.first = false
			s.pos = end + 2
			return keys.find(first, last, int(n))
		}
	}
	if !s.member() {
		return -1
	}
	key, ok := s.text()
	if !ok || !s.colon() {
		return -1
	}
	return keys.Find(key)
}

// member advances to the quote of the next member's key.
func (s *Scanner) member() bool {
	c := s.next()
	if c == ',' && !s.first {
		s.pos++
		c = s.next()
	} else if c == '}' {
		s.first = false
		return s.leave()
	} else if !s.first {
		return s.fail(s.pos, "a comma or the end of the object")
	}
	s.first = false
	if c != '"' {
		return s.fail(s.pos, "a key")
	}
	return true
}

func (s *Scanner) colon() bool {
	if s.next() != ':' {
		return s.fail(s.pos, "a colon")
	}
	s.pos++
	return true
}

// NextElement advances to the next element of the entered array. At the end of the array, it
// consumes the closing bracket and returns false.
func (s *Scanner) NextElement() bool {
	c := s.next()
	if c == ',' && !s.first {
		s.pos++
		return true
	}
	if c == ']' {
		s.first = false
		return s.leave()
	}
	if !s.first {
		return s.fail(s.pos, "a comma or the end of the array")
	}
	s.first = false
	return !s.failed
}

// Text reads a string. The result is valid UTF-8. It shares memory with the input or the
// scanner, and is valid until Reset. If the value is of another kind, it is skipped and Text
// returns false.
func (s *Scanner) Text() ([]byte, bool) {
	if s.next() != '"' {
		s.Skip()
		return nil, false
	}
	return s.text()
}

// Bool reads true or false. If the value is of another kind, it is skipped and ok is false.
func (s *Scanner) Bool() (value, ok bool) {
	c := s.next()
	s.Skip()
	return c == 't' && !s.failed, (c == 't' || c == 'f') && !s.failed
}

// Raw skips a value and returns its bytes, which share memory with the input. After an error it
// returns nil.
func (s *Scanner) Raw() []byte {
	s.next()
	data, start := s.data, s.pos
	s.Skip()
	if s.failed {
		return nil
	}
	return data[start:s.pos]
}
