package estimate

import "unicode/utf8"

// AppendQuoted appends text in a quoted form. The quoted form cannot end the tag around it, and
// it has no control token of a model. A model can still read it: nearly all text is unchanged.
//
//	in the text                                        in the quoted form
//	<                                                  &lt;
//	[ of [INST], [/INST], [CLS], [TOOL_CALLS] ...      &#91;
//	the first # of exactly three in a row              &#35;
//	a byte b that is not UTF-8, in hexadecimal         &#xB;
//	& that begins one of the entities of this table    &amp;
//
// The quoted form is valid UTF-8, and has none of these:
//
//   - a "<". All tags begin with it, and most control tokens (<|im_start|>, <|eot_id|>, </s>,
//     <start_of_turn>, <<SYS>>);
//   - a name in brackets with two or more capitals. The other control tokens have this form;
//   - exactly three # in a row. The headings of the alpaca layout begin with them.
//
// No information is lost: different texts have different quoted forms.
func AppendQuoted(dst, text []byte) []byte {
	start := 0
	for i := 0; i < len(text); {
		entity, size := "", 1
		switch c := text[i]; {
		case c == '<':
			entity = "&lt;"
		case c == '&':
			if isEntity(text[i:]) {
				entity = "&amp;"
			}
		case c == '[':
			if isControl(text[i:]) {
				entity = "&#91;"
			}
		case c == '#':
			for i+size < len(text) && text[i+size] == '#' {
				size++
			}
			if size == 3 {
				dst = append(append(dst, text[start:i]...), "&#35;##"...)
				i += 3
				start = i
				continue
			}
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRune(text[i:]); r == utf8.RuneError && size == 1 {
				const hex = "0123456789ABCDEF"
				dst = append(append(dst, text[start:i]...), '&', '#', 'x', hex[c>>4], hex[c&15], ';')
				i++
				start = i
				continue
			}
		}
		if entity != "" {
			dst = append(append(dst, text[start:i]...), entity...)
			start = i + 1
		}
		i += size
	}
	return append(dst, text[start:]...)
}

// isEntity reports whether text begins with one of the entities that AppendQuoted
// writes.
func isEntity(text []byte) bool {
	for _, e := range [...]string{"&lt;", "&amp;", "&#91;", "&#35;"} {
		if begins(text, e) {
			return true
		}
	}
	return len(text) >= 6 && begins(text, "&#x") && text[3] >= '8' && isHex(text[3]) && isHex(text[4]) && text[5] == ';'
}

// begins is bytes.HasPrefix for a string. Converting the string would allocate in the core.
func begins(text []byte, with string) bool {
	if len(text) < len(with) {
		return false
	}
	for i := range len(with) {
		if text[i] != with[i] {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return c-'0' < 10 || c-'A' < 6 }

// maxControl is the length of the longest name in brackets that counts as a control
// token.
const maxControl = 32

// isControl reports whether text may begin with a control token: a name with two or more
// capitals in brackets. text begins with a bracket.
func isControl(text []byte) bool {
	i := 1
	if i < len(text) && text[i] == '/' {
		i++
	}
	capitals := 0
	for end := min(len(text), i+maxControl+1); i < end; i++ {
		switch c := text[i]; {
		case c-'A' < 26:
			capitals++
		case c == ']':
			return capitals >= 2
		case c-'a' >= 26 && c-'0' >= 10 && c != '_':
			return false
		}
	}
	return false
}
