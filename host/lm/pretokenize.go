package lm

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitter cuts text into words. Merges never cross the ends of a word.
type splitter struct {
	digit func(rune) bool // reports characters that are words of their own; nil for none
	led   bool            // a space before a digit belongs to the digit's word
	regex bool            // GPT-2's regular expression cuts the remaining text
}

// preTokenizer is a pre_tokenizer in tokenizer.json.
type preTokenizer struct {
	Type       string            `json:"type"`
	Parts      []json.RawMessage `json:"pretokenizers"`
	Individual bool              `json:"individual_digits"`
	Prefix     bool              `json:"add_prefix_space"`
	UseRegex   *bool             `json:"use_regex"` // true if left out
	Behavior   string            `json:"behavior"`
	Invert     bool              `json:"invert"`
	Pattern    struct{ Regex string }
}

// digitPatterns has the supported regular expressions of Split. A function says what the
// expression matches in Hugging Face's library (with Oniguruma).
var digitPatterns = map[string]func(rune) bool{
	`\d`:      decimal,
	`\p{Nd}`:  decimal,
	`[0-9]`:   func(r rune) bool { return r >= '0' && r <= '9' },
	`\p{N}`:   unicode.IsNumber,
	` ?[0-9]`: func(r rune) bool { return r >= '0' && r <= '9' },
}

func decimal(r rune) bool { return unicode.Is(unicode.Nd, r) }

// parsePreTokenizer reads ByteLevel, alone or after a step that isolates digits.
func parsePreTokenizer(raw json.RawMessage) (splitter, error) {
	var s splitter
	var p preTokenizer
	if err := json.Unmarshal(raw, &p); err != nil {
		return s, fmt.Errorf("pre_tokenizer: %w", err)
	}
	parts := []json.RawMessage{raw}
	if p.Type == "Sequence" {
		parts = p.Parts
	}
	levels := 0
	for _, raw := range parts {
		var p preTokenizer
		if err := json.Unmarshal(raw, &p); err != nil {
			return s, fmt.Errorf("pre_tokenizer: %w", err)
		}
		switch {
		case levels > 0:
			return s, fmt.Errorf("pre_tokenizer: %s comes after ByteLevel: not supported", p.Type)
		case p.Type == "ByteLevel" && !p.Prefix:
			levels++
			s.regex = p.UseRegex == nil || *p.UseRegex
		case p.Type == "ByteLevel":
			return s, fmt.Errorf("pre_tokenizer: add_prefix_space is true: not supported")
		case s.digit != nil:
			return s, fmt.Errorf("pre_tokenizer: %s: want at most one step before ByteLevel", p.Type)
		case p.Type == "Digits" && p.Individual:
			s.digit = unicode.IsNumber
		case p.Type == "Split" && strings.EqualFold(p.Behavior, "isolated") && !p.Invert && digitPatterns[p.Pattern.Regex] != nil:
			s.digit = digitPatterns[p.Pattern.Regex]
			s.led = strings.HasPrefix(p.Pattern.Regex, " ?")
		default:
			return s, fmt.Errorf("pre_tokenizer: %s with regex %q is not supported: want ByteLevel, and before it at most Digits with individual_digits, or Split with isolated at %s",
				p.Type, p.Pattern.Regex, `\d`)
		}
	}
	if levels == 0 {
		return s, fmt.Errorf("pre_tokenizer: ByteLevel is missing")
	}
	return s, nil
}

// words returns the words of text, in order, in time proportional to the length of text.
func (s splitter) words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			piece := text[:s.piece(text)]
			text = text[len(piece):]
			for piece != "" {
				n := len(piece)
				if s.regex {
					n = firstWord(piece)
				}
				if !yield(piece[:n]) {
					return
				}
				piece = piece[n:]
			}
		}
	}
}

// piece returns the length of the first piece of text, which is not empty: up to the first digit, or
// that digit if text begins with one.
func (s splitter) piece(text string) int {
	if s.digit == nil {
		return len(text)
	}
	at := strings.IndexFunc(text, s.digit)
	begin := at
	if s.led && at > 0 && text[at-1] == ' ' {
		begin--
	}
	switch {
	case at < 0:
		return len(text)
	case begin > 0:
		return begin
	}
	_, size := utf8.DecodeRuneInString(text[at:])
	return at + size
}

// firstWord returns the length of the first match of GPT-2's regular expression:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func firstWord(text string) int {
	if text[0] == '\'' {
		for _, s := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
			if strings.HasPrefix(text, s) {
				return len(s)
			}
		}
	}
	begin := 0
	if text[0] == ' ' && len(text) > 1 {
		begin = 1
	}
	r, size := utf8.DecodeRuneInString(text[begin:])
	kind := kindOf(r)
	if kind != space {
		n := begin + size
		for n < len(text) {
			r, size := utf8.DecodeRuneInString(text[n:])
			if kindOf(r) != kind {
				break
			}
			n += size
		}
		return n
	}
	n, last := 0, 0
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if kindOf(r) != space {
			break
		}
		n, last = n+size, size
	}
	if n < len(text) && n > last { // the last space belongs to the text after it
		n -= last
	}
	return n
}

// kind is the class of a character in GPT-2's regular expression.
type kind uint8

const (
	other kind = iota
	letter
	number
	space
)

func kindOf(r rune) kind {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}
