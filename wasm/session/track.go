package session

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
)

// lag is the most tokens by which the built-in estimator trails the stream. The end
// of a paragraph is known only when the next one has begun, and its estimate must
// not include the tokens in between.
const lag = 64

// track is what a choice keeps of one segment: the built-in estimator, which
// trails the stream by a few tokens, and the text that a confidence model judges.
type track struct {
	estimator estimate.Logprob
	recent    [lag]float64 // log-probabilities of the last tokens, by token index modulo lag
	unseen    [lag]uint8   // tokens before each of these that the server did not list
	seen      int64        // tokens pushed
	read      int64        // tokens that the estimator has read

	text []byte // what Request quotes: the segment's first Config.MaxText bytes
}

// push takes the next token.
func (t *track) push(from drawn) {
	if t.seen-t.read == lag {
		t.advance(t.read + 1)
	}
	t.recent[t.seen%lag], t.unseen[t.seen%lag] = from.logprob, from.unseen
	t.seen++
}

// advance lets the estimator read up to the given token index.
func (t *track) advance(token int64) {
	for t.read < min(token, t.seen) {
		t.estimator.Unseen(int64(t.unseen[t.read%lag]))
		t.estimator.Token(t.recent[t.read%lag])
		t.read++
	}
}

// estimate is the built-in estimator's confidence at a position. There is none if more
// than the share maxMissing of the tokens are missing or implausible.
func (t *track) estimate(p *position.Position, maxMissing float64) (float64, Reason) {
	if p.Estimated || t.seen == 0 {
		return nan, NoLogprobs
	}
	t.advance(p.Token)
	value, why := t.estimator.Confidence()
	t.estimator.Step()
	switch lacks := t.estimator.Lacks(maxMissing); {
	case lacks && t.estimator.Implausible() > 0:
		return nan, ImplausibleLogprobs
	case lacks:
		return nan, NoLogprobs
	}
	return value, reasonOf(why)
}

// keep appends to the text to judge, as far as MaxText allows.
func (t *track) keep(text []byte, limit int) {
	t.text = append(t.text, text[:min(len(text), limit-len(t.text))]...)
}
