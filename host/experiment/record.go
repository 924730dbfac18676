package experiment

import "github.com/finece/finece/host/baseline"

// Record is one sampled answer with all its measurements.
type Record struct {
	ID      string `json:"id"` // of the question
	Domain  string `json:"domain"`
	Sample  int    `json:"sample"` // of the question's answers, from 0
	Seed    uint64 `json:"seed"`   // of the sampling
	Correct bool   `json:"correct"`
	Tokens  int    `json:"tokens"` // of the answer
	// Likeness is nil if the questions of the training are not known.
	Likeness *Likeness `json:"likeness,omitempty"`
	Points   []Point   `json:"points"` // in the order of their text, paragraph ends first
	// Unavailable says why a baseline was not asked, by its name: it gave no confidence for
	// any of the first answers.
	Unavailable map[string]string `json:"unavailable,omitempty"`
}

// Point is a position of an answer.
type Point struct {
	Strategy string  `json:"strategy"` // paragraph, periodic, entropy, entropy>T of another threshold, or share
	Index    int     `json:"index"`    // i of p(i), from 0
	Last     int     `json:"last"`     // z of the strategy's positions: p(z) is the whole answer
	Tokens   int     `json:"tokens"`   // before it
	Ratio    float64 `json:"ratio"`    // Tokens, of those of the whole answer; in [0,1]

	Confidence map[string]float64 `json:"confidence"` // in [0,1], by name; unavailable ones are missing
	// Cost is the cost of a confidence without the answer itself, by name: of this one
	// estimate, not of those before it.
	Cost map[string]baseline.Cost `json:"cost,omitempty"`
	// Profile is the uncertainty-trace profile of the tokens so far (baseline.Profile).
	Profile []float64 `json:"profile,omitempty"`
	// Trajectory are the features of a trajectory model (estimate.Trajectory) of the tokens
	// so far, by their numbers. Features of alternatives are missing where there are none.
	Trajectory []float64 `json:"trajectory,omitempty"`
	// Tree belongs to p(1). It is nil if one of its nodes has no confidence.
	Tree *Tree `json:"tree,omitempty"`
	// Label is the state's Monte Carlo label; nil if none was sampled.
	Label *Label `json:"label,omitempty"`
}

// Label says how often the generator reaches a correct answer from a state: K of N
// continuations. The record's own answer is not one of them.
type Label struct {
	K int `json:"k"` // 0 to N
	N int `json:"n"` // at least 1
}

// Tree holds the sampled continuations of a point. The point is the root, node 0.
type Tree struct {
	Confidence []float64 `json:"confidence"` // of each node, in [0,1]
	Parent     []int32   `json:"parent"`     // index of its parent, less than its own; -1 for the root
	// Sampled and Scored are the costs of the continuations and of their confidences.
	Sampled baseline.Cost `json:"sampled"`
	Scored  baseline.Cost `json:"scored"`
}
