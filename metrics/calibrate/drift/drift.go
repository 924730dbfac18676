// Package drift tests whether a calibration map still holds, while labels of new answers
// arrive one after another. It tests again after each label. You choose a rate
// beforehand. The probability that the test ever raises a false alarm is at most this
// rate.
//
//	var t drift.Test
//	for _, a := range answers { // in the order in which their labels arrive
//		t.Add(a.Confidence, a.Correct)
//		if t.Alarm(0.05) { // a false alarm for at most one in 20 maps that hold
//			fmt.Println(t.Leaning().Says())
//		}
//	}
//
// # What is tested
//
// A map holds if an answer with the confidence p is correct with probability p, whatever the
// earlier labels were. This is the null hypothesis. The labels must meet two
// conditions, or the test can raise an alarm for a map that holds. First, whether an
// answer gets a label must not depend on whether it is correct. So users must not
// report only wrong answers. Second, add one label for each answer, not several.
//
// # How
//
// The test is a bet against the map (Shafer 2021, "Testing by betting"; Arnold, Henzi
// and Ziegel 2023, "Sequentially valid tests for forecast calibration"). A bettor
// believes that the true probability is not p but another one, q(p). With y = 1 for a
// correct answer and 0 for a wrong one, each label multiplies the bettor's wealth by
//
//	1 + (q-p)/(p(1-p)) (y-p)
//
// This is the likelihood ratio: q/p for a correct answer, (1-q)/(1-p) for a wrong one. Its
// mean is 1 if the map holds.
//
// There are ten bettors. Eight shift the logit of p by 0.25, 0.5, 1 or 2 in either
// direction; two multiply it by 0.5 or 2. Each bettor invests its wealth in parts:
// the share 1/(s(s+1)) at the s-th label. The shares of all s add up to 1. So the
// test also finds a drift that begins after thousands of calibrated labels. A bettor
// that invests everything at the first label would have lost nearly all of it by then
// (Shin, Ramdas and Rinaldo 2024, "E-detectors"). After n labels, let R be the
// invested wealth; 1/(n+1) is not invested yet:
//
//	R(n) = factor(n) (R(n-1) + 1/(n(n+1))),  wealth(n) = R(n) + 1/(n+1)
//
// The evidence is the mean of the bettors' wealth. It begins at 1 and is a nonnegative
// martingale if the map holds. By Ville's inequality (1939) the probability that it ever
// reaches 1/rate is at most rate.
//
// # How soon
//
// Let d be the mean logarithm of the best bettor's factor, in nats for each label. A drift
// that begins at the s-th label is found after about ln(10 s(s+1)/rate)/d labels. These
// figures are simulated, with a rate of 0.05 and uniform confidences. The map
// predicts logits that are too high. The table has the median number of labels until
// the alarm:
//
//	                 from the beginning    after 2000 calibrated labels
//	logits 1 too high                52                             193
//	logits 0.5 too high             195                             655
//
// Of 4000 maps that hold, 3.8% raised an alarm within 2000 labels.
//
// To add a label takes constant time and memory.
package drift

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/finece/finece/metrics/portable"
)

// alternatives has what each bettor believes: the logit of q is slope times the logit of p,
// plus shift.
var alternatives = [...]struct {
	slope, shift float64
	leaning      Leaning
}{
	{1, -0.25, Over}, {1, -0.5, Over}, {1, -1, Over}, {1, -2, Over},
	{1, 0.25, Under}, {1, 0.5, Under}, {1, 1, Under}, {1, 2, Under},
	{0.5, 0, Extreme}, {2, 0, Timid},
}

// Leaning is the way in which a map is wrong; see the constants.
type Leaning string

const (
	Over    Leaning = "over"    // answers are less often correct than their confidences say
	Under   Leaning = "under"   // answers are more often correct than their confidences say
	Extreme Leaning = "extreme" // high confidences are too high, low ones too low
	Timid   Leaning = "timid"   // high confidences are too low, low ones too high
)

// Says returns a clause for people that says what is wrong with the map. The clause calls the
// map "it". For any other leaning, Says returns "".
func (l Leaning) Says() string {
	switch l {
	case Over:
		return "answers are less often correct than it says"
	case Under:
		return "answers are more often correct than it says"
	case Extreme:
		return "its high confidences are too high and its low ones too low"
	case Timid:
		return "its high confidences are too low and its low ones too high"
	}
	return ""
}

