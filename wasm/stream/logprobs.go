package stream

import (
	"bytes"
	"math"
	"slices"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// tokenShape is a token in the notation of OpenAI and of servers with the same API.
var tokenShape = jsonscan.NewShape("token", "logprob", "bytes")

// alternative adds one of the alternatives to a token.
func (r *reader) alternative(t *scored, text []byte, logprob float64) {
	r.values[0] = jsonscan.Values{Text: text, Number: logprob}
	r.addAlternatives(t, r.values[:1])
}

// addAlternatives adds some of the alternatives to a token.
func (r *reader) addAlternatives(t *scored, values []jsonscan.Values) {
	n := len(r.top)
	end := n + len(values)
	if end > cap(r.top) {
		r.short |= shortTop
		r.lacking += len(values)
		return
	}
	r.top = r.top[:end]
	if t.topEnd != n || t.top == t.topEnd {
		t.top, t.listed = n, false
	}
	t.topEnd = end
	known, listed := t.logprob == t.logprob, t.listed
	if t.text == nil && !known {
		t.early = true
	}
	for i := range values {
		v := &values[i]
		r.top[n+i] = v.Number
		if !listed && !t.early && (!known || v.Number == t.logprob) {
			if listed = t.text == nil || equal(v.Text, t.text); !listed && known && isPart(v.Text, t.text) {
				listed, t.partial = true, true
			}
		}
	}
	t.listed = listed
}

// isPart reports whether an alternative is the sampled token, which has the same
// log-probability, and the token is only the last part of a character. If a character took
// several tokens, llama.cpp lists only the last one, with the whole character as its text. The
// token alone is not valid UTF-8. So among the alternatives its text is U+FFFD.
func isPart(alternative, text []byte) bool {
	return bytes.Contains(alternative, replacement) && !bytes.Contains(text, replacement)
}

// findListed looks for the token among its alternatives, if these came before it.
func (t *scored) findListed(top []float64) {
	for _, p := range top[t.top:t.topEnd] {
		t.listed = t.listed || p == t.logprob
	}
}

// tokenList reads an array of objects, each a token with its alternatives.
func (r *reader) tokenList(e *entry, segment position.Segment) {
	s := &r.scanner
	if !s.EnterArray() {
		return
	}
	for i := 0; s.NextElement(); i++ {
		e.segment = segment
		r.scoredToken(r.token(e.tokens, len(r.tokens)-e.tokens))
	}
}

// scoredToken reads a token with its alternatives: OpenAI's names of its
// fields, and those of Gemini and llama.cpp.
func (r *reader) scoredToken(t *scored) {
	s := &r.scanner
	v := &r.values[0]
	match := s.EnterShape(&tokenShape, v)
	if match != jsonscan.Unlike {
		t.text, t.logprob, t.bytes = v.Text, v.Number, v.Array
	}
	if match == jsonscan.Whole || match == jsonscan.Unlike && !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kToken:
			t.text, _ = s.Text()
		case kLogprob, kLogProbability:
			if p, ok := s.Float(); ok {
				t.logprob = p
			}
		case kBytes:
			t.bytes = s.Raw()
		case kTopLogprobs:
			r.alternatives(t)
		default:
			s.Skip()
		}
	}
}

// alternatives reads an array of tokens as the alternatives of one.
func (r *reader) alternatives(t *scored) {
	s := &r.scanner
	if !s.EnterArray() {
		return
	}
	for n := s.Shapes(&tokenShape, r.values[:]); n > 0; n = s.Shapes(&tokenShape, r.values[:]) {
		r.addAlternatives(t, r.values[:n])
	}
	for s.NextElement() {
		var text []byte
		var logprob float64
		v := &r.values[0]
		match := s.EnterShape(&tokenShape, v)
		ok := match != jsonscan.Unlike
		if ok {
			text, logprob = v.Text, v.Number
		}
		if match == jsonscan.Whole {
			r.alternative(t, text, logprob)
			continue
		}
		if match == jsonscan.Unlike && !s.EnterObject() {
			continue
		}
	fields:
		for {
			switch s.NextField(keys) {
			case -1:
				break fields
			case kToken, kText:
				text, _ = s.Text()
			case kLogprob, kLogProbability:
				logprob, ok = s.Float()
			default:
				s.Skip()
			}
		}
		if ok {
			r.alternative(t, text, logprob)
		}
	}
}

