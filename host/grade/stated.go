package grade

import (
	"regexp"
	"slices"
	"strings"
)

const (
	is     = `[\s*_]*(?:\bis\b|\bwould be\b|:|=)[\s*_:]*`
	aColon = `|(?:^|\n)[\s*_]*A:[\s*_]*`
)

// Announcements of a final answer. answerIs matches "The final answer is:",
// "**Answer:**" and the like; selectionIs also matches "the option is". conclusion and
// selection are these two and "A:", which may be an option's letter instead.
var (
	answerIs    = regexp.MustCompile(`(?i)\b(?:final\s+)?answer\b` + is)
	conclusion  = regexp.MustCompile(answerIs.String() + aColon)
	selectionIs = regexp.MustCompile(`(?i)\b(?:final\s+answer|answer|choice|option)\b` + is)
	selection   = regexp.MustCompile(selectionIs.String() + aColon)
)

// opens matches an announcement right after "####": "Answer:", or "Final Answer" with
// the answer on a line below it.
var opens = regexp.MustCompile(`(?i)^[\s*_]*(?:the\s+)?(?:final\s+)?answer[\s*_]*(?:\bis\b[\s*_:]*|[:=][\s*_:]*|\n\s*)`)

// heading matches the text after a "####" that is a heading of Markdown and not a
// result: "Step 2: money", "1. Count", "Conclusion".
var heading = regexp.MustCompile(`(?i)^[\s*_]*(?:(?:step|conclusion|summary|solution|explanation|reasoning)\b|\d+[.)]\s+\pL)`)

// places returns the parts of an answer that may state its result, the most reliable
// first:
//
//   - the line of the last "####", after an announcement at its beginning if there is one.
//     It is the only place if exact accepts it and it is not a heading;
//   - otherwise the announcements after the last "####", and then its line;
//   - the announcements in the whole answer.
func places(answer string, announcement *regexp.Regexp, exact func(line string) bool) []string {
	var out []string
	if rest, ok := marked(answer); ok {
		line := firstLine(rest[len(opens.FindString(rest)):])
		if exact(line) && !heading.MatchString(line) {
			return []string{line}
		}
		out = append(announced(rest, announcement), line)
	}
	return append(out, announced(answer, announcement)...)
}

// marked returns the text after the last "####".
func marked(answer string) (string, bool) {
	i := strings.LastIndex(answer, "####")
	if i < 0 {
		return "", false
	}
	return answer[i+4:], true
}

// announced returns the content of the last \boxed{}, and then the rest of the line
// after each announcement, up to the next announcement, the last one first.
func announced(text string, announcement *regexp.Regexp) []string {
	var out []string
	if s, ok := boxed(text); ok {
		out = append(out, s)
	}
	end := len(text)
	for _, at := range slices.Backward(announcement.FindAllStringIndex(text, -1)) {
		out = append(out, firstLine(text[at[1]:end]))
		end = at[0]
	}
	return out
}

// firstLine returns the first line of s that is not blank.
func firstLine(s string) string {
	s = strings.TrimLeft(s, " \t\r\n")
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexAny(s, "\r\n")+1:])
}

// boxed returns the content of the last \boxed{...} or \fbox{...} that is closed.
func boxed(s string) (string, bool) {
	for _, open := range []string{`\boxed{`, `\fbox{`} {
		for end := len(s); ; {
			i := strings.LastIndex(s[:end], open)
			if i < 0 {
				break
			}
			depth := 1
			for j := i + len(open); j < len(s); j++ {
				switch s[j] {
				case '{':
					depth++
				case '}':
					if depth--; depth == 0 {
						return s[i+len(open) : j], true
					}
				}
			}
			end = i
		}
	}
	return "", false
}
