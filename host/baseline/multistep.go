package baseline

import "fmt"

// Aggregation says how the confidences after each step become one.
type Aggregation uint8

const (
	Product Aggregation = iota // as in the paper
	Mean
	Min
	aggregations = iota
)

var aggregationNames = [aggregations]string{"product", "mean", "min"}

// String returns "product", "mean" or "min".
func (a Aggregation) String() string {
	if int(a) < len(aggregationNames) {
		return aggregationNames[a]
	}
	return fmt.Sprintf("aggregation(%d)", a)
}

// MultiStep (MS) asks the model for a confidence C(i) after each step of the answer so far
// (Xiong et al. 2024, arXiv 2306.13063, section 3.1). The confidence is their product
//
//	C = C(1) C(2) ... C(n)
//
// or their mean or minimum. In the paper, the model writes steps and confidences in one
// reply. Here it is asked after each step of a given answer, with the prompt of Verb, so the
// answer is the same for every estimator. At p(0) there is no step, so there is no
// confidence.
type MultiStep struct{ Aggregation Aggregation }

// Name is "ms", followed by the aggregation if that is not Product.
func (m MultiStep) Name() string {
	if m.Aggregation == Product {
		return "ms"
	}
	return "ms-" + m.Aggregation.String()
}

// Needs is StepVerbals.
func (MultiStep) Needs() Needs { return StepVerbals }

// Confidence is unavailable if the model did not give a number after one of the steps.
func (m MultiStep) Confidence(s *Statistics) (float64, error) {
	if err := s.need(StepVerbals); err != nil {
		return 0, err
	}
	if m.Aggregation >= aggregations {
		return 0, fmt.Errorf("baseline: unknown %v", m.Aggregation)
	}
	if len(s.StepVerbals) == 0 {
		return 0, unavailable("there is no step yet")
	}
	product, sum, least := 1.0, 0.0, 1.0
	for i := range s.StepVerbals {
		c, err := s.StepVerbals[i].value()
		if err != nil {
			return 0, &Unavailable{fmt.Sprintf("after step %d of %d", i+1, len(s.StepVerbals)), err}
		}
		product *= c
		sum += c
		least = min(least, c)
	}
	switch m.Aggregation {
	case Mean:
		return min(sum/float64(len(s.StepVerbals)), 1), nil
	case Min:
		return least, nil
	}
	return product, nil
}
