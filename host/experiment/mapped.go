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

// MapLabels is the number of labelled answers that every method's map is fitted on.
const MapLabels = 100

const splits = 20 // draws of the labelled questions

// Mapped is the quality of confidences after Platt's map. The maps of all methods and
// places are fitted on the same labelled answers, each on its own confidences. They are
// measured on the answers to the other questions. A figure is the mean over draws of the
// labelled questions, with the range of the middle 90% of the draws.
type Mapped struct{ Brier, ECE Figure }

var unmapped = Mapped{unknown, unknown}

// labelling is a random set of labelled questions, by their ids.
type labelling map[string]bool

// drawn returns random sets of questions. Each set has at least as many answers as labels
// says. The result is nil if labels is more than half of the answers.
func drawn(records []*Record, labels int, r *rand.Rand) []labelling {
	if 2*labels > len(records) {
		return nil
	}
	answers := map[string]int{}
	var ids []string
	for _, record := range records {
		if answers[record.ID]++; answers[record.ID] == 1 {
			ids = append(ids, record.ID)
		}
	}
	out := make([]labelling, splits)
	for i := range out {
		r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		out[i] = labelling{}
		have := 0
		for _, id := range ids {
			if have >= labels {
				break
			}
			out[i][id] = true
			have += answers[id]
		}
	}
	return out
}

// split returns the records of the labelled questions, and the others.
func (d labelling) split(records []*Record) (labelled, rest []*Record) {
	for _, r := range records {
		if d[r.ID] {
			labelled = append(labelled, r)
		} else {
			rest = append(rest, r)
		}
	}
	return labelled, rest
}

// platt fits Platt's map. No map can be fitted if all answers are right, all are wrong or
// all confidences are equal. The confidences then stay as they are.
func platt(rows []fit.Row) (func(float64) float64, error) {
	if len(rows) == 0 {
		return same, nil
	}
	m, err := fit.Fit(calibrate.Platt, rows, fit.DefaultBins())
	switch {
	case err == nil:
		return m.Apply, nil
	case errors.Is(err, fit.ErrOneClass), errors.Is(err, fit.ErrOneValue):
		return same, nil
	}
	return nil, err
}

func same(p float64) float64 { return p }

// mappedPairs returns, for each draw, the pairs of the questions that were not drawn, after
// the map that was fitted on the drawn ones.
func mappedPairs(records []*Record, at At, read reading, draws []labelling) ([]Pairs, error) {
	out := make([]Pairs, len(draws))
	for i, d := range draws {
		labelled, rest := d.split(records)
		learn := pairs(labelled, at, read)
		rows := make([]fit.Row, len(learn.Confidence))
		for k := range rows {
			rows[k] = fit.Row{Confidence: learn.Confidence[k], N: 1}
			if learn.Correct[k] {
				rows[k].Correct = 1
			}
		}
		apply, err := platt(rows)
		if err != nil {
			return nil, err
		}
		out[i] = pairs(rest, at, read)
		for k, v := range out[i].Confidence {
			out[i].Confidence[k] = apply(v)
		}
	}
	return out, nil
}

// mapped measures confidences after the map.
func mapped(records []*Record, at At, read reading, draws []labelling) (Mapped, error) {
	all, err := mappedPairs(records, at, read, draws)
	if err != nil {
		return unmapped, err
	}
	var briers, eces []float64
	for i := range all {
		if len(all[i].Confidence) == 0 {
			continue
		}
		s, err := metrics.NewSample(all[i].Confidence, all[i].Correct)
		if err != nil {
			return unmapped, err
		}
		brier, err := s.Brier()
		if err != nil {
			return unmapped, err
		}
		ece, err := s.ECE(metrics.DefaultBinning())
		if err != nil {
			return unmapped, err
		}
		briers, eces = append(briers, brier), append(eces, ece)
	}
	return Mapped{spread(briers, 0.9), spread(eces, 0.9)}, nil
}

// spread returns the mean of values, and the range of the middle share of them.
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
