package metrics

import "math"

const (
	defaultLevel = 0.95
	// autoDraws is the most draws for which the method Auto uses a bootstrap.
	autoDraws = 1e8
)

// Options of an evaluation. Start from [DefaultOptions].
type Options struct {
	Binning   Binning // an Accumulator uses its own
	Level     float64
	Interval  Method // of the AUROC: Auto, Percentile or DeLong
	Resamples int    // at least 1; DeLong ignores it
	Seed      uint64
	Risk      float64 // of CoverageAtRisk, 0 to 1
	Coverage  float64 // of RiskAtCoverage, over 0 and at most 1
	// SkipInvalid leaves out confidences that are not in [0,1], and counts them in
	// Summary.Rejected. Without it, the first one is an error.
	SkipInvalid bool
}

// DefaultOptions returns [DefaultBinning], intervals at level 0.95 by the Auto method
// with 1000 resamples and seed 0, coverage at a risk of 0.05, and risk at a coverage
// of 0.8. SkipInvalid is false.
func DefaultOptions() Options {
	return Options{Binning: DefaultBinning(), Level: defaultLevel, Resamples: DefaultResamples, Risk: 0.05, Coverage: 0.8}
}

func (o *Options) validate() error {
	if _, err := twoSidedZ(o.Level); err != nil {
		return err
	}
	if !(o.Risk >= 0 && o.Risk <= 1 && o.Coverage > 0 && o.Coverage <= 1) {
		return ErrOption
	}
	if o.Interval > DeLong {
		return ErrMetric
	}
	if o.Resamples < 1 && o.Interval != DeLong {
		return ErrResamples
	}
	if !o.Binning.valid() {
		return ErrBinning
	}
	return nil
}

// Summary has every figure of one evaluation. A figure that the data do not define is NaN,
// and Unavailable says why.
type Summary struct {
	N, Correct uint64
	Rejected   uint64 // confidences not in [0,1]; no figure counts them
	Unbinned   uint64 // confidences that are 0 in float32, under the Guo rule
	Clipped    uint64 // probabilities that NLL clipped

	Accuracy         float64
	AccuracyInterval Interval // Wilson
	MeanConfidence   float64

	ECE            float64
	ECEMass        float64 // the ECE over as many bins by the rule EqualMass
	MCE            float64
	RMSCE          float64
	DebiasedECE    float64
	SmoothECE      float64
	SmoothECEWidth float64

	Decomposition // Brier score and its parts
	BrierSkill    float64
	NLL           float64

	AUROC         Bounded
	AUROCInterval Interval
	AUPRC         float64 // average precision
	AURC          Bounded
	AUGRC         Bounded
	PRR           Bounded

	CoverageAtRisk Operating
	RiskAtCoverage float64

	Bins []Bin // reliability diagram

	Unavailable []Unavailable
}

// Unavailable is the name of a figure that is NaN, as in [Summary.Each], and the reason.
type Unavailable struct {
	Name   string
	Reason error
}

// Evaluate computes every figure of the pairs (conf[i], correct[i]). An undefined figure is
// not an error: see [Summary]. Errors: those of [NewSample], and options that are out of
// range.
func Evaluate(conf []float64, correct []bool, o Options) (Summary, error) {
	s := new(Sample)
	if err := s.reset(conf, correct, !o.SkipInvalid); err != nil {
		return Summary{}, err
	}
	return s.Evaluate(o)
}

