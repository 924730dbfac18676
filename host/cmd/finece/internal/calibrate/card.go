package calibrate

import (
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/position"
)

// card returns the card of a calibration, which says what its rows cover. kinds are the kinds of
// the positions, or 0 if the input does not have them.
func (f *options) card(name string, rows []fit.Row, kinds position.Kind, report *fit.Report) *calibrate.Card {
	c := &calibrate.Card{Name: name, Generator: f.generator, Domain: f.domain, Labels: len(rows), Low: 1}
	between := false
	var ends position.Kind
	for i := range rows {
		row := &rows[i]
		c.Low, c.High = min(c.Low, row.Confidence), max(c.High, row.Confidence)
		switch {
		case row.Question:
			ends |= position.Question
		case row.End:
			ends |= position.End
		default:
			between = true
		}
	}
	switch {
	case kinds != 0:
		c.Kinds = kinds
	case !between:
		c.Kinds = ends
	}
	for _, part := range report.Parts {
		for _, band := range calibrate.AllBands() {
			if part.Part == band.String() && part.Shared == "" {
				c.Bands = append(c.Bands, band)
			}
		}
		if part.Before != nil && part.Shared == "" {
			c.Figures = append(c.Figures, calibrate.Figure{Name: "ece_" + part.Part, Value: part.After.ECE.Value})
		}
	}
	return c
}
