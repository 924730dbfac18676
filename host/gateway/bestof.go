package gateway

import "github.com/finece/finece/wasm/contract/record"

// bestOf is the policy BestOf. It asks for Config.Answers answers in parallel and sends the most
// confident one. It only ranks answers, so confidences that are not calibrated are good enough.
type bestOf struct{ answers int }

func newBestOf(c *Config, _ *request) contest { return bestOf{c.Answers} }

// highest is the reason for sending the answer with the highest confidence.
const highest = "highest"

func (b bestOf) next(all []*contestant) (more []variant, winner *contestant, d *record.Decision) {
	if len(all) == 0 {
		return variants(b.answers), nil, nil
	}
	ready, running := arrived(all)
	switch easy := passed(ready); {
	case easy != nil:
		return nil, easy, nil
	case running > 0:
		return nil, nil, nil
	case len(ready) == 0:
		return nil, all[0], nil // its error is the client's answer
	}
	winner = best(ready)
	return nil, winner, chose(BestOf, winner, highest)
}

// variants returns n variants for answers of the client's model, with seeds 0 to n-1.
func variants(n int) []variant {
	all := make([]variant, n)
	for i := range all {
		all[i].seed = i
	}
	return all
}
