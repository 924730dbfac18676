package experiment

import (
	"math"
	"math/rand/v2"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// Recalibration is the ECE of confidence models after Platt's map. The map is fitted on
// Labels labelled answers of the domain. The ECE is measured on the answers to the
// domain's other questions. Labels is 0 for confidences without a map.
type Recalibration struct {
	Labels int
	// ECE has the figures by the model's name: the mean over draws of the labelled
	// questions, with the range of the middle 90% of the draws.
	ECE map[string]Figure
}

// labelCounts are the numbers of labelled answers to try.
var labelCounts = []int{0, 10, 30, MapLabels}

// recalibrations fits Platt's map on all positions of a few answers, for many draws of
// these answers. The figures show how many labels are needed for another domain, or for a
// model that was trained on the answers of another generator.
func recalibrations(records []*Record, models []string, seed uint64) ([]Recalibration, error) {
	var out []Recalibration
	r := rand.New(rand.NewPCG(seed, 7))
	for _, labels := range labelCounts {
		draws := drawn(records, labels, r)
		if draws == nil {
			break
		}
		one := Recalibration{labels, map[string]Figure{}}
		for _, name := range models {
			var eces []float64
			for _, d := range draws {
				labelled, rest := d.split(records)
				ece, err := recalibrated(labelled, rest, name)
				if err != nil {
					return nil, err
				}
				if !math.IsNaN(ece) {
					eces = append(eces, ece)
				}
			}
			one.ECE[name] = spread(eces, 0.9)
		}
		out = append(out, one)
	}
	return out, nil
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
	apply, err := platt(rows)
	if err != nil {
		return 0, err
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
