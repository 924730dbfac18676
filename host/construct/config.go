package construct

import (
	"errors"
	"fmt"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/defaults"
)

// Complete says which complete answers become states.
type Complete uint8

const (
	OfQuestion Complete = iota // the K answers to the question itself
	OfAll                      // those, and all completions of partial answers
	OfNone
)

var completeNames = [...]string{"question", "all", "none"}

func (c Complete) String() string {
	if int(c) < len(completeNames) {
		return completeNames[c]
	}
	return fmt.Sprintf("complete(%d)", c)
}

// ParseComplete reads "question", "all" or "none".
func ParseComplete(s string) (Complete, error) {
	for i, name := range completeNames {
		if s == name {
			return Complete(i), nil
		}
	}
	return 0, fmt.Errorf("construct: unknown choice of complete answers %q: want question, all or none", s)
}

// Config configures a run. Start from [DefaultConfig] and set Generator and Grader.
type Config struct {
	Plan
	Generator *openai.Generator
	Grader    grade.Grader
	// Equivalence, if set, groups answers that mean the same, and one answer of each
	// group is graded for all. Equal answers then get equal verdicts, and a judge is
	// asked less often. nil grades each distinct answer.
	Equivalence *grade.Entailment
	Seed        uint64

	Truncate  position.Kind // Paragraph or Line
	MinLength int           // code points that a fragment needs; a shorter one joins the next
	KeepSpace bool          // send the white space after a fragment with it

	Vectorizer      Vectorizer // of fragments
	ClusterDistance float64    // cosine distance from which clusters are not merged, in [0,2]
	Surplus         Surplus    // what to do with more than M clusters

	Complete Complete
	// Pool makes more labels from the same completions. Each prefix that an answer to the
	// question passes through becomes a state too. A partial answer is labelled by all
	// completions that pass through it, also by those sampled for another prefix. A
	// completion that continues the last fragment of a partial answer does not pass
	// through it.
	Pool       bool
	Level      float64 // of the intervals
	Split      Split
	Provenance Provenance // further provenance; the fields that Config knows are set by Run

	Requests  int // requests to the generator at once
	Questions int // questions at once, so that a slow one does not leave the server idle
	Store     openai.Store
	// Observe is called after every change, by several goroutines at once, with the
	// number of completions that arrived and of those that will not be asked for. It may
	// be nil.
	Observe func(completions, notAsked int)
}

// DefaultConfig returns the paper's k = 30, three depths of three partial answers, paragraphs,
// TF-IDF with the cluster distance of the authors' code (0.3), and 95% intervals.
func DefaultConfig() Config {
	return Config{
		Plan:     Plan{K: defaults.ConstructK, T: defaults.ConstructT, M: defaults.ConstructM},
		Truncate: position.Paragraph, MinLength: position.DefaultOptions().MinLength,
		Vectorizer: TFIDF{}, ClusterDistance: defaults.ConstructClusterDistance, Level: 0.95,
		Requests: defaults.ModelRequests, Questions: 4 * defaults.ModelRequests, Split: Split{Train: 1},
	}
}

// Validate returns what is wrong with c, or nil.
func (c *Config) Validate() error {
	if err := c.Plan.Validate(); err != nil {
		return err
	}
	if err := c.Split.Validate(); err != nil {
		return err
	}
	switch {
	case c.Generator == nil || c.Grader == nil || c.Vectorizer == nil:
		return errors.New("construct: set Generator, Grader and Vectorizer; start from DefaultConfig")
	case !(c.ClusterDistance >= 0 && c.ClusterDistance <= 2):
		return fmt.Errorf("construct: cluster distance %v: want a cosine distance, 0 to 2", c.ClusterDistance)
	case !(c.Level >= 0.5 && c.Level <= 0.999999):
		return fmt.Errorf("construct: level %v: want 0.5 to 0.999999", c.Level)
	case c.Requests < 1 || c.Questions < 1:
		return errors.New("construct: Requests and Questions have to be at least 1; start from DefaultConfig")
	case int(c.Complete) >= len(completeNames) || c.Surplus > Merge:
		return errors.New("construct: unknown Complete or Surplus")
	}
	_, err := newFragments(c.Truncate, c.MinLength, c.KeepSpace)
	return err
}
