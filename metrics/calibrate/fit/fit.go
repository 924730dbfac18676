package fit

import "github.com/finece/finece/metrics/calibrate"

// Methods are the methods that [Fit] knows, in the order of their degrees of freedom, the
// fewest first.
var Methods = []calibrate.Method{
	calibrate.Identity, calibrate.Temperature, calibrate.Platt, calibrate.Beta, calibrate.Isotonic, calibrate.Histogram,
}

// Fit fits a map on rows by a method. Errors: [ErrOneClass], [ErrOneValue], [ErrSeparable]
// for beta, [ErrMethod], [ErrBins], and a row that is out of range.
func Fit(method calibrate.Method, rows []Row, b Bins) (calibrate.Map, error) {
	d, err := pointsOf(rows)
	if err != nil {
		return calibrate.Map{}, err
	}
	m := calibrate.Map{Method: method, N: int(d.n()), Low: d.p[0], High: d.p[len(d.p)-1]}
	switch method {
	case calibrate.Identity:
	case calibrate.Temperature:
		m.Parameters, err = d.temperature()
	case calibrate.Platt:
		m.Parameters, err = d.platt()
	case calibrate.Beta:
		m.Parameters, err = d.beta()
	case calibrate.Isotonic:
		err = d.isotonic(&m, b)
	case calibrate.Histogram:
		err = d.histogram(&m, b)
	default:
		err = ErrMethod
	}
	if err == nil && m.Parameters != nil {
		m.Clip = Clip
	}
	if err == nil {
		err = m.Validate()
	}
	return m, err
}
