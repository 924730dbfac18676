package experiment

import (
	"errors"
	"fmt"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/defaults"
)

// Subject is a confidence model whose confidences are measured.
type Subject struct {
	Name  string // such as "FineCE"
	Asker *Asker
	// Main says that this subject is also measured under the other strategies than
	// paragraphs, and with trees.
	Main bool
}

// Config configures a run on one set of questions. Start from [DefaultConfig].
type Config struct {
	Domain    string      // name of the set of questions, for the tables
	Engine    host.Engine // runs the core, which finds positions and reads confidences from replies
	Generator *openai.Generator
	Grader    grade.Grader
	Subjects  []Subject
	Baselines []baseline.Estimator
	Collector *baseline.Collector // of the baselines; nil for none

	// Recorded has answers that were sampled before. If it is nil, Generator samples them.
	Recorded *Recorded
	// Unavailable says why a method has no figures, by the method's name. It may be nil.
	Unavailable map[string]string

	// Seen says how the questions in the confidence model's training data read. If it is
	// nil, no question is marked as unlike them.
	Seen *calibrate.Likeness

	Answers   int          // answers to each question; at least 1
	Depth     int          // of the tree at p(1), 0 to 4; 0 for none
	Width     int          // of the tree, 0 to 16; 0 for none
	Labels    int          // continuations for the label of p(0), p(1) and p(z-1) of paragraphs; 0 for none
	Every     int          // tokens from one periodic position to the next
	Entropy   float64      // threshold of entropy positions, in nats
	Entropies []float64    // further thresholds of entropy positions to measure, in nats; all different
	Seed      uint64       // of the sampling
	Store     openai.Store // keeps the sampled answers; nil keeps none
	Requests  int          // requests in flight at once; at least 1
	// Observe is called with the number of answers that were measured since the last
	// call. Several goroutines may call it at once. It may be nil.
	Observe func(answers int)
}

// DefaultConfig returns the settings of the paper's experiments: one answer to each
// question, trees of depth 2 and width 4, periodic positions every 30 tokens, and
// entropy positions above 1e-10 nats. It also measures entropy positions above 0.1, 0.5
// and 1 nats, and samples 15 continuations for a label.
func DefaultConfig() Config {
	return Config{
		Answers: defaults.ExperimentAnswers, Depth: defaults.ExperimentDepth, Width: defaults.ExperimentWidth,
		Labels: defaults.ExperimentLabels, Every: defaults.ExperimentEvery,
		Entropy: position.DefaultOptions().EntropyThreshold, Entropies: []float64{0.1, 0.5, 1},
		Requests: defaults.ModelRequests,
	}
}

// Validate returns what is wrong with c, or nil.
func (c *Config) Validate() error {
	switch {
	case c.Engine == nil || c.Generator == nil || c.Grader == nil:
		return errors.New("experiment: Engine, Generator and Grader have to be set")
	case c.Recorded != nil && c.Depth > 0 && c.Width > 0:
		return errNoGenerator
	case len(c.Subjects) == 0 && c.Collector == nil:
		return errors.New("experiment: nothing to measure: set Subjects or Collector")
	case c.Answers < 1 || c.Requests < 1:
		return errors.New("experiment: Answers and Requests have to be at least 1")
	case c.Labels < 0:
		return fmt.Errorf("experiment: %d continuations for a label: want 0 or more", c.Labels)
	case c.Depth < 0 || c.Width < 0 || c.Depth > 4 || c.Width > 16:
		return fmt.Errorf("experiment: depth %d and width %d: want a depth of 0 to 4 and a width of 0 to 16", c.Depth, c.Width)
	}
	for _, threshold := range append([]float64{c.Entropy}, c.Entropies...) {
		o := position.Options{Strategy: position.Periodic | position.Entropy, Every: c.Every, EntropyThreshold: threshold, MinLength: 1}
		if err := o.Validate(); err != nil {
			return err
		}
	}
	return nil
}
