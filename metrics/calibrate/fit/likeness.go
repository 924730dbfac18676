package fit

import (
	"errors"
	"math"
	"slices"

	"github.com/finece/finece/metrics/calibrate"
)

// FewestQuestions is the minimum number of different questions for a likeness.
const FewestQuestions = 100

// ErrFewQuestions means that there are fewer different questions than FewestQuestions.
var ErrFewQuestions = errors.New("fit: too few questions to describe their wording; want at least 100 different ones")

// unlike is the share of questions of the same kind that may be called unlike the others.
const unlike = 0.01

// LikenessOf learns the wording of the questions of labelled answers. Four questions in five
// give the surprisals. The surprisal of a hash is -log2((n+1/2)/(N+Runs/2)), where n of all N
// runs have that hash. Every fifth question is kept for the limit, by split conformal
// prediction (see [StopBelow]). If these are m questions, the limit is the mean surprisal of
// rank ceil(0.99 (m+1)) among them. A further question that is exchangeable with them is above
// the limit with probability at most 1%, or 1/(m+1) if m is below 99. A question that is given
// several times counts once. The error is [ErrFewQuestions].
func LikenessOf(questions []string) (*calibrate.Likeness, error) {
	seen := make(map[string]bool, len(questions))
	var held []string
	var counts [calibrate.Runs]float64
	total := 0.0
	for _, q := range questions {
		if seen[q] {
			continue
		}
		seen[q] = true
		if len(seen)%5 == 0 {
			held = append(held, q)
			continue
		}
		calibrate.EachRun(q, func(run int) {
			counts[run]++
			total++
		})
	}
	if len(seen) < FewestQuestions {
		return nil, ErrFewQuestions
	}
	surprisal := make([]byte, calibrate.Runs)
	for run, n := range counts {
		bits := -math.Log2((n + 0.5) / (total + calibrate.Runs/2))
		surprisal[run] = byte(min(calibrate.LeastSurprisal+math.Round(bits/calibrate.SurprisalStep), calibrate.MaxSurprisal))
	}
	l := &calibrate.Likeness{Surprisal: string(surprisal)}
	scores := make([]float64, len(held))
	for i, q := range held {
		scores[i] = l.Of(q)
	}
	slices.Sort(scores)
	rank := int(math.Ceil((1-unlike)*float64(len(scores)+1) - 1e-9))
	l.Above = scores[min(rank, len(scores))-1]
	return l, nil
}
