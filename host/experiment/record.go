package experiment

import "github.com/finece/finece/host/baseline"

// Record is one sampled answer with all its measurements.
type Record struct {
	ID      string `json:"id"` // of the question
	Domain  string `json:"domain"`
	Sample  int    `json:"sample"` // number among the question's answers, from 0
	Seed    uint64 `json:"seed"`   // of the sampling
	Correct bool   `json:"correct"`
	Tokens  int    `json:"tokens"` // of the answer
	// Likeness is nil if the questions of the training data are not known.
	Likeness *Likeness `json:"likeness,omitempty"`
	Points   []Point   `json:"points"` // strategy by strategy, paragraphs first; in a strategy, in the order of the text
	// Unavailable says why a method has no figures, by the method's name.
	Unavailable map[string]string `json:"unavailable,omitempty"`
}

// Point is a position of an answer.
type Point struct {
	Strategy string  `json:"strategy"` // paragraph, periodic, entropy, share, or entropy>T for a further threshold T
	Index    int     `json:"index"`    // i of p(i), from 0
	Last     int     `json:"last"`     // z of this strategy: p(z) is the whole answer
	Tokens   int     `json:"tokens"`   // number of tokens before the position
	Ratio    float64 `json:"ratio"`    // Tokens divided by the tokens of the whole answer; in [0,1]

	Confidence map[string]float64 `json:"confidence"` // in [0,1], by the method's name; unavailable ones are missing
	// Cost is the cost of each confidence, by the method's name. It counts this one
	// estimate, without the answer itself and without earlier estimates.
	Cost map[string]baseline.Cost `json:"cost,omitempty"`
	// Profile is the uncertainty-trace profile of the tokens so far (baseline.Profile).
	Profile []float64 `json:"profile,omitempty"`
	// Trajectory has the features of the tokens so far for a trajectory model
	// (estimate.Trajectory), indexed by estimate.Feature. If tokens have no alternatives,
	// the features from estimate.Entropy on are missing.
	Trajectory []float64 `json:"trajectory,omitempty"`
	// Tree belongs to p(1). It is nil if one of its nodes has no confidence.
	Tree *Tree `json:"tree,omitempty"`
	// Label is the state's Monte Carlo label, or nil if none was sampled.
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
	Parent     []int32   `json:"parent"`     // index of each node's parent, lower than its own; -1 for the root
	// Sampled is the cost of the continuations, and Scored that of their confidences.
	Sampled baseline.Cost `json:"sampled"`
	Scored  baseline.Cost `json:"scored"`
}