// clip is the minimum distance of p from 0 and 1 in the computation of a stake. At 0 and 1 a
// stake would be infinite.
const clip = 1e-3

// most is an upper bound of a bettor's wealth, so that the wealth stays finite after an alarm.
const most = 1e300

// Test is the test of one map. The zero value is a test without labels. Calls must not
// overlap.
type Test struct {
	n       uint64
	peak    float64                    // the highest evidence so far, minus 1
	entered [len(alternatives)]float64 // each bettor's invested wealth
}

// Add adds the label of one answer; p is the confidence that was reported for it. If p is not
// in [0,1], Add returns false and adds nothing.
func (t *Test) Add(p float64, correct bool) bool {
	if !(p >= 0 && p <= 1) {
		return false
	}
	t.n++
	n, y := float64(t.n), 0.0
	if correct {
		y = 1
	}
	for i := range alternatives {
		factor := 1 + float64(stake(i, p)*(y-p))
		t.entered[i] = min(factor*(t.entered[i]+1/float64(n*(n+1))), most)
	}
	t.peak = max(t.peak, t.Evidence()-1)
	return true
}

// stake returns (q-p)/(p(1-p)) of a bettor, with p clipped. With the p that is not clipped,
// the factor 1 + stake*(y-p) is still at least 0, and its mean is still 1.
func stake(i int, p float64) float64 {
	a := &alternatives[i]
	p = min(max(p, clip), 1-clip)
	logit := portable.Log(p) - portable.Log(1-p)
	q := 1 / (1 + portable.Exp(-(float64(a.slope*logit) + a.shift)))
	return (q - p) / float64(p*(1-p))
}

// N returns how many labels were added.
func (t *Test) N() uint64 { return t.n }

// Evidence returns the mean of the bettors' wealth. It is over 0, and 1 at the beginning. If
// the map holds, its expected value stays 1. If not, it grows exponentially with the number
// of labels, up to about 1e300.
func (t *Test) Evidence() float64 {
	sum := 0.0
	for _, r := range t.entered {
		sum += r / float64(len(alternatives))
	}
	return sum + 1/float64(t.n+1)
}

// Peak returns the highest evidence so far, at least 1. 1/Peak is a p-value that is valid
// after any number of labels.
func (t *Test) Peak() float64 { return 1 + t.peak }

// Alarm reports whether the evidence has ever reached 1/rate, for a rate in (0,1). If the
// map holds, the probability of an alarm is at most rate, for any number of labels. With
// rate 0 there is no alarm. An alarm stays on. Begin a new Test for a new map.
func (t *Test) Alarm(rate float64) bool { return rate > 0 && t.Peak() >= 1/rate }

// Leaning returns the alternative of the bettor with the most wealth, and "" before the first
// label.
func (t *Test) Leaning() Leaning {
	best, wealth := Leaning(""), 0.0
	for i, r := range t.entered {
		if r > wealth {
			best, wealth = alternatives[i].leaning, r
		}
	}
	return best
}

// version is the version of the binary form. Raise it when the alternatives change.
const version = 1

const size = 1 + 8*(2+len(alternatives))

// AppendBinary appends the state for [ParseTest]. The error is always nil.
func (t *Test) AppendBinary(buf []byte) ([]byte, error) {
	buf = binary.LittleEndian.AppendUint64(append(buf, version), t.n)
	buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(t.peak))
	for _, r := range t.entered {
		buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(r))
	}
	return buf, nil
}

// ErrFormat means that the bytes are not the state of a test, or are of another version.
var ErrFormat = errors.New("drift: these bytes are not the state of a test, or are of another version")

// ParseTest reads a state that [Test.AppendBinary] wrote. The error is [ErrFormat].
func ParseTest(data []byte) (*Test, error) {
	if len(data) != size || data[0] != version {
		return nil, ErrFormat
	}
	t := &Test{n: binary.LittleEndian.Uint64(data[1:]), peak: math.Float64frombits(binary.LittleEndian.Uint64(data[9:]))}
	valid := t.peak >= 0 && t.peak <= most
	for i := range t.entered {
		r := math.Float64frombits(binary.LittleEndian.Uint64(data[17+8*i:]))
		t.entered[i], valid = r, valid && r >= 0 && r <= most
	}
	if !valid {
		return nil, ErrFormat
	}
	return t, nil
}
