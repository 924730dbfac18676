package construct

import (
	"fmt"

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

// next is the end of the first fragment of answer that ends behind byte from, 0
// if there is none behind which the answer goes on.
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
