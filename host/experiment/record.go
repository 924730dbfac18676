package experiment

import (
	"errors"
	"fmt"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/position"
)

// Subject is something whose confidences are measured: a confidence model.
type Subject struct {
	Name  string // such as "FineCE"
	Asker *Asker
	// Main is the one that is measured by every strategy, and with trees.
	Main bool
}

// Config is a run on one set of questions. Start from [DefaultConfig].
type Config struct {
	Domain    string // of the questions, for the tables
	Generator *construct.Generator
	Grader    construct.Grader
	Subjects  []Subject
	Baselines []baseline.Estimator
	Collector *baseline.Collector // of the baselines; nil for none

	Answers  int // sampled of each question
	Depth    int // of the tree at p(1); 0 for none
	Width    int
	Every    int     // tokens from one periodic position to the next
	Entropy  float64 // nats that an entropy position takes
	Seed     uint64
	Store    construct.Store // keeps every reply
	Requests int             // at once
	Observe  func(answers int)
}

// DefaultConfig has two answers a question, trees of depth 2 and width 4,
// periodic positions every 30 tokens and entropy positions above 1e-10 nats, as
// in the paper's experiments.
func DefaultConfig() Config {
	return Config{Answers: 2, Depth: 2, Width: 4, Every: 30, Entropy: 1e-10, Requests: 8}
}

// Validate says what is wrong with c, or nil.
func (c *Config) Validate() error {
	switch {
	case c.Generator == nil || c.Grader == nil:
		return errors.New("experiment: Generator and Grader have to be set")
	case len(c.Subjects) == 0 && c.Collector == nil:
		return errors.New("experiment: there is nothing to measure: want Subjects or a Collector")
	case c.Answers < 1 || c.Requests < 1:
		return errors.New("experiment: Answers and Requests have to be at least 1")
	case c.Depth < 0 || c.Width < 0 || c.Depth > 4 || c.Width > 16:
		return fmt.Errorf("experiment: depth %d and width %d: want 0 to 4 and 0 to 16", c.Depth, c.Width)
	}
	return position.Options{Strategy: position.Periodic | position.Entropy, Every: c.Every, Threshold: c.Entropy, MinLength: 1}.Validate()
}

// Record is one sampled answer with all that was measured of it.
type Record struct {
	ID      string  `json:"id"` // of the question
	Domain  string  `json:"domain"`
	Sample  int     `json:"sample"` // of the question's answers, from 0
	Correct bool    `json:"correct"`
	Tokens  int     `json:"tokens"` // of the answer
	Points  []Point `json:"points"` // in the order of their text, paragraph ends first
}

// Point is a position of an answer.
type Point struct {
	Strategy string  `json:"strategy"` // paragraph, periodic or entropy
	Index    int     `json:"index"`    // i of p(i), from 0
	Last     int     `json:"last"`     // z of the strategy's positions: p(z) is the whole answer
	Tokens   int     `json:"tokens"`   // before it
	Ratio    float64 `json:"ratio"`    // Tokens of the answer's

	Confidence map[string]float64 `json:"confidence"` // by name; one that is unavailable is not there
	// Cost is what a confidence took beyond the answer itself, by name.
	Cost map[string]baseline.Cost `json:"cost,omitempty"`
	Tree *Tree                    `json:"tree,omitempty"` // of p(1)
}

// Tree is the sampled continuations of a point, which is its root, node 0.
type Tree struct {
	Confidence []float64     `json:"confidence"`
	Parent     []int32       `json:"parent"`
	Cost       baseline.Cost `json:"cost"`
}