// Evaluate is [Evaluate] of the sample.
func (s *Sample) Evaluate(o Options) (Summary, error) {
	if err := o.validate(); err != nil {
		return Summary{}, err
	}
	r := Summary{N: s.N(), Correct: s.right, Rejected: s.rejected}
	if r.N == 0 {
		r.empty(o)
		return r, nil
	}
	t := s.together(&o)
	r.MeanConfidence = t.mean
	r.fromTally(&t.tally, t.brier)
	r.skill()
	r.ECEMass, r.SmoothECE, r.SmoothECEWidth = t.mass, t.smooth, t.width
	r.NLL, r.Clipped = t.nll, t.clipped
	r.ranking(s, t.area.sum.value(), false)
	var err error
	r.AUPRC, err = s.averagePrecision(&t.precision)
	r.note("auprc", err)
	r.CoverageAtRisk, r.RiskAtCoverage = t.atRisk, t.atCoverage
	r.accuracy(o)
	if r.AUROCInterval, err = t.interval, t.intervalErr; !o.delong(r.N) {
		r.AUROCInterval, err = s.Bootstrap(MetricAUROC, Resampling{o.Resamples, o.Level, o.Seed, o.Binning})
	}
	r.note("auroc_ci", err)
	return r, nil
}

// delong reports whether the interval of the AUROC of n pairs is DeLong's.
func (o *Options) delong(n uint64) bool {
	return o.Interval == DeLong || o.Interval == Auto && float64(n)*float64(o.Resamples) > autoDraws
}

// Evaluate computes every figure that the accumulator's state allows. It uses the
// accumulator's own binning.
func (a *Accumulator) Evaluate(o Options) (Summary, error) {
	o.Binning = a.binning
	if s, err := a.Sample(); err == nil {
		return s.Evaluate(o)
	}
	if err := o.validate(); err != nil {
		return Summary{}, err
	}
	f, n := a.folded, float64(a.N())
	r := Summary{N: a.N(), Correct: a.right, Rejected: a.rejected, Clipped: f.clipped}
	r.MeanConfidence = f.conf.value() / n
	r.NLL = f.nll.value() / n
	r.fromTally(&f.tally, f.brier.value()/n)
	r.skill()
	s := f.sample()
	r.ranking(s, s.areaUnderRisk(), true)
	nan := math.NaN()
	r.ECEMass, r.SmoothECE, r.SmoothECEWidth, r.AUPRC, r.RiskAtCoverage = nan, nan, nan, nan, nan
	r.CoverageAtRisk = Operating{nan, nan, nan}
	r.accuracy(o)
	// The ties inside a cell are not known. So the variance is not known either.
	r.AUROCInterval = Interval{Low: nan, High: nan, Level: o.Level, Method: o.Interval}
	unknown := []string{"ece_mass", "smooth_ece", "coverage_at_risk", "risk_at_coverage", "auroc_ci"}
	switch {
	case r.Correct == r.N:
		r.AUPRC = 1
	case r.Correct == 0:
		r.note("auprc", ErrOneClass)
	default:
		unknown = append(unknown, "auprc")
	}
	for _, name := range unknown {
		r.note(name, ErrTooManyDistinct)
	}
	return r, nil
}

func (r *Summary) note(name string, err error) {
	if err != nil {
		r.Unavailable = append(r.Unavailable, Unavailable{name, err})
	}
}

func (r *Summary) accuracy(o Options) {
	var err error
	r.Accuracy = math.NaN()
	if r.N > 0 {
		r.Accuracy = ratio(r.Correct, r.N)
	}
	r.AccuracyInterval, err = WilsonInterval(r.Correct, r.N, o.Level)
	r.note("accuracy", err)
}

func (r *Summary) skill() {
	r.BrierSkill = math.NaN()
	err := error(ErrEmpty)
	if r.N > 0 {
		r.BrierSkill, err = brierSkill(r.Brier, r.Correct, r.N-r.Correct)
	}
	r.note("brier_skill", err)
}

func (r *Summary) fromTally(t *tally, brier float64) {
	r.ECE, r.MCE, r.RMSCE, r.DebiasedECE = t.ece(), t.mce(), t.rmsce(), t.debiased()
	r.Decomposition = t.decompose(brier)
	r.Bins = t.reliability()
	if t.rule == Guo {
		r.Unbinned = t.slots[len(t.slots)-1].size()
	}
}

