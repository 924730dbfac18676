package gateway

import (
	"cmp"
	"slices"

	"github.com/finece/finece/wasm/contract/record"
)

// vote is the policy Vote. Config.Answers answers, asked for in parallel, vote for their final
// answers, weighted by the confidences themselves (CISC, arXiv 2502.06233). The most
// confident of the answers that agree with the result is sent. Answers under way are cancelled
// as soon as they cannot change the result.
type vote struct {
	answers int
	final   func(question, answer string) (string, bool)
	asked   *request
}

func newVote(c *Config, r *request) contest { return vote{c.Answers, c.Final, r} }

// majority is the reason for sending the answer with the most votes.
const majority = "majority"

// side is a group of answers with the same final answer.
type side struct {
	final   string
	votes   float64 // the sum of their confidences
	answers []*contestant
}

func (v vote) next(all []*contestant) (more []variant, winner *contestant, d *record.Decision) {
	if len(all) == 0 {
		return variants(v.answers), nil, nil
	}
	ready, running := arrived(all)
	sides := v.sides(ready)
	switch easy := passed(ready); {
	case easy != nil:
		return nil, easy, nil
	case running == 0 && len(ready) == 0:
		return nil, all[0], nil // its error is the client's answer
	case running > 0 && !decided(sides, running):
		return nil, nil, nil
	case len(sides) == 0:
		winner = best(ready)
		return nil, winner, chose(Vote, winner, highest)
	}
	winner = best(sides[0].answers)
	return nil, winner, chose(Vote, winner, majority)
}

// sides groups some answers into sides, the one with the most votes first. Of two sides with
// equal votes, the one whose answer was asked for first comes first.
func (v vote) sides(some []*contestant) (sides []side) {
	for _, k := range some {
		final, ok := v.final(v.asked.messages.Question(), k.text)
		if !ok || k.headline == nil {
			continue
		}
		i := slices.IndexFunc(sides, func(s side) bool { return s.final == final })
		if i < 0 {
			i, sides = len(sides), append(sides, side{final: final})
		}
		sides[i].votes += k.headline.Fused
		sides[i].answers = append(sides[i].answers, k)
	}
	slices.SortStableFunc(sides, func(a, b side) int { return cmp.Compare(b.votes, a.votes) })
	return sides
}

// decided reports whether the answers under way cannot change which side is first. Each adds 1
// at most.
func decided(sides []side, running int) bool {
	if len(sides) == 0 {
		return false
	}
	second := 0.0
	if len(sides) > 1 {
		second = sides[1].votes
	}
	return sides[0].votes > second+float64(running)
}
