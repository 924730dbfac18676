package gateway

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// begun is the beginning of an answer that comes from the client. llama.cpp's server repeats it
// in a plain reply, and gives log-probabilities only for what follows. So the session reads the
// reply without it, as it reads a stream, which does not repeat it.
type begun struct {
	text  string
	edits []edit       // put the text back
	in    map[int]bool // the choices that repeat it
}

// withoutBegun returns the body of a plain reply of chat completions without the text of the
// request's last message, if that is the assistant's. It returns nil and the body as it is if
// no choice repeats the text, and for a confidence model, which judges all of the text.
func (r *request) withoutBegun(body []byte) (*begun, []byte) {
	b := &begun{text: r.messages.Begun(), in: map[int]bool{}}
	if _, isChat := r.surface.(chat); !isChat || b.text == "" || r.config.Session.Estimator == session.Model {
		return nil, body
	}
	var short []byte
	at := 0 // of the part of the body that is not in short yet
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, "choices", func() {
		elements(&s, func() {
			c := readRepeating(&s)
			end := afterText(c.content, b.text)
			if end == 0 || c.first == "" || afterText(c.content, c.first) > 0 { // the tokens begin where the content does
				return
			}
			from := c.at + 1
			short = append(short, body[at:from]...)
			b.edits = append(b.edits, edit{len(short), len(short), string(c.content[1:end])})
			b.in[c.index] = true
			at = c.at + end
		})
	})
	if len(b.edits) == 0 {
		return nil, body
	}
	return b, append(short, body[at:]...)
}

// repeating is what withoutBegun reads of a choice.
type repeating struct {
	index   int
	content []byte // as JSON
	at      int    // where it begins
	first   string // the first token with a log-probability
}

func readRepeating(s *jsonscan.Scanner) (c repeating) {
	if !s.EnterObject() {
		return c
	}
	for s.NextKey() {
		switch string(s.Key()) {
		case "index":
			n, _ := s.Int()
			c.index = int(n)
		case "message":
			each(s, "content", func() {
				c.content = s.Raw()
				c.at = s.Offset() - len(c.content)
			})
		case "logprobs":
			each(s, "content", func() {
				elements(s, func() {
					each(s, "token", func() {
						if text, _ := s.Text(); c.first == "" {
							c.first = string(text)
						}
					})
				})
			})
		default:
			s.Skip()
		}
	}
	return c
}

// afterText returns the offset in a JSON string after a text that it begins with, or 0 if it
// begins with something else.
func afterText(literal []byte, text string) int {
	at := 1
	for text != "" && len(literal) > 1 && literal[0] == '"' && at < len(literal)-1 {
		size := 1
		character := literal[at : at+1]
		switch {
		case literal[at] == '\\':
			if size = 2; literal[at+1] == 'u' {
				size = 6
			}
			if at+size >= len(literal) {
				return 0 // no valid JSON
			}
			if size == 6 && at+12 < len(literal) && literal[at+6] == '\\' && literal[at+2]|0x20 == 'd' && literal[at+3]|0x20 >= '8' {
				size = 12 // the two halves of a character
			}
			var s jsonscan.Scanner
			s.Reset([]byte(`"` + string(literal[at:at+size]) + `"`))
			if character, _ = s.Text(); len(character) == 0 {
				return 0
			}
		case literal[at] >= utf8.RuneSelf:
			_, size = utf8.DecodeRune(literal[at:])
			character = literal[at : at+size]
		}
		if !strings.HasPrefix(text, string(character)) {
			return 0
		}
		text = text[len(character):]
		at += size
	}
	if text != "" {
		return 0
	}
	return at
}

// moves corrects the place of a record, which counts from the end of the text that was left out.
func (b *begun) moves(r record.Record) {
	var p *record.Place
	switch r := r.(type) {
	case *record.Position:
		p = &r.Place
	case *record.Confidence:
		p = &r.Place
	}
	if b == nil || p == nil || !b.in[p.Choice] || p.Segment != position.Answer || p.Kinds == position.Question {
		return
	}
	p.Byte += int64(len(b.text))
	p.UTF16 += int64(len(utf16.Encode([]rune(b.text))))
}
