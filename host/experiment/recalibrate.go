package experiment

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// Recalibration is the ECE of confidence models after Platt's map was fitted on a number
// of labelled answers of the domain. It is measured on the answers to the domain's
// other questions. Labels is 0 for confidences without a map.
type Recalibration struct {
	Labels int
	// ECE, by the model's name, is the mean over draws of the labelled questions, with
	// the range of the middle nine in ten.
	ECE map[string]Figure
}

// labelCounts are the numbers of labelled answers to try.
var labelCounts = []int{10, 30, 100}

const splits = 20 // draws of the labelled questions

// recalibrations fits Platt's map on all positions of a few answers, for many draws of
// them. It shows how many labels another domain needs, or a model that was trained on
// the answers of another generator.
func recalibrations(records []*Record, models []Row, seed uint64) ([]Recalibration, error) {
	byQuestion := map[string][]*Record{}
	var ids []string
	for _, r := range records {
		if byQuestion[r.ID] == nil {
			ids = append(ids, r.ID)
		}
		byQuestion[r.ID] = append(byQuestion[r.ID], r)
	}
	var out []Recalibration
	r := rand.New(rand.NewPCG(seed, 7))
	for _, labels := range append([]int{0}, labelCounts...) {
		if 2*labels > len(records) {
			break
		}
		eces := map[string][]float64{}
		for range splits {
			r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			var labelled, rest []*Record
			for _, id := range ids {
				if len(labelled) < labels {
					labelled = append(labelled, byQuestion[id]...)
				} else {
					rest = append(rest, byQuestion[id]...)
				}
			}
			for _, m := range models {
				ece, err := recalibrated(labelled, rest, m.Name)
				if err != nil {
					return nil, err
				}
				if !math.IsNaN(ece) {
					eces[m.Name] = append(eces[m.Name], ece)
				}
			}
		}
		one := Recalibration{labels, map[string]Figure{}}
		for _, m := range models {
			one.ECE[m.Name] = spread(eces[m.Name], 0.9)
		}
		out = append(out, one)
	}
	return out, nil
}

// spread returns the mean of values and the range of a middle share of them.
func spread(values []float64, middle float64) Figure {
	if len(values) == 0 {
		return unknown
	}
	slices.Sort(values)
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	last := float64(len(values) - 1)
	outside := (1 - middle) / 2
	return Figure{sum / float64(len(values)), values[int(math.Round(outside*last))], values[int(math.Round((1-outside)*last))]}
}

// recalibrated returns the ECE of a model on rest, with a map fitted on labelled. It is
// NaN if rest has no confidences.
func recalibrated(labelled, rest []*Record, name string) (float64, error) {
	var rows []fit.Row
	eachLabelled(labelled, name, func(p *Point, correct bool) {
		row := fit.Row{Confidence: p.Confidence[name], N: 1, Question: p.Index == 0, End: p.Index == p.Last, Tokens: int64(p.Tokens)}
		if correct {
			row.Correct = 1
		}
		rows = append(rows, row)
	})
	apply := func(p float64) float64 { return p }
	if len(rows) > 0 {
		m, err := fit.Fit(calibrate.Platt, rows, fit.DefaultBins())
		switch {
		case err == nil:
			apply = m.Apply
		case !errors.Is(err, fit.ErrOneClass) && !errors.Is(err, fit.ErrOneValue): // no map can be fitted: the confidences stay as they are
			return 0, err
		}
	}
	var confidence []float64
	var right []bool
	eachLabelled(rest, name, func(p *Point, correct bool) {
		confidence, right = append(confidence, apply(p.Confidence[name])), append(right, correct)
	})
	if len(confidence) == 0 {
		return math.NaN(), nil
	}
	return metrics.ECE(confidence, right, metrics.DefaultBinning())
}

// eachLabelled calls do for each point of paragraphs that has a confidence of the model,
// including p(0) and p(z).
func eachLabelled(records []*Record, name string, do func(p *Point, correct bool)) {
	for _, r := range records {
		for i := range r.Points {
			if p := &r.Points[i]; p.Strategy == ByParagraph {
				if _, ok := p.Confidence[name]; ok {
					do(p, r.Correct)
				}
			}
		}
	}
}
