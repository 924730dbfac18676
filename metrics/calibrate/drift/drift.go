// Package drift tests whether a calibration map still holds, on labels that come one
// after another. It tests again after each label, without end. The probability that it
// ever raises a false alarm is at most a rate that is chosen beforehand.
//
// # What is tested
//
// The null hypothesis: whatever the labels before said, an answer with the confidence p
// is correct with probability p. Whether an answer gets a label must not depend on whether
// it is correct: users who report only wrong answers break that. So do several labels of
// one answer: add one confidence for each answer.
//
// # How
//
// The test bets against the map (Shafer 2021, "Testing by betting"; Arnold, Henzi and
// Ziegel 2023, "Sequentially valid tests for forecast calibration"). A bettor holds that
// the truth is another probability q(p). With y = 1 for a correct answer and 0 for a wrong
// one, the bettor's wealth is multiplied by
//
//	1 + (q-p)/(p(1-p)) (y-p)
//
// This is the likelihood ratio q/p or (1-q)/(1-p). Its mean is 1 if the map holds.
//
// Each bettor of [alternatives] has a part of its wealth that enters with the s-th label,
// for every s: the share 1/(s(s+1)), which add up to 1. So a drift that begins after
// thousands of calibrated labels is found too, where one bettor from the beginning would
// have lost everything (Shin, Ramdas and Rinaldo 2024, "E-detectors"). With R the
// wealth that has entered, and 1/(n+1) what has not after n labels,
//
//	R(n) = factor(n) (R(n-1) + 1/(n(n+1))),  wealth(n) = R(n) + 1/(n+1)
//
// The mean of the bettors' wealth is the evidence. It begins with 1 and is a nonnegative
// martingale if the map holds. By Ville's inequality (1939) the probability that it ever
// reaches 1/rate is at most rate.
//
// A drift of d nats for each label, the mean logarithm of the best bettor's factor, is
// found after about ln(10 s(s+1)/rate)/d labels if it begins at the s-th. Simulated at a
// rate of 0.05 with uniform confidences: 3.8% of 4000 maps that hold were accused within
// 2000 labels. Logits that are 1 too high were found after 52 labels (median), after 193
// if 2000 calibrated ones came before; logits that are 0.5 too high after 195 and 655.
//
// Adding a label takes constant time and memory.
package drift

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/finece/finece/metrics/portable"
)

// alternatives are what the bettors hold: the logit of q is slope times that of p, plus
// shift.
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
	Under   Leaning = "under"   // more often
	Extreme Leaning = "extreme" // high confidences are too high, low ones too low
	Timid   Leaning = "timid"   // the reverse
)

// Says is what is wrong with the map, for people: a sentence that calls the map "it". It is ""
// for a leaning that is none of the constants.
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

// clip is the least distance of p from 0 and 1 when a bettor computes its stake, which would
// be infinite at the ends.
const clip = 1e-3

// most bounds a bettor's wealth, so that it stays finite after an alarm.
const most = 1e300

// Test is the test of one map. The zero value is a test without labels. Calls must not
// overlap.
type Test struct {
	n       uint64
	peak    float64                    // the most evidence so far, minus 1
	entered [len(alternatives)]float64 // each bettor's wealth that has entered
}

// Add adds the label of one answer with the confidence p that was reported. It returns false
// and adds nothing if p is not in [0,1].
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

// stake is (q-p)/(p(1-p)) of a bettor, with p clipped. The factor that results is at least
// 0 for the p that is not clipped, and its mean is still 1.
func stake(i int, p float64) float64 {
	a := &alternatives[i]
	p = min(max(p, clip), 1-clip)
	logit := portable.Log(p) - portable.Log(1-p)
	q := 1 / (1 + portable.Exp(-(float64(a.slope*logit) + a.shift)))
	return (q - p) / float64(p*(1-p))
}

// N is how many labels were added.
func (t *Test) N() uint64 { return t.n }

// Evidence is the mean of the bettors' wealth, over 0 and 1 at the beginning. Its mean
// stays 1 if the map holds. It grows exponentially with the labels if the map does not,
// up to about 1e300.
func (t *Test) Evidence() float64 {
	sum := 0.0
	for _, r := range t.entered {
		sum += r / float64(len(alternatives))
	}
	return sum + 1/float64(t.n+1)
}

// Peak is the most evidence so far, at least 1. 1/Peak is a p-value that is valid after any
// number of labels.
func (t *Test) Peak() float64 { return 1 + t.peak }

// Alarm reports whether the evidence has ever reached 1/rate, for a rate in (0,1). If the
// map holds, the probability of that is at most rate, however many labels come. At rate 0
// there is no alarm. An alarm stays: a new map begins with a new test.
func (t *Test) Alarm(rate float64) bool { return rate > 0 && t.Peak() >= 1/rate }

// Leaning is the alternative of the bettor with the most wealth; "" before the first label.
func (t *Test) Leaning() Leaning {
	best, wealth := Leaning(""), 0.0
	for i, r := range t.entered {
		if r > wealth {
			best, wealth = alternatives[i].leaning, r
		}
	}
	return best
}

// version is that of the bytes of a test. A change of the alternatives raises it.
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

// ErrFormat is the error of bytes that are not the state of a test, or of another version.
var ErrFormat = errors.New("drift: not the state of a test of this version")

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
