package lm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// tokenizerWith returns the tokenizer of testdata/untied with another digit pattern and more
// special tokens.
func tokenizerWith(t *testing.T, pattern string, special ...string) *Tokenizer {
	t.Helper()
	file := changed(t, "untied", tokenizerName, func(s string) string {
		s = strings.Replace(s, `"Regex": "\\d"`, fmt.Sprintf(`"Regex": %q`, pattern), 1)
		for i, name := range special {
			s = strings.Replace(s, `"added_tokens": [`, fmt.Sprintf(`"added_tokens": [{"id":%d,"content":%q,"special":true},`, 300+i, name), 1)
		}
		return s + "\n"
	})[tokenizerName].Data
	tok, err := parseTokenizer(file)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// nextWord returns the length of the first word of text, which is not empty. It works in the
// simplest way: it looks for the next digit again for each word.
func nextWord(s splitter, text string) int {
	end := len(text)
	if s.digit != nil {
		at := strings.IndexFunc(text, s.digit)
		begin := at
		if s.led && at > 0 && text[at-1] == ' ' {
			begin--
		}
		switch {
		case begin > 0:
			end = begin
		case begin == 0:
			_, size := utf8.DecodeRuneInString(text[at:])
			end = at + size
		}
	}
	if !s.regex {
		return end
	}
	return firstWord(text[:end])
}

// plainTokens does the same as EncodeSpecial in the simplest way: at each place it tries
// every name.
func plainTokens(t *Tokenizer, text string) []int {
	var ids []int
	words := func(text string) {
		for text != "" {
			n := nextWord(t.split, text)
			ids = t.appendWord(ids, text[:n])
			text = text[n:]
		}
	}
	for at := 0; at < len(text); at++ {
		longest := ""
		for name := range t.named {
			if strings.HasPrefix(text[at:], name) && len(name) > len(longest) {
				longest = name
			}
		}
		if longest != "" {
			words(text[:at])
			ids = append(ids, t.named[longest])
			text, at = text[at+len(longest):], -1
		}
	}
	words(text)
	return ids
}

// someText returns random text of characters that the rules for words treat differently.
func someText(r *rand.Rand, n int) string {
	parts := []string{" ", " ", "  ", "\n", "a", "be", "answer", "4", "42", "٣", "½", "é", "日", "'s", "'ll", "'", ".", "\u00a0", "\xff", "<|", "|>",
		"<|end|>", "<|end|>a", "<|user|>", "<|pad|", "ab", "abc", "abcd"}
	var b strings.Builder
	for range n {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestTokensAreThoseOfThePlainWay compares the tokens of both ways for every digit pattern.
// Some names of special tokens begin like others or overlap them.
func TestTokensAreThoseOfThePlainWay(t *testing.T) {
	var all []*Tokenizer
	for pattern := range digitPatterns {
		all = append(all, tokenizerWith(t, pattern), tokenizerWith(t, pattern, "ab", "abcd", "abc", "bcd<", "<|end|>a", "<|"))
	}
	all = append(all, model(t, "half").Tokenizer(), model(t, "value").Tokenizer())
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		text := someText(r, r.IntN(40))
		for _, tok := range all {
			if got, want := tok.EncodeSpecial(text), plainTokens(tok, text); !equal(got, want) {
				t.Fatalf("%q is %v, want %v", text, got, want)
			}
		}
	}
}

// TestSpecialTokensThatOverlap compares with the tokens of the tokenizers library (0.23).
func TestSpecialTokensThatOverlap(t *testing.T) {
	tok := tokenizerWith(t, `\d`, "ab", "abcd", "abc", "bcdef", "<|end|>x")
	for text, want := range map[string]string{
		"abcdef": "abcd e f", "xabcx": "x abc x", "bcdefa": "bcdef a", "abab": "ab ab", "<|end|>xy": "<|end|>x y", "aabcd": "a abcd",
	} {
		var names []string
		for _, id := range tok.EncodeSpecial(text) {
			names = append(names, tok.name(id))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// TestTokenizingIsLinear checks that every character is read only a few times to find
// digits, even if many words come before the next digit. Long texts must end in time, too.
func TestTokenizingIsLinear(t *testing.T) {
	for pattern := range digitPatterns {
		tok := tokenizerWith(t, pattern)
		looks, digit := 0, tok.split.digit
		tok.split.digit = func(r rune) bool {
			looks++
			return digit(r)
		}
		for _, word := range []string{"a ", "a 1", "1", " 1", "\n", "'s", "é½"} {
			text := strings.Repeat(word, 2000) + "7"
			looks = 0
			tok.Encode(text)
			if n := utf8.RuneCountInString(text); looks > 3*n {
				t.Fatalf("%s: %d looks at the %d characters of %q", pattern, looks, n, word)
			}
		}
	}
	tok := model(t, "untied").Tokenizer()
	for word, tokens := range map[string]int{"a ": 1e5 + 1, "<|end|>": 1e5, "<|end|": 0} {
		ids := tok.EncodeSpecial(strings.Repeat(word, 1e5))
		if tokens > 0 && len(ids) != tokens {
			t.Errorf("%q: %d tokens, want %d", word, len(ids), tokens)
		}
	}
}
