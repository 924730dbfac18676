package metrics

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Method is the method by which an interval was computed.
type Method uint8

const (
	Auto       Method = iota // Percentile up to 1e8 draws, DeLong beyond
	Percentile               // percentile bootstrap
	DeLong                   // asymptotic, AUROC only
	Wilson                   // score interval of a proportion
	Exact                    // Clopper and Pearson's of a proportion
	Basic                    // basic bootstrap, see [Interval.Around]
)

// Interval is a confidence interval. Its ends are NaN when it is undefined.
type Interval struct {
	Low, High float64
	Level     float64
	Method    Method
	Resamples int // of a bootstrap, without the skipped ones
	Skipped   int // resamples on which the figure was undefined (all answers correct, or all wrong)
}

// WilsonInterval returns the score interval of the proportion k/n at a level such as 0.95
// (Wilson 1927). It stays inside [0,1]. At k = 0 and k = n it still has a width, unlike an
// interval from the standard error of k/n. For n = 0 it is NaN with [ErrEmpty].
func WilsonInterval(k, n uint64, level float64) (Interval, error) {
	iv := Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: Wilson}
	z, err := twoSidedZ(level)
	switch {
	case err != nil:
		return iv, err
	case k > n:
		return iv, ErrCount
	case n == 0:
		return iv, ErrEmpty
	}
	size, p := float64(n), ratio(k, n)
	z2 := float64(z * z)
	scale := 1 + z2/size
	centre := (p + z2/(2*size)) / scale
	half := float64(z*math.Sqrt(float64(p*(1-p))/size+z2/float64(4*float64(size*size)))) / scale
	iv.Low, iv.High = max(centre-half, 0), min(centre+half, 1)
	if k == 0 {
		iv.Low = 0
	}
	if k == n {
		iv.High = 1
	}
	return iv, nil
}

// twoSidedZ is the standard normal quantile at (1+level)/2.
func twoSidedZ(level float64) (float64, error) {
	if !(level >= 0.5 && level <= 0.999999) {
		return 0, ErrLevel
	}
	return upperQuantile((1 - level) / 2), nil
}

// upperQuantile is the standard normal quantile at 1-q for 2.5e-7 <= q <= 0.25:
// algorithm AS 241, PPND16 (Wichura 1988), relative error about 1e-16.
func upperQuantile(q float64) float64 {
	d := 0.5 - q
	if d <= 0.425 {
		r := 0.180625 - float64(d*d)
		return float64(d*polynomial(r, centreNum[:])) / polynomial(r, centreDen[:])
	}
	r := math.Sqrt(-portable.Log(q)) - 1.6
	return polynomial(r, tailNum[:]) / polynomial(r, tailDen[:])
}

// polynomial evaluates c[0] + c[1]*x + ... by Horner's rule.
func polynomial(x float64, c []float64) float64 {
	y := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

var (
	centreNum = [...]float64{
		3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
		4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
	}
	centreDen = [...]float64{
		1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
		2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
	}
	tailNum = [...]float64{
		1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
		1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
	}
	tailDen = [...]float64{
		1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
	}
)
