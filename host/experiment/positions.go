package experiment

import (
	"fmt"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// The names of the strategies in records.
const (
	ByParagraph = "paragraph"
	ByPeriod    = "periodic"
	ByEntropy   = "entropy"
)

// above returns the name of the strategy of entropy positions above a further threshold,
// in nats.
func above(threshold float64) string { return fmt.Sprintf("%s>%g", ByEntropy, threshold) }

// strategy is a way to choose positions.
type strategy struct {
	name string // in records
	position.Options
}

// strategies returns all strategies that are measured.
func (c *Config) strategies() []strategy {
	with := func(name string, kind position.Kind, threshold float64) strategy {
		o := position.DefaultOptions()
		o.Strategy, o.Every, o.EntropyThreshold = kind, c.Every, threshold
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

// session returns the configuration of a session that estimates at the positions of a
// strategy and integrates nothing. Its limits are larger than any answer needs.
func (by *strategy) session(question string) host.Config {
	c := session.DefaultConfig()
	c.Question, c.Positions = question, by.Options
	c.Fusion.Depth, c.Fusion.Width = 0, 0
	c.MaxEvent, c.MaxPending, c.MaxText = 16<<20, 4096, 16<<20
	return c
}
