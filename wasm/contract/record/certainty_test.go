package record

import "testing"

func TestWhatPeopleAreShown(t *testing.T) {
	for _, c := range []struct {
		name  string
		c     Confidence
		value float64
		want  string
	}{
		{"low", Confidence{Source: Source{Estimator: EstimatorLogprob, Method: "perplexity"}}, 0.83, "low"},
		{"medium", Confidence{Source: Source{Estimator: EstimatorLogprob, Method: "perplexity"}}, 0.85, "medium"},
		{"high", Confidence{Source: Source{Estimator: EstimatorLogprob, Method: "perplexity"}}, 0.902, "high"},
		{"another method", Confidence{Source: Source{Estimator: EstimatorLogprob, Method: "seq-prob"}}, 0.83, "high"},
		{"a judge", Confidence{Source: Source{Estimator: EstimatorModel, Basis: "parsed"}}, 0.94, "medium"},
		{"a map outside its card", Confidence{Source: Source{Estimator: EstimatorModel, Map: "platt", Outside: []string{"domain"}}}, 0.81, "high"},
		{"a map that was not fitted", Confidence{Source: Source{Estimator: EstimatorModel, Map: "identity"}}, 0.81, "low"},
		{"an unknown source", Confidence{Source: Source{Estimator: "oracle"}}, 0.6, "medium"},
		{"calibrated", Confidence{Calibrated: true, Source: Source{Estimator: EstimatorModel}}, 0.816, "82%"},
		{"a calibrated 1", Confidence{Calibrated: true}, 1, "100%"},
		{"nearly 1", Confidence{Calibrated: true}, 0.9991, ">99%"},
		{"nearly 0", Confidence{Calibrated: true}, 0.002, "<1%"},
		{"no value", Confidence{Calibrated: true}, nan, ""},
	} {
		if got := c.c.Shown(c.value); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