// empty makes all figures undefined.
func (r *Summary) empty(o Options) {
	nan := math.NaN()
	r.Accuracy, r.MeanConfidence, r.BrierSkill, r.NLL, r.AUPRC, r.RiskAtCoverage = nan, nan, nan, nan, nan, nan
	r.ECE, r.ECEMass, r.MCE, r.RMSCE, r.DebiasedECE, r.SmoothECE, r.SmoothECEWidth = nan, nan, nan, nan, nan, nan, nan
	r.Decomposition = undefinedDecomposition()
	r.AUROC, r.AURC, r.AUGRC, r.PRR = exactly(nan), exactly(nan), exactly(nan), exactly(nan)
	r.CoverageAtRisk = Operating{nan, nan, nan}
	r.AUROCInterval = Interval{Low: nan, High: nan, Level: o.Level, Method: Percentile}
	if o.delong(r.N) {
		r.AUROCInterval.Method = DeLong
	}
	r.AccuracyInterval, _ = WilsonInterval(0, 0, o.Level)
	for _, name := range []string{"mean_confidence", "ece", "mce", "rmsce", "ece_debiased", "brier", "brier_skill", "ece_mass", "smooth_ece", "nll",
		"aurc", "augrc", "auroc", "prr", "auprc", "coverage_at_risk", "risk_at_coverage", "accuracy", "auroc_ci"} {
		r.note(name, ErrEmpty)
	}
}

// ranking fills AUROC, AURC, AUGRC and PRR.
func (r *Summary) ranking(s *Sample, area float64, cells bool) {
	var err error
	r.AURC, r.AUGRC, err = s.riskAreas(area, cells)
	r.note("aurc", err)
	r.note("augrc", err)
	r.AUROC, err = s.auroc(cells)
	r.note("auroc", err)
	r.PRR, err = s.prr(area, cells)
	r.note("prr", err)
}

// Each calls visit for each figure, in a fixed order, with the name that files and programs
// use for it. An undefined figure is NaN.
func (r *Summary) Each(visit func(name string, value float64)) {
	visit("n", float64(r.N))
	visit("rejected", float64(r.Rejected))
	visit("accuracy", r.Accuracy)
	visit("accuracy_low", r.AccuracyInterval.Low)
	visit("accuracy_high", r.AccuracyInterval.High)
	visit("mean_confidence", r.MeanConfidence)
	visit("ece", r.ECE)
	visit("ece_mass", r.ECEMass)
	visit("mce", r.MCE)
	visit("rmsce", r.RMSCE)
	visit("ece_debiased", r.DebiasedECE)
	visit("smooth_ece", r.SmoothECE)
	visit("smooth_ece_width", r.SmoothECEWidth)
	visit("brier", r.Brier)
	visit("brier_skill", r.BrierSkill)
	visit("reliability", r.Reliability)
	visit("resolution", r.Resolution)
	visit("uncertainty", r.Uncertainty)
	visit("within_variance", r.WithinVariance)
	visit("within_covariance", r.WithinCovariance)
	visit("nll", r.NLL)
	visit("nll_clipped", float64(r.Clipped))
	visit("auroc", r.AUROC.Value)
	visit("auroc_lower_bound", r.AUROC.Low)
	visit("auroc_upper_bound", r.AUROC.High)
	visit("auroc_ci_low", r.AUROCInterval.Low)
	visit("auroc_ci_high", r.AUROCInterval.High)
	visit("auprc", r.AUPRC)
	visit("aurc", r.AURC.Value)
	visit("augrc", r.AUGRC.Value)
	visit("prr", r.PRR.Value)
	visit("coverage_at_risk", r.CoverageAtRisk.Coverage)
	visit("coverage_at_risk_threshold", r.CoverageAtRisk.Threshold)
	visit("risk_at_coverage", r.RiskAtCoverage)
}
