package calibrate

import (
	"math"
	"slices"

	"github.com/finece/finece/metrics/portable"
)

// Method is the form of a map. The zero value, None, means that there is no map.
type Method uint8

const (
	None Method = iota
	Identity
	Temperature
	Platt
	Beta
	Isotonic
	Histogram
	methodCount
)

var methodNames = [methodCount]string{"none", "identity", "temperature", "platt", "beta", "isotonic", "histogram"}

// String returns the method's name in lower case, and "unknown" for another number.
func (m Method) String() string {
	if m < methodCount {
		return methodNames[m]
	}
	return "unknown"
}

// Methods returns every method except None, in the order of their numbers.
func Methods() []Method {
	all := make([]Method, 0, methodCount)
	for m := Identity; m < methodCount; m++ {
		all = append(all, m)
	}
	return all
}

// Fitted reports whether maps of this form are fitted on labelled answers. The values of such
// maps are probabilities. Identity is not fitted; it returns each confidence unchanged.
func (m Method) Fitted() bool { return m > Identity && m < methodCount }

// ParseMethod returns the method with that name, as String writes it, and None for any other
// name.
func ParseMethod(name string) Method {
	return Method(max(slices.Index(methodNames[:], name), 0))
}

// MaxKnots is the most knots that an isotonic map may have, and the most bins of a histogram.
const MaxKnots = 1024

// Map is one calibration map. Each Method has its own fields; the others are empty.
type Map struct {
	Method Method
	// Clip is for Temperature, Platt and Beta. Confidences are clipped to [Clip, 1-Clip]
	// before logarithms are taken; 1e-15 <= Clip < 0.5.
	Clip float64
	// Parameters are T for Temperature, slope and intercept for Platt, and a, b, c for Beta.
	Parameters []float64
	// X contains the raw confidences of the knots, from 0 to 1, for Isotonic.
	X []float64
	// Y contains the calibrated values: of the knots for Isotonic, of the bins for
	// Histogram.
	Y []float64

	// For each value in Y, Counts is the number of outcomes that it was made from. Lower and
	// Upper are the 95% Wilson interval of the share of correct ones. Merged bins repeat the
	// numbers, and so does a knot at 0 or 1 outside all bins. All three are nil in maps from
	// versions that did not keep them.
	Counts       []int
	Lower, Upper []float64

	N         int     // number of labelled confidences that the map was fitted on
	Low, High float64 // the support: the lowest and the highest of them
}

// Apply returns the calibrated confidence of p, in [0,1], and NaN for a p that is not in
// [0,1]. It takes O(log knots).
func (m *Map) Apply(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	switch m.Method {
	case Isotonic:
		return interpolate(m.X, m.Y, p)
	case Histogram:
		return m.Y[Bin(p, len(m.Y))]
	case Identity:
		return p
	}
	a, b, c := m.logistic()
	lp, lq := Logs(p, m.Clip)
	return sigmoid(float64(a*lp) - float64(b*lq) + c)
}

// logistic returns a parametric map as the parameters of Beta. The other forms are special
// cases of Beta.
func (m *Map) logistic() (a, b, c float64) {
	switch p := m.Parameters; m.Method {
	case Temperature:
		return 1 / p[0], 1 / p[0], 0
	case Platt:
		return p[0], p[0], p[1]
	default:
		return p[0], p[1], p[2]
	}
}

// Outside reports whether p is outside the confidences that m was fitted on.
func (m *Map) Outside(p float64) bool { return p < m.Low || p > m.High }

// Equal reports whether two maps are the same.
func (m *Map) Equal(o *Map) bool {
	return m.Method == o.Method && m.Clip == o.Clip && m.N == o.N && m.Low == o.Low && m.High == o.High &&
		slices.Equal(m.Parameters, o.Parameters) && slices.Equal(m.X, o.X) && slices.Equal(m.Y, o.Y) &&
		slices.Equal(m.Counts, o.Counts) && slices.Equal(m.Lower, o.Lower) && slices.Equal(m.Upper, o.Upper)
}

// Logs returns ln p and ln(1-p) of p clipped to [clip, 1-clip], for Temperature, Platt and
// Beta.
func Logs(p, clip float64) (lp, lq float64) {
	p = min(max(p, clip), 1-clip)
	return portable.Log(p), portable.Log(1 - p)
}

// sigmoid is 1/(1+e^-z) without overflow.
func sigmoid(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + portable.Exp(-z))
	}
	e := portable.Exp(z)
	return e / (1 + e)
}

// interpolate interpolates linearly between the knots around p. x begins with 0 and ends
// with 1.
func interpolate(x, y []float64, p float64) float64 {
	lo, hi := 0, len(x)-1
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; x[mid] <= p {
			lo = mid
		} else {
			hi = mid
		}
	}
	share := (p - x[lo]) / (x[hi] - x[lo])
	return min(y[lo]+float64((y[hi]-y[lo])*share), y[hi])
}

// Bin returns the number of p's bin, from 0, among bins of equal width with the edges
// float64(i)/float64(bins). Bins are (lo, hi], the first closed at 0.
func Bin(p float64, bins int) int {
	i := min(int(p*float64(bins)), bins-1) // a first guess
	for i > 0 && p <= float64(i)/float64(bins) {
		i--
	}
	for i < bins-1 && p > float64(i+1)/float64(bins) {
		i++
	}
	return i
}
