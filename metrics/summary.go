package metrics

import "math"

const (
	defaultLevel = 0.95
	// autoDraws is how many draws the Auto method spends on a bootstrap.
	autoDraws = 1e8
)

// Options of an evaluation. Start from [DefaultOptions].
type Options struct {
	Binning   Binning // an Accumulator uses its own
	Level     float64
	Interval  Method // of the AUROC: Auto, Percentile or DeLong
	Resamples int    // at least 1, except for DeLong, which draws none
	Seed      uint64
	Risk      float64 // of CoverageAtRisk, 0 to 1
	Coverage  float64 // of RiskAtCoverage, over 0 and at most 1
	// SkipInvalid leaves confidences that are not in [0,1] out and counts them in
	// Summary.Rejected.
	SkipInvalid bool
}

// DefaultOptions is [DefaultBinning], intervals at level 0.95 by the Auto method
// with 1000 resamples and seed 0, coverage at a risk of 0.05, risk at a coverage
// of 0.8, and an error for the first confidence that is not in [0,1].
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

// Summary is every figure of one evaluation. A figure that does not exist for
// the data is NaN, and Unavailable says why.
type Summary struct {
	N, Correct uint64
	Rejected   uint64 // confidences not in [0,1], in none of the figures
	Unbinned   uint64 // confidences that are 0 in float32, under the Guo rule
	Clipped    uint64 // probabilities that NLL clipped

	Accuracy         float64
	AccuracyInterval Interval // Wilson
	MeanConfidence   float64

	ECE            float64
	ECEMass        float64 // equal mass, with as many bins
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

// Unavailable is a figure that is NaN, by its name in [Summary.Each], and the
// reason.
type Unavailable struct {
	Name   string
	Reason error
}

// Evaluate computes every figure of the pairs (conf[i], correct[i]). Undefined
// figures are no error: see [Summary]. Errors: those of [NewSample] and of
// options out of range.
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
	var err error
	r.MeanConfidence, err = s.MeanConfidence()
	r.note("mean_confidence", err)
	d := undefinedDecomposition()
	if t, err := s.tally(o.Binning, true); err == nil {
		d.Brier, _ = s.Brier()
		r.fromTally(&t, d.Brier)
	} else {
		r.withoutTally(err)
	}
	r.skill()
	r.ECEMass, err = s.ECE(Binning{EqualMass, o.Binning.Bins})
	r.note("ece_mass", err)
	r.SmoothECE, r.SmoothECEWidth, err = s.SmoothECE()
	r.note("smooth_ece", err)
	r.NLL, r.Clipped, err = s.NLL()
	r.note("nll", err)
	r.ranking(s, false)
	r.AUPRC, err = s.AveragePrecision()
	r.note("auprc", err)
	r.CoverageAtRisk, err = s.CoverageAtRisk(o.Risk)
	r.note("coverage_at_risk", err)
	r.RiskAtCoverage, err = s.RiskAtCoverage(o.Coverage)
	r.note("risk_at_coverage", err)
	r.accuracy(o)
	r.AUROCInterval, err = s.interval(o)
	r.note("auroc_ci", err)
	return r, nil
}

// Evaluate computes every figure that the accumulator's state allows, over its
// own binning.
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
	r.ranking(s, true)
	nan := math.NaN()
	r.ECEMass, r.SmoothECE, r.SmoothECEWidth, r.AUPRC, r.RiskAtCoverage = nan, nan, nan, nan, nan
	r.CoverageAtRisk = Operating{nan, nan, nan}
	r.accuracy(o)
	// The ties inside a cell are not known, and so neither is the variance.
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

func (r *Summary) withoutTally(err error) {
	nan := math.NaN()
	r.ECE, r.MCE, r.RMSCE, r.DebiasedECE = nan, nan, nan, nan
	r.Decomposition = undefinedDecomposition()
	for _, name := range []string{"ece", "mce", "rmsce", "ece_debiased", "brier"} {
		r.note(name, err)
	}
}

// ranking fills AUROC, AURC, AUGRC and PRR.
func (r *Summary) ranking(s *Sample, cells bool) {
	var err error
	r.AURC, r.AUGRC, err = s.riskAreas(cells)
	r.note("aurc", err)
	r.note("augrc", err)
	r.AUROC, err = s.auroc(cells)
	r.note("auroc", err)
	r.PRR, err = s.prr(cells)
	r.note("prr", err)
}

// interval is the interval of the AUROC that the options ask for.
func (s *Sample) interval(o Options) (Interval, error) {
	many := float64(s.N())*float64(o.Resamples) > autoDraws
	if o.Interval == DeLong || o.Interval == Auto && many {
		return s.DeLong(o.Level)
	}
	return s.Bootstrap(MetricAUROC, Resampling{o.Resamples, o.Level, o.Seed, o.Binning})
}

// Each visits the figures by the names that files and programs use for them, in
// a fixed order. What is undefined comes as NaN.
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