// tokensAhead moves the tokens from n on, which are reasoning, before the other tokens of the
// entry. The method ahead does the same with the text.
func (r *reader) tokensAhead(e *entry, n int) {
	if e.tokensMoved || n <= e.tokens || n >= len(r.tokens) {
		return
	}
	e.tokensMoved = true
	tokens := r.tokens[e.tokens:]
	slices.Reverse(tokens[:n-e.tokens])
	slices.Reverse(tokens[n-e.tokens:])
	slices.Reverse(tokens)
}

// repeats reports whether a chunk lists all earlier tokens of the choice before its own. Some
// servers did that.
//
//go:noinline
func (r *reader) repeats(c *choice, tokens []scored, pieces []piece) bool {
	old := c.tokens
	return old > 0 && len(tokens) > old && tokens[0].logprob == c.first &&
		!aligned(tokens, pieces) && aligned(tokens[old:], pieces)
}

// aligned reports whether the texts of tokens make up those of pieces.
//
//go:noinline
func aligned(tokens []scored, pieces []piece) bool {
	i, at := 0, 0
	for k := range tokens {
		for _, c := range tokens[k].text {
			for i < len(pieces) && at == len(pieces[i].text) {
				i, at = i+1, 0
			}
			if i == len(pieces) || pieces[i].text[at] != c {
				return false
			}
			at++
		}
	}
	return i == len(pieces) || i == len(pieces)-1 && at == len(pieces[i].text)
}

// alignedBytes reports whether the bytes of tokens make up those of pieces.
//
//go:noinline
func alignedBytes(tokens []scored, pieces []piece) bool {
	i, at := 0, 0
	for k := range tokens {
		rest := tokens[k].bytes
		for {
			var c int
			if c, rest = nextByte(rest); c < 0 {
				break
			}
			for i < len(pieces) && at == len(pieces[i].text) {
				i, at = i+1, 0
			}
			if i == len(pieces) || int(pieces[i].text[at]) != c {
				return false
			}
			at++
		}
	}
	return i == len(pieces) || i == len(pieces)-1 && at == len(pieces[i].text)
}

// nextByte reads the next number of a JSON array of bytes. It is negative at the end. If the
// array has other elements, the numbers match no text.
//
//go:noinline
func nextByte(array []byte) (c int, rest []byte) {
	i := 0
	for i < len(array) && array[i]-'0' >= 10 {
		i++
	}
	if i == len(array) {
		return -1, nil
	}
	for i < len(array) && array[i]-'0' < 10 {
		c = min(c*10+int(array[i]-'0'), 1000)
		i++
	}
	return c, array[i:]
}

// cut reports several tokens of one chunk, or one token whose text is in several pieces. If the
// tokens' own texts, or their bytes, make up the whole text, these divide it. A token that
// would end within a character ends before that character. Otherwise the last token gets all
// of the text.
//
//go:noinline
func (d *Decoder) cut(number int, segment position.Segment, pieces []piece, tokens []scored, h Handler) {
	byText := aligned(tokens, pieces)
	cut := byText || alignedBytes(tokens, pieces)
	t := &d.token
	if len(pieces) > 0 {
		segment = pieces[0].segment
	}
	i, at := 0, 0       // the next byte: its piece, and its index in that piece
	pos, target := 0, 0 // how many bytes were reported, and how many should be
	for k := range tokens {
		token := &tokens[k]
		switch {
		case k == len(tokens)-1:
			target = math.MaxInt32
		case byText:
			target += len(token.text)
		case cut:
			for c, rest := nextByte(token.bytes); c >= 0; c, rest = nextByte(rest) {
				target++
			}
		}
		text := []byte(nil)
		for i < len(pieces) && text == nil {
			rest := pieces[i].text[at:]
			n := min(target-pos, len(rest))
			for n < len(rest) && rest[n]&0xC0 == 0x80 {
				n--
			}
			text, segment = rest[:n], pieces[i].segment
			pos += n
			if at += n; at < len(pieces[i].text) {
				break
			}
			i, at = i+1, 0
			if pos < target && i < len(pieces) {
				*t = Token{Choice: number, Segment: segment, Text: text, Logprob: math.NaN()}
				h.Token(t)
				text = nil
			}
		}
		*t = Token{Choice: number, Segment: segment, Text: text}
		d.counted1(token, h)
	}
}

func equal(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
