package experiment

import (
	"math"
	"strings"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/position"
	"github.com/finece/finece/position/logprob"
)

// The strategies, by the names that records have.
const (
	ByParagraph = "paragraph"
	ByPeriod    = "periodic"
	ByEntropy   = "entropy"
)

// place is a position of an answer.
type place struct {
	text   string // the answer up to it
	tokens int
	whole  bool
}

// places are the positions of an answer by a strategy, p(0) and p(z) among them,
// and how many tokens it has.
func places(answer *construct.Completion, strategy string, c *Config) ([]place, int, error) {
	kind, err := position.ParseStrategy(strategy)
	if err != nil {
		return nil, 0, err
	}
	o := position.DefaultOptions()
	o.Strategy, o.Every, o.Threshold = kind, c.Every, c.Entropy
	d, err := position.New(o)
	if err != nil {
		return nil, 0, err
	}
	var found []position.Position
	for _, t := range answer.Tokens {
		found = d.Feed(detectable(&t), found)
	}
	if answer.Tokens == nil {
		found = d.Feed(&position.Token{Text: []byte(answer.Text)}, found)
	}
	found = d.End(found)
	total, _ := d.Total(position.Answer)
	out := []place{{}}
	for _, p := range found {
		text := answer.Text[:min(int(p.Byte), len(answer.Text))]
		out = append(out, place{strings.TrimRight(text, " \n\t"), int(p.Token), p.Kind == position.End})
	}
	return out, int(total), nil
}

// detectable is a token with the bounds of its entropy.
func detectable(t *construct.Token) *position.Token {
	top := make([]float64, len(t.Top))
	chosen := t.Logprob
	for i, a := range t.Top {
		top[i] = a.Logprob
		if a.Text == t.Text {
			chosen = math.NaN()
		}
	}
	p := &position.Token{Text: []byte(t.Text), Counted: true, EntropyLo: math.NaN(), EntropyHi: math.NaN()}
	if lo, hi, ok := logprob.Entropy(top, chosen); ok {
		p.EntropyLo, p.EntropyHi = lo, hi
	}
	return p
}
