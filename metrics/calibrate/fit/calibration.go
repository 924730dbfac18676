package fit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Options of [Calibrate]. Start from [DefaultOptions].
type Options struct {
	Method     calibrate.Method // None chooses the best one
	PerBand    bool             // a map for each band of positions
	Folds      int              // at least 2
	Seed       uint64
	Bins       int // number of bins of a histogram map, and of the ECE
	LeastInBin int // minimum number of outcomes in a bin of an isotonic or histogram map, see Bins.Least
	Resamples  int
	Level      float64

	// TargetRisk asks for a threshold. The answers that reach it have an error rate of at
	// most TargetRisk, with probability 1-Delta. 0 asks for no threshold. See
	// metrics.ThresholdForRisk.
	TargetRisk float64
	Delta      float64
}

// DefaultOptions returns options for one map of the best method for all positions: five
// folds, seed 0, [DefaultBins], 1000 resamples at level 0.95, no threshold, and Delta 0.1.
func DefaultOptions() Options {
	b, r := DefaultBins(), metrics.DefaultResampling()
	return Options{Folds: 5, Bins: b.Count, LeastInBin: b.Least, Resamples: r.Resamples, Level: r.Level, Delta: 0.1}
}

// Least is the minimum number of rows with which a band gets a map of its own.
const Least = 50

// Report says how a calibration was made, and how good it is.
type Report struct {
	Method    string       `json:"method"` // the method that was asked for, or "auto"
	Folds     int          `json:"folds"`
	Seed      uint64       `json:"seed"`
	Level     float64      `json:"level"`
	Rows      int          `json:"rows"`
	Questions int          `json:"questions"`
	Parts     []PartReport `json:"parts"`
}

// PartReport is about the map of one band, or of all positions.
type PartReport struct {
	Part       string      `json:"part"` // all, question, early, late
	Method     string      `json:"method"`
	Rows       int         `json:"rows"`
	Questions  int         `json:"questions"`
	Outcomes   int         `json:"outcomes"`
	Shared     string      `json:"shared,omitempty"` // why the band has the map of all positions
	Candidates []Candidate `json:"candidates,omitempty"`
	Before     *Scores     `json:"before,omitempty"` // of the uncalibrated confidences
	After      *Scores     `json:"after,omitempty"`  // of calibrated values, by nested cross-validation
	Threshold  *Threshold  `json:"threshold,omitempty"`

	// Rows and their cross-validated values, for a diagram.
	Data   []Row     `json:"-"`
	Values []float64 `json:"-"`
}

// Threshold is a threshold of uncalibrated confidences with a guarantee.
type Threshold struct {
	TargetRisk float64  `json:"target_risk"`
	Delta      float64  `json:"delta"`
	Pairs      uint64   `json:"pairs"`                // the pairs it was tested on, at most one of each question
	Threshold  *float64 `json:"threshold"`            // null if no threshold qualifies
	Calibrated *float64 `json:"calibrated,omitempty"` // the map's value at Threshold, if this value keeps the same rows
	RawOnly    string   `json:"raw_only,omitempty"`   // why Calibrated is missing
	Coverage   float64  `json:"coverage"`
	Kept       uint64   `json:"kept"`
	Wrong      uint64   `json:"wrong"`
	Bound      *float64 `json:"bound,omitempty"`
}

// Calibrate fits the maps that o asks for on rows, and cross-validates them. A row
// whose Tokens are not known is late, unless it is p(0). Calibrate returns an error
// if no map can be fitted on the rows, or if an option is out of range.
func Calibrate(rows []Row, o Options) (*calibrate.Calibration, *Report, error) {
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	if err := checkRows(rows); err != nil {
		return nil, nil, err
	}
	fold, err := folds(rows, o.Folds, o.Seed)
	if err != nil {
		return nil, nil, err
	}
	methods, asked := []calibrate.Method{o.Method}, o.Method.String()
	if o.Method == calibrate.None {
		methods, asked = Methods, "auto"
	}
	c := &calibrate.Calibration{}
	report := &Report{Method: asked, Folds: o.Folds, Seed: o.Seed, Level: o.Level, Rows: len(rows), Questions: questions(rows)}
	w := work{o: o, methods: methods}
	all, m, err := w.part("all", rows, fold)
	if err != nil {
		return nil, nil, err
	}
	if !o.PerBand {
		for b := range c.Maps {
			c.Maps[b] = m
		}
		report.Parts = []PartReport{all}
		return c, report, c.Validate()
	}
	c.Boundary = boundary(rows)
	for b := range calibrate.Bands {
		part, own, err := w.band(c, b, rows, fold, &all, m)
		if err != nil {
			return nil, nil, err
		}
		c.Maps[b] = own
		report.Parts = append(report.Parts, part)
	}
	return c, report, c.Validate()
}

func (o *Options) validate() error {
	if !(o.TargetRisk >= 0 && o.TargetRisk < 1) {
		return metrics.ErrOption
	}
	if !(o.Delta > 0 && o.Delta < 1) {
		return metrics.ErrDelta
	}
	b := o.bins()
	return b.validate()
}

// bins are those of isotonic and histogram maps.
func (o *Options) bins() Bins { return Bins{o.Bins, o.LeastInBin} }

