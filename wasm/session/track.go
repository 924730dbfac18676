package session

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
)

// lag is the most tokens that wait before the built-in estimator reads them. The end
// of a paragraph is known only when the next paragraph has begun. The estimate at
// that end must not include the tokens in between.
const lag = 64

// track is the state of one segment of a choice: the built-in estimator with the tokens that it
// has not read yet, and the text for a confidence model.
type track struct {
	estimator estimate.Logprob
	recent    [lag]float64 // log-probabilities of the last tokens, by token index modulo lag
	unseen    [lag]uint8   // tokens before each of these that the server did not list
	seen      int64        // tokens pushed
	read      int64        // tokens that the estimator has read
	shape     *shape       // for the estimator Trajectory, else nil

	text []byte // the segment's first Config.MaxText bytes, which Request quotes
}

// shape computes the features of a segment for a trajectory model. It reads the tokens when the
// built-in estimator does.
type shape struct {
	estimate.Trajectory
	peaks [lag]float64 // drawn.likeliest of each token in track.recent
}

// push takes the next token.
func (t *track) push(from drawn) {
	if t.seen-t.read == lag {
		t.advance(t.read + 1)
	}
	t.recent[t.seen%lag], t.unseen[t.seen%lag] = from.logprob, from.unseen
	if t.shape != nil {
		t.shape.peaks[t.seen%lag] = from.likeliest()
	}
	t.seen++
}

// advance lets the estimator read up to the given token index.
func (t *track) advance(token int64) {
	for t.read < min(token, t.seen) {
		t.estimator.Unseen(int64(t.unseen[t.read%lag]))
		t.estimator.Token(t.recent[t.read%lag])
		if t.shape != nil {
			t.shape.Token(t.recent[t.read%lag], t.shape.peaks[t.read%lag])
		}
		t.read++
	}
}

// estimate returns the confidence from the log-probabilities before a position, by the built-in
// estimator or the trajectory model. If more than the share maxMissing of the tokens is missing
// or implausible, it returns NaN and the reason.
func (t *track) estimate(p *position.Position, model *estimate.TrajectoryModel, maxMissing float64) (float64, Reason) {
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
	if t.shape != nil && why == estimate.Available {
		return t.shape.confidence(p, model, maxMissing)
	}
	return value, reasonOf(why)
}

// confidence returns the trajectory model's confidence. It is NaN, with a reason, if there is
// no model, or no alternatives for a model that reads them.
func (s *shape) confidence(p *position.Position, model *estimate.TrajectoryModel, maxMissing float64) (float64, Reason) {
	if model == nil {
		return nan, NoTrajectory
	}
	var features [estimate.Features]float64
	s.Read(&features, maxMissing)
	if model.Observe != nil {
		model.Observe(p, &features)
	}
	value := model.Confidence(model.PhaseAt(p.Kind&position.End != 0, p.Token), &features)
	if value != value {
		return nan, NoLogprobs
	}
	return value, NoReason
}

// keep appends to the text for the confidence model, up to limit bytes.
func (t *track) keep(text []byte, limit int) {
	t.text = append(t.text, text[:min(len(text), limit-len(t.text))]...)
}
