package experiment

import (
	"context"
	"math"
	"slices"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// ByShare is the strategy of the positions at fixed shares of an answer's tokens.
const ByShare = "share"

// shares are the fixed shares of the strategy ByShare.
var shares = []float64{0.1, 0.3, 0.5, 1}

// soFar returns the first n tokens of an answer, or nil if the tokens are unknown.
func soFar(a *openai.Completion, n int) []openai.Token {
	if len(a.Tokens) == 0 {
		return nil
	}
	return a.Tokens[:min(n, len(a.Tokens))]
}

// shares returns the points at fixed shares of the tokens. A baseline that uses only
// log-probabilities sees exactly the tokens so far. Every other method has its latest
// confidence by then, with its cost: that of the last paragraph end where the method was
// measured.
func (w *work) shares(ctx context.Context, q *grade.Question, a *openai.Completion, points []Point) ([]Point, error) {
	var ends []*Point
	for i := range points {
		if points[i].Strategy == ByParagraph {
			ends = append(ends, &points[i])
		}
	}
	if len(ends) == 0 {
		return nil, nil
	}
	all := ends[len(ends)-1].Tokens
	out := make([]Point, len(shares))
	for i, share := range shares {
		p := &out[i]
		*p = Point{Strategy: ByShare, Index: i, Last: len(shares) - 1, Tokens: int(math.Ceil(share * float64(all))), Confidence: map[string]float64{}}
		p.Ratio = float64(p.Tokens) / float64(max(all, 1))
		for _, end := range ends {
			if end.Tokens > p.Tokens {
				break
			}
			for name, v := range end.Confidence {
				p.Confidence[name] = v
				p.spend(name, end.Cost[name])
			}
		}
		tokens := soFar(a, p.Tokens)
		if tokens == nil || w.Collector == nil {
			continue
		}
		p.Trajectory = featuresOf(tokens)
		p.Profile = baseline.Profile(tokens)
		text := ""
		for _, t := range tokens {
			text += t.Text
		}
		// At 100%, the estimate of p(z) above is kept.
		exact := slices.DeleteFunc(slices.Clone(w.Baselines), func(e baseline.Estimator) bool {
			return i == len(shares)-1 || e.Needs()&^(baseline.Tokens|baseline.First|baseline.SolverTokens) != 0
		})
		if err := w.baselines(ctx, baseline.State{Question: q, Text: text, Tokens: tokens}, exact, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}