func questions(rows []Row) int {
	seen := map[int]bool{}
	for i := range rows {
		seen[rows[i].Group] = true
	}
	return len(seen)
}

// boundary returns the median of Tokens over the positions between p(0) and p(z), the higher
// one of two medians. So half of these positions are early. If no tokens are known, it
// returns 0, and no position is early.
func boundary(rows []Row) int {
	var tokens []int64
	for i := range rows {
		if r := &rows[i]; !r.Question && !r.End && r.Tokens >= 0 {
			tokens = append(tokens, r.Tokens)
		}
	}
	if len(tokens) == 0 {
		return 0
	}
	slices.Sort(tokens)
	return int(min(tokens[len(tokens)/2], math.MaxInt32))
}

// BandOf returns the band of a row, by the same rule as in the core. A row whose Tokens are
// not known is late, unless it is p(0).
func BandOf(c *calibrate.Calibration, r *Row) calibrate.Band {
	return c.Band(r.Question, r.End || r.Tokens < 0, r.Tokens)
}

type work struct {
	o       Options
	methods []calibrate.Method
}

// part fits and cross-validates a map on rows.
func (w *work) part(name string, rows []Row, fold []int) (PartReport, calibrate.Map, error) {
	best, err := nested(w.methods, rows, fold, &w.o)
	if err != nil {
		return PartReport{}, calibrate.Map{}, err
	}
	m, err := Fit(best.method, rows, w.o.bins())
	if err != nil {
		return PartReport{}, m, err
	}
	report := PartReport{Part: name, Candidates: best.candidates}
	return report, m, w.fill(&report, &m, rows, best.values)
}

// band is part for the rows of one band. If the rows are too few, it returns the map of all
// positions.
func (w *work) band(c *calibrate.Calibration, b calibrate.Band, rows []Row, fold []int, all *PartReport, shared calibrate.Map) (PartReport, calibrate.Map, error) {
	var own []Row
	var ownFold []int
	var values []float64
	for i := range rows {
		if BandOf(c, &rows[i]) == b {
			own, ownFold, values = append(own, rows[i]), append(ownFold, fold[i]), append(values, all.Values[i])
		}
	}
	why := fmt.Sprintf("%d rows are too few for a map of their own, which needs %d", len(own), Least)
	if len(own) >= Least {
		part, m, err := w.part(b.String(), own, ownFold)
		if err == nil {
			return part, m, nil
		}
		why = err.Error()
	}
	part := PartReport{Part: b.String(), Shared: why}
	return part, shared, w.fill(&part, &shared, own, values)
}

// fill adds to r the figures of a map, from rows and their cross-validated values.
func (w *work) fill(r *PartReport, m *calibrate.Map, rows []Row, values []float64) error {
	r.Method, r.Rows, r.Questions, r.Data, r.Values = m.Method.String(), len(rows), questions(rows), rows, values
	for i := range rows {
		r.Outcomes += rows[i].N
	}
	if len(rows) == 0 {
		return nil
	}
	before, err := scoresOf(rows, confidences(rows), &w.o)
	if err != nil {
		return err
	}
	after, err := scoresOf(rows, values, &w.o)
	if err != nil {
		return err
	}
	r.Before, r.After = &before, &after
	if w.o.TargetRisk > 0 {
		r.Threshold, err = threshold(rows, m, &w.o)
	}
	return err
}

// threshold finds a threshold on one pair for each question. Rows of one question are not
// independent, so it draws one row of each question, and one outcome of that row.
func threshold(rows []Row, m *calibrate.Map, o *Options) (*Threshold, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 0x7269736b))
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	seen := map[int]bool{}
	var conf []float64
	var correct []bool
	for _, i := range order {
		if r := &rows[i]; !seen[r.Group] {
			seen[r.Group] = true
			conf, correct = append(conf, r.Confidence), append(correct, rng.IntN(r.N) < r.Correct)
		}
	}
	g, err := metrics.ThresholdForRisk(conf, correct, o.TargetRisk, o.Delta, o.Seed)
	if err != nil {
		return nil, err
	}
	t := &Threshold{TargetRisk: o.TargetRisk, Delta: o.Delta, Pairs: g.Pairs, Coverage: g.Coverage, Kept: g.Kept, Wrong: g.Wrong}
	if g.Kept > 0 {
		t.Threshold, t.Bound = &g.Threshold, &g.Bound
		if t.RawOnly = rawOnly(m, rows, g.Threshold); t.RawOnly == "" {
			value := m.Apply(g.Threshold)
			t.Calibrated = &value
		}
	}
	return t, nil
}

// rawOnly returns the reason why a threshold has no calibrated value, or "". Where the map is
// level, a calibrated threshold would also keep rows below the threshold, which the guarantee
// does not cover.
func rawOnly(m *calibrate.Map, rows []Row, threshold float64) string {
	if m.Method == calibrate.Histogram {
		return "a histogram gives one value to a whole bin"
	}
	value := m.Apply(threshold)
	for i := range rows {
		if p := rows[i].Confidence; (p >= threshold) != (m.Apply(p) >= value) {
			return "the map is level there, and lower confidences would pass, too"
		}
	}
	return ""
}
