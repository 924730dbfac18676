package experiment

import (
	"errors"
	"hash/fnv"
	"math"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/metrics/portable"
)

// TraceProfile is the baseline of the uncertainty-trace profile (baseline.Profile).
const TraceProfile = "trace-profile"

const (
	profileFolds   = 5
	profilePenalty = 1
)

// profiled returns the confidences by the uncertainty-trace profile: a logistic regression
// on the features of all answers to other questions, at the same place. The questions are
// in five folds by their ids, so no question is in its own training data. No other
// baseline uses so many labels.
func profiled(records []*Record) (reading, error) {
	values := map[*Point]float64{}
	for _, w := range places {
		if err := profileAt(records, w.at(), values); err != nil {
			return nil, err
		}
	}
	return func(p *Point) (float64, bool) {
		v, ok := values[p]
		return v, ok
	}, nil
}

// profileAt adds the confidences at a place.
func profileAt(records []*Record, at At, values map[*Point]float64) error {
	var points []*Point
	var correct []bool
	var fold []int
	for _, r := range records {
		for i := range r.Points {
			if p := &r.Points[i]; at.has(p) && len(p.Profile) == baseline.ProfileFeatures {
				h := fnv.New32a()
				h.Write([]byte(r.ID))
				points, correct, fold = append(points, p), append(correct, r.Correct), append(fold, int(h.Sum32()>>8)%profileFolds)
			}
		}
	}
	for f := range profileFolds {
		m, err := fitProfile(points, correct, func(i int) bool { return fold[i] != f })
		if errors.Is(err, fit.ErrOneClass) {
			continue // all answers are right, or all are wrong: no confidence
		}
		if err != nil {
			return err
		}
		for i, p := range points {
			if fold[i] == f {
				if _, ok := values[p]; !ok { // if p(1) is also p(z-1), the value for p(1) is kept
					values[p] = m.confidence(p.Profile)
				}
			}
		}
	}
	return nil
}

// profileModel is a logistic regression on standardised features.
type profileModel struct {
	intercept           float64
	weights, mean, unit []float64
}

func fitProfile(points []*Point, correct []bool, use func(int) bool) (*profileModel, error) {
	m := &profileModel{}
	var right, wrong []float64
	columns := make([][]float64, baseline.ProfileFeatures)
	for i, p := range points {
		if !use(i) {
			continue
		}
		for k := range columns {
			columns[k] = append(columns[k], p.Profile[k])
		}
		y := 0.0
		if correct[i] {
			y = 1
		}
		right, wrong = append(right, y), append(wrong, 1-y)
	}
	for k := range columns {
		mean, unit := moments(columns[k])
		m.mean, m.unit = append(m.mean, mean), append(m.unit, unit)
		for i := range columns[k] {
			columns[k][i] = (columns[k][i] - mean) / unit
		}
	}
	var err error
	m.intercept, m.weights, err = fit.Ridge(columns, right, wrong, profilePenalty)
	return m, err
}

// moments returns the mean and the standard deviation of a column. The deviation is
// given as 1 if it is 0.
func moments(v []float64) (mean, unit float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		unit += float64((x-mean)*(x-mean)) / float64(len(v))
	}
	if unit = math.Sqrt(unit); !(unit > 1e-12) {
		unit = 1
	}
	return mean, unit
}

func (m *profileModel) confidence(features []float64) float64 {
	score := m.intercept
	for k, x := range features {
		score += float64(m.weights[k] * (x - m.mean[k]) / m.unit[k])
	}
	return 1 / (1 + portable.Exp(-score))
}
