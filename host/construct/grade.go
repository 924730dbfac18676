package construct

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Verdict is what a grader makes of an answer.
type Verdict uint8

const (
	Wrong    Verdict = iota
	Right            // agrees with one of Question.Gold
	Unread           // no answer was found in it, which counts as wrong
	Ungraded         // it is not known: in no label
)

var verdictNames = [...]string{"wrong", "right", "unread", "ungraded"}

// String returns "wrong", "right", "unread" or "ungraded".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", v)
}

// Grader decides whether answers are correct. It is safe for concurrent use.
type Grader interface {
	// Name says how it grades, for the provenance of labels.
	Name() string
	// Check says why answers to q cannot be graded, or nil. It is asked before
	// any is sampled.
	Check(q *Question) error
	// Grade grades a complete answer to a question that Check allows. An error
	// is about the grader, such as a judge that cannot be reached.
	Grade(ctx context.Context, q *Question, answer string) (Verdict, error)
}

// Graders are the names that GraderNamed reads.
func Graders() []string { return []string{"number", "letter", "alias", "alias-contains", "statements"} }

// GraderNamed is the grader "number", "letter", "alias", "alias-contains" or
// "statements".
func GraderNamed(name string) (Grader, error) {
	switch name {
	case "number":
		return NumberGrader{}, nil
	case "letter":
		return LetterGrader{}, nil
	case "alias":
		return AliasGrader{}, nil
	case "alias-contains":
		return AliasGrader{Contains: true}, nil
	case "statements":
		return StatementsGrader{}, nil
	}
	return nil, fmt.Errorf("construct: unknown grader %q: want %s", name, strings.Join(Graders(), ", "))
}

var errNoGold = errors.New("there is no right answer to compare with")

// conclusion matches what announces a final answer, such as "The final answer
// is:", "**Answer:**" or "A:".
var conclusion = regexp.MustCompile(`(?i)\b(?:final\s+answer|answer|choice|option)\b[\s*_]*(?:\bis\b|\bwould be\b|:|=)[\s*_:]*|(?:^|\n)[\s*_]*A:[\s*_]*`)

// final is the end of an answer that states its result, and whether something
// announces it: what stands on the line of the last "####", in the last
// \boxed{}, or else behind the last "answer is", "answer:" or "A:".
func final(answer string) (string, bool) {
	if i := strings.LastIndex(answer, "####"); i >= 0 {
		return firstLine(answer[i+4:]), true
	}
	if s, ok := boxed(answer); ok {
		return s, true
	}
	if all := conclusion.FindAllStringIndex(answer, -1); all != nil {
		return firstLine(answer[all[len(all)-1][1]:]), true
	}
	return "", false
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
