package experiment

import (
	"fmt"
	"math"
	"strings"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
)

// The strategies, by the names that records have.
const (
	ByParagraph = "paragraph"
	ByPeriod    = "periodic"
	ByEntropy   = "entropy"
)

// above is the strategy of entropy positions above another threshold than
// Config.Entropy, in nats.
func above(threshold float64) string { return fmt.Sprintf("%s>%g", ByEntropy, threshold) }

// strategy is a way to choose positions.
type strategy struct {
	name string // in records
	position.Options
}

// strategies are all that are measured.
func (c *Config) strategies() []strategy {
	with := func(name string, kind position.Kind, threshold float64) strategy {
		o := position.DefaultOptions()
		o.Strategy, o.Every, o.Threshold = kind, c.Every, threshold
		return strategy{name, o}
	}
	out := []strategy{
		with(ByParagraph, position.Paragraph, c.Entropy),
		with(ByPeriod, position.Periodic, c.Entropy),
		with(ByEntropy, position.Entropy, c.Entropy),
	}
	for _, threshold := range c.Entropies {
		out = append(out, with(above(threshold), position.Entropy, threshold))
	}
	return out
}

// place is a position of an answer.
type place struct {
	text   string // the answer up to it
	tokens int
	whole  bool
}

// places are the positions of an answer, p(0) and p(z) among them, and how many
// tokens it has.
func places(answer *openai.Completion, o position.Options) ([]place, int, error) {
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
func detectable(t *openai.Token) *position.Token {
	top := make([]float64, len(t.Top))
	chosen := t.Logprob
	for i, a := range t.Top {
		top[i] = a.Logprob
		if a.Text == t.Text {
			chosen = math.NaN()
		}
	}
	p := &position.Token{Text: []byte(t.Text), Counted: true, EntropyLo: math.NaN(), EntropyHi: math.NaN()}
	if lo, hi, ok := position.EntropyBounds(top, chosen); ok {
		p.EntropyLo, p.EntropyHi = lo, hi
	}
	return p
}
