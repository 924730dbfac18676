package gateway

import (
	"github.com/finece/finece/wasm/contract/record"
)

// vote is the policy Vote: Config.Answers answers in parallel vote for their final
// answers, each by its confidence (CISC, arXiv 2502.06233, with the confidences as weights
// as they are). The most confident of the answers that agree with the result is sent. As
// soon as the answers that are still to come cannot change the result, they are cancelled.
type vote struct {
	answers int
	final   func(question, answer string) (string, bool)
	asked   *request
}

func newVote(c *Config, r *request) contest { return vote{c.Answers, c.Final, r} }

// majority is the reason of a decision for the answer with the most votes.
const majority = "majority"

func (v vote) next(all []*contestant) (more []variant, winner *contestant, d *record.Decision) {
	if len(all) == 0 {
		return variants(v.answers), nil, nil
	}
	ready, running := arrived(all)
	if running == 0 && len(ready) == 0 {
		return nil, none(all), nil
	}
	sides, votes := map[string][]*contestant{}, map[string]float64{}
	for _, k := range ready {
		if final, ok := v.final(v.asked.question, k.text); ok && k.headline != nil {
			sides[final] = append(sides[final], k)
			votes[final] += k.headline.Fused
		}
	}
	// The order is that of the answers, so that a tie is decided in the same way each time.
	first, second := "", 0.0
	for _, k := range ready {
		switch final, ok := v.final(v.asked.question, k.text); {
		case !ok || final == first || k.headline == nil:
		case first == "" || votes[final] > votes[first]:
			first = final
		}
	}
	for final, sum := range votes {
		if final != first {
			second = max(second, sum)
		}
	}
	switch {
	case running > 0 && (first == "" || votes[first] <= second+float64(running)): // a vote counts 1 at most
		return nil, nil, nil
	case first == "":
		winner = best(ready)
		return nil, winner, chose(Vote, winner, highest)
	}
	winner = best(sides[first])
	return nil, winner, chose(Vote, winner, majority)
}
