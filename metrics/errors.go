package metrics

import (
	"errors"
	"strconv"
)

// Undefined is the reason why a figure does not exist for some data. The figure
// itself is then NaN, never 0 or 0.5. Compare with errors.Is or ==.
type Undefined uint8

const (
	// ErrEmpty: there is no pair at all.
	ErrEmpty Undefined = iota + 1
	// ErrOneClass: all answers are correct or all are wrong. So there is nothing to rank
	// (AUROC, PRR), and the best constant confidence is perfect already (Brier skill). The
	// average precision is undefined only if all are wrong.
	ErrOneClass
	// ErrTooFew: DeLong's variance needs two correct and two wrong answers; or every
	// resample of a bootstrap had only correct or only wrong answers.
	ErrTooFew
	// ErrTooManyDistinct: an [Accumulator] got more than [MaxDistinct] different
	// confidences, and has folded. It no longer has the data for this figure.
	ErrTooManyDistinct
	// ErrNoContrast: no question has both a correct and a wrong answer
	// (WithinQuestion).
	ErrNoContrast
)

func (u Undefined) Error() string {
	switch u {
	case ErrEmpty:
		return "metrics: undefined: no pairs"
	case ErrOneClass:
		return "metrics: undefined: all answers are correct or all are wrong"
	case ErrTooFew:
		return "metrics: undefined: too few correct or too few wrong answers for an interval"
	case ErrTooManyDistinct:
		return "metrics: unavailable: the accumulator saw more than " +
			strconv.Itoa(MaxDistinct) + " distinct confidences; evaluate the pairs in one batch"
	case ErrNoContrast:
		return "metrics: undefined: no question has both a correct and a wrong answer"
	}
	return "metrics: undefined"
}

// Errors of arguments and states.
var (
	ErrBinning   = errors.New("metrics: want a known binning rule, not EqualMass in an accumulator, and 1 to 65536 bins")
	ErrLevel     = errors.New("metrics: the level of an interval is out of range; want 0.5 to 0.999999")
	ErrOption    = errors.New("metrics: a target is out of range; want a risk from 0 to 1, but neither 0 nor 1 for a guarantee, or a coverage above 0 and at most 1")
	ErrDelta     = errors.New("metrics: delta, the probability of an error, is out of range; want a number between 0 and 1")
	ErrMetric    = errors.New("metrics: unknown metric or interval method")
	ErrResamples = errors.New("metrics: a bootstrap needs at least 1 resample; DefaultResampling and DefaultOptions have 1000")
	ErrCount     = errors.New("metrics: a proportion k/n needs 0 <= k <= n")
	ErrOverflow  = errors.New("metrics: too many pairs: at most 2^52 in an accumulator, 2^32-1 in a batch")
	ErrMerge     = errors.New("metrics: the accumulators have different binnings; only accumulators with the same binning can be merged")
	ErrFormat    = errors.New("metrics: these bytes are not the state of an accumulator, or are of another version")
)

// ValueError is a confidence that is not a number from 0 to 1.
type ValueError struct {
	Index int // position in the input
	Value float64
}

func (e *ValueError) Error() string {
	return "metrics: confidence " + strconv.Itoa(e.Index) + " is " +
		strconv.FormatFloat(e.Value, 'g', -1, 64) + ", want a number from 0 to 1"
}

// LengthError says that two slices have different lengths.
type LengthError struct{ Confidences, Correct int }

func (e *LengthError) Error() string {
	return "metrics: the arguments have " + strconv.Itoa(e.Confidences) + " and " +
		strconv.Itoa(e.Correct) + " values: want as many of each"
}
