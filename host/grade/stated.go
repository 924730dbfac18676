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

// What announces a final answer: answerIs matches such as "The final answer is:" or
// "**Answer:**", selectionIs "the option is" as well; conclusion and selection the
// same, and "A:", which may also be an option's letter.
var (
	answerIs    = regexp.MustCompile(`(?i)\b(?:final\s+)?answer\b` + is)
	conclusion  = regexp.MustCompile(answerIs.String() + aColon)
	selectionIs = regexp.MustCompile(`(?i)\b(?:final\s+answer|answer|choice|option)\b` + is)
	selection   = regexp.MustCompile(selectionIs.String() + aColon)
)

// opens matches an announcement behind "####": "Answer:", or "Final Answer" with
// the answer on a line below it.
var opens = regexp.MustCompile(`(?i)^[\s*_]*(?:the\s+)?(?:final\s+)?answer[\s*_]*(?:\bis\b[\s*_:]*|[:=][\s*_:]*|\n\s*)`)

// heading matches what is behind a "####" that is no result but a heading of
// Markdown: "Step 2: money", "1. Count", "Conclusion".
var heading = regexp.MustCompile(`(?i)^[\s*_]*(?:(?:step|conclusion|summary|solution|explanation|reasoning)\b|\d+[.)]\s+\pL)`)

// places are the parts of an answer that state its result, the most telling
// first, whether or not they can be read:
//
//   - the line of the last "####", an announcement left out, if exact says that it
//     is such a result as is looked for, and it is no heading;
//   - what is announced behind the last "####", and else its line all the same;
//   - what is announced anywhere.
func places(answer string, announcement *regexp.Regexp, exact func(line string) bool) []string {
	var out []string
	if behind, ok := marked(answer); ok {
		line := firstLine(behind[len(opens.FindString(behind)):])
		if exact(line) && !heading.MatchString(line) {
			return []string{line}
		}
		out = append(announced(behind, announcement), line)
	}
	return append(out, announced(answer, announcement)...)
}

// marked is what stands behind the last "####".
func marked(answer string) (string, bool) {
	i := strings.LastIndex(answer, "####")
	if i < 0 {
		return "", false
	}
	return answer[i+4:], true
}

// announced are the content of the last \boxed{}, and then what stands on the
// line behind each announcement, up to the next one; the last comes first.
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

// firstLine is the first line of s that is not blank.
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

// boxed is the content of the last \boxed{...} or \fbox{...} that is closed.
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
