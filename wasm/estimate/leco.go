package estimate

import "github.com/finece/finece/metrics/portable"

// StepScores are LeCo's three scores of one step. A step is a run of n tokens with the
// probabilities p(1) to p(n). LeCo's authors add them up to one score, Average + Transition -
// Divergence, which is between -ln(1+(ln n)^(1/3)) and 2. [LECO] uses
// [StepScores.Confidence] instead.
type StepScores struct {
	Average    float64 // intra-step: the mean of p(i)
	Divergence float64 // intra-step: ln(1 + KL^(1/3)), KL in nats from the uniform distribution to p(i)/sum p
	Transition float64 // inter-step: the mean of the first Options.Transition p(i)
}

// Confidence returns (Average+Transition)/2 * e^-Divergence, in [0,1]. If one of the three
// scores changes, it rises or falls as LeCo's own score does. It stays in [0,1] without
// clamping: e^-Divergence is 1/(1+KL^(1/3)).
func (s StepScores) Confidence() float64 {
	return min((s.Average+s.Transition)/2*portable.Exp(-s.Divergence), 1)
}

// Scores returns the scores of the current step. If the current step has no token with a
// log-probability yet, it returns those of the previous step. ok is false if there is no such
// step, and for methods other than LECO.
func (l *Logprob) Scores() (scores StepScores, ok bool) {
	if l.method != LECO || l.seen == 0 {
		return StepScores{}, false
	}
	if l.leco.step.tokens == 0 {
		return l.leco.last, true
	}
	return l.leco.scores(), true
}

type leco struct {
	first  int // how many tokens make the transition score
	step   step
	last   StepScores
	closed int64
	total  float64 // sum of the confidences of closed steps
}

type step struct {
	tokens    int64
	sum       float64 // sum of p
	surprise  float64 // sum of p ln p
	beginning float64 // sum of p over the first tokens
}

func (c *leco) push(lp float64) {
	p := portable.Exp(lp)
	if c.step.tokens < int64(c.first) {
		c.step.beginning += p
	}
	c.step.tokens++
	c.step.sum += p
	c.step.surprise += float64(p * lp)
}

func (c *leco) close() {
	if c.step.tokens == 0 {
		return
	}
	c.last = c.scores()
	c.total += c.last.Confidence()
	c.closed++
	c.step = step{}
}

// rounding is a divergence that counts as 0. Without it, the cube root would turn an error in
// the last digit into 5e-6.
const rounding = 1e-12

func (c *leco) scores() StepScores {
	n := float64(c.step.tokens)
	s := StepScores{
		Average:    c.step.sum / n,
		Transition: c.step.beginning / float64(min(c.step.tokens, int64(c.first))),
	}
	if c.step.sum > 0 {
		// sum q ln(q n) for q = p/sum, term by term.
		kl := portable.Log(n) + c.step.surprise/c.step.sum - portable.Log(c.step.sum)
		if kl > rounding {
			s.Divergence = portable.Log(1 + portable.Exp(portable.Log(kl)/3))
		}
	}
	return s
}

func (c *leco) confidence() float64 {
	if c.step.tokens == 0 {
		return c.total / float64(c.closed)
	}
	return (c.total + c.scores().Confidence()) / float64(c.closed+1)
}
