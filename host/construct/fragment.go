package construct

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/finece/finece/position"
)

// fragments cuts answers at the positions of package position.
type fragments struct {
	options   position.Options
	keepSpace bool
}

func newFragments(kind position.Kind, minLength int, keepSpace bool) (*fragments, error) {
	if kind != position.Paragraph && kind != position.Line {
		return nil, fmt.Errorf("construct: truncation at %q: want paragraph or line", kind)
	}
	o := position.DefaultOptions()
	o.Strategy, o.MinLength = kind, minLength
	return &fragments{o, keepSpace}, o.Validate()
}

// next returns the end of the first fragment of answer that ends after byte from and
// is followed by more text. It is 0 if there is none.
func (f *fragments) next(answer string, from int) int {
	d, err := position.New(f.options)
	if err != nil {
		return 0 // the options were validated
	}
	out := d.Feed(&position.Token{Text: []byte(answer)}, nil)
	for _, p := range d.End(out) {
		end := int(p.Byte)
		if p.Kind&position.End != 0 || end <= from {
			continue
		}
		for f.keepSpace && end < len(answer) && answer[end] <= ' ' {
			end++
		}
		return end
	}
	return 0
}

// passes reports whether a fragment of answer ends at byte prefix: whether next cuts
// there.
func (f *fragments) passes(answer string, prefix int) bool {
	within := prefix
	for f.keepSpace && within > 0 && answer[within-1] <= ' ' {
		within--
	}
	return f.next(answer, within-1) == prefix
}

// count returns the number of fragments of a partial answer.
func (f *fragments) count(partial string) int {
	n := 1
	for end := f.next(partial, 0); end > 0 && end < len(partial); end = f.next(partial, end) {
		n++
	}
	return n
}

// Steps returns the ends, in bytes, of a text's fragments: its paragraphs or lines of
// at least minLength code points. The last one is the end of the text without trailing
// white space. A blank text has none.
func Steps(text string, kind position.Kind, minLength int) ([]int, error) {
	f, err := newFragments(kind, minLength, false)
	if err != nil {
		return nil, err
	}
	d, err := position.New(f.options)
	if err != nil {
		return nil, err
	}
	whole := len(strings.TrimRightFunc(text, unicode.IsSpace))
	var ends []int
	out := d.Feed(&position.Token{Text: []byte(text)}, nil)
	for _, p := range d.End(out) {
		if end := int(p.Byte); p.Kind&position.End == 0 && end < whole {
			ends = append(ends, end)
		}
	}
	if whole > 0 {
		ends = append(ends, whole)
	}
	return ends, nil
}
