package experiment

import "github.com/finece/finece/host/baseline"

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
	Strategy string  `json:"strategy"` // paragraph, periodic, entropy, or entropy>T of another threshold
	Index    int     `json:"index"`    // i of p(i), from 0
	Last     int     `json:"last"`     // z of the strategy's positions: p(z) is the whole answer
	Tokens   int     `json:"tokens"`   // before it
	Ratio    float64 `json:"ratio"`    // Tokens, of those of the whole answer; in [0,1]

	Confidence map[string]float64 `json:"confidence"` // in [0,1], by name; one that is unavailable is not there
	// Cost is what a confidence took beyond the answer itself, by name.
	Cost map[string]baseline.Cost `json:"cost,omitempty"`
	// Tree is that of p(1), if all of its nodes have a confidence.
	Tree *Tree `json:"tree,omitempty"`
	// Label is the state's Monte Carlo label, if it was sampled.
	Label *Label `json:"label,omitempty"`
}

// Label is how often the generator comes to a correct answer from a state: K of N
// continuations, none of which is the answer that the record is of.
type Label struct {
	K int `json:"k"` // 0 to N
	N int `json:"n"` // at least 1
}

// Tree is the sampled continuations of a point, which is its root, node 0.
type Tree struct {
	Confidence []float64 `json:"confidence"` // of each node, in [0,1]
	Parent     []int32   `json:"parent"`     // index of its parent, less than its own; -1 for the root
}
