package metrics

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestWalks: both walks visit the tied groups, whether these are made already or not.
func TestWalks(t *testing.T) {
	for _, shape := range shapes {
		for _, n := range []int{1, 3, 2000, blockGroups, 5000} {
			conf, correct := simulated(n, shape.draw)
			s, err := NewSample(conf, correct)
			if err != nil {
				t.Fatal(err)
			}
			var up, down []group
			for groups := range s.up {
				up = append(up, groups...)
			}
			for groups := range s.down {
				down = append(slices.Clone(groups), down...)
			}
			if want := s.tied(); !slices.Equal(up, want) || !slices.Equal(down, want) {
				t.Errorf("%s, n = %d: %d groups up and %d down, want %d", shape.name, n, len(up), len(down), len(want))
			}
			steps := 0
			for range s.down {
				steps++
				break
			}
			if steps != 1 {
				t.Errorf("%d steps", steps)
			}
		}
	}
}

// TestEvaluateIsTheMethods compares each figure of Evaluate with that of its method, bit by bit.
func TestEvaluateIsTheMethods(t *testing.T) {
	for _, shape := range shapes {
		for _, n := range []int{1, 2, 9, 500, 6000} {
			conf, correct := simulated(n, shape.draw)
			for rule := range ruleCount {
				o := options(func(o *Options) { o.Binning, o.Interval, o.Risk, o.Coverage = Binning{rule, 12}, DeLong, 0.2, 0.7 })
				s, err := NewSample(conf, correct)
				if err != nil {
					t.Fatal(err)
				}
				r, err := s.Evaluate(o)
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]float64{}
				r.Each(func(name string, v float64) { got[name] = v })
				value := func(name string, v float64, _ error) {
					t.Helper()
					if math.Float64bits(v) != math.Float64bits(got[name]) && !(math.IsNaN(v) && math.IsNaN(got[name])) {
						t.Errorf("%s, n = %d, rule %d: %s is %v, by itself %v", shape.name, n, rule, name, got[name], v)
					}
				}
				v, err := s.MeanConfidence()
				value("mean_confidence", v, err)
				v, err = s.ECE(o.Binning)
				value("ece", v, err)
				v, err = s.ECE(Binning{EqualMass, 12})
				value("ece_mass", v, err)
				d, err := s.BrierDecomposition(o.Binning)
				value("brier", d.Brier, err)
				value("within_covariance", d.WithinCovariance, err)
				nll, clipped, err := s.NLL()
				value("nll", nll, err)
				value("nll_clipped", float64(clipped), err)
				smooth, width, err := s.SmoothECE()
				value("smooth_ece", smooth, err)
				value("smooth_ece_width", width, err)
				for m, name := range map[Metric]string{MetricAUROC: "auroc", MetricAUPRC: "auprc", MetricAURC: "aurc", MetricAUGRC: "augrc", MetricPRR: "prr", MetricBrierSkill: "brier_skill"} {
					v, err = s.Value(m, o.Binning)
					value(name, v, err)
				}
				at, err := s.CoverageAtRisk(o.Risk)
				value("coverage_at_risk", at.Coverage, err)
				value("coverage_at_risk_threshold", at.Threshold, err)
				v, err = s.RiskAtCoverage(o.Coverage)
				value("risk_at_coverage", v, err)
				iv, err := s.DeLong(o.Level)
				value("auroc_ci_low", iv.Low, err)
				if fmt.Sprint(r.Bins) != fmt.Sprint(must[[]Bin](t)(s.Reliability(o.Binning))) {
					t.Errorf("%s, n = %d, rule %d: the bins differ", shape.name, n, rule)
				}
			}
		}
	}
}
