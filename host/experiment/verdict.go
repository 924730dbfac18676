package experiment

import (
	"errors"
	"fmt"
	"math"

	"github.com/finece/finece/metrics"
)

const filterClaim = "filtering whole answers at 0.8 raises accuracy by 39.5% or more, where it is a half or less, beyond chance"

// verdicts compares the results with the claims about the method.
func verdicts(d *Domain, records []*Record, seed uint64) ([]Verdict, error) {
	var out []Verdict
	add := func(reached bool, claim, found string, a ...any) {
		out = append(out, Verdict{d.Name, claim, fmt.Sprintf(found, a...), reached})
	}
	// compare compares FineCE at a position with the best baselines of a table.
	compare := func(table []Row, of outcome, w Which, where string, ours Quality, read reading) error {
		if best, name, ok := bestBaseline(table, w, lowestECE, ours.N); ok {
			gap, err := differences(records, At{ByParagraph, w}, read, named(name), of, seed)
			if err != nil {
				return err
			}
			share := ""
			if best.ECE.Value > 0 {
				share = fmt.Sprintf("%+.0f%%, ", 100*(ours.ECE.Value/best.ECE.Value-1))
			}
			add(apart(ours.ECE, best.ECE), fmt.Sprintf("lower ECE at %s than the best baseline, intervals apart", where),
				"%s against %s of %s: %s%s points", show(ours.ECE), show(best.ECE), name, share, show(gap[0]))
		}
		if best, name, ok := bestBaseline(table, w, highestAUROC, ours.N); ok {
			gap, err := differences(records, At{ByParagraph, w}, read, named(name), of, seed)
			if err != nil {
				return err
			}
			add(apart(best.AUROC, ours.AUROC), fmt.Sprintf("higher AUROC at %s than the best baseline, intervals apart", where),
				"%s against %s of %s: %s points", show(ours.AUROC), show(best.AUROC), name, show(gap[1]))
		}
		return nil
	}
	for _, w := range []Which{First, LastBut1} {
		if ours, ok := find(d.Table1, FineCE, w); ok {
			if err := compare(d.Table1, ofAnswer, w, w.String(), ours, named(FineCE)); err != nil {
				return nil, err
			}
		}
		if ours, ok := find(d.Labelled, FineCE, w); ok {
			if err := compare(d.Labelled, ofLabel, w, w.String()+", against the labels,", ours, named(FineCE)); err != nil {
				return nil, err
			}
		}
	}
	if n := len(d.Fusions); n > 1 {
		f := d.Fusions[n-1]
		where := fmt.Sprintf("p(1), fused with d=%d and w=%d,", f.Depth, f.Width)
		var failed error
		read := fused(f.params(), &failed)
		if err := errors.Join(compare(d.Table1, ofAnswer, First, where, f.Quality, read), failed); err != nil {
			return nil, err
		}
		p := against(records, At{ByParagraph, First}, read, ofLabel)
		labelled, err := p.quality(seed)
		if err != nil {
			return nil, err
		}
		if labelled.N > 0 {
			if err := compare(d.Labelled, ofLabel, First, where+" against the labels,", labelled, read); err != nil {
				return nil, err
			}
		}
	}
	whole, ok := find(d.Table2, FineCE, Whole)
	switch {
	case !ok || whole.Accuracy > 0.5 || whole.Accuracy == 0:
	case whole.Kept.N == 0:
		add(false, filterClaim, "nothing is kept: no confidence reaches 0.8")
	default:
		kept := whole.Kept
		gain := kept.Accuracy/whole.Accuracy - 1
		// One answer to each question, so that the pairs are independent.
		of, err := metrics.ClopperPearson(uint64(kept.Right), uint64(kept.N), 0.95)
		if err != nil {
			return nil, err
		}
		add(gain >= 0.395 && of.Low > whole.Accuracy, filterClaim, "%.1f%% kept (%d answers), accuracy %.1f%% to %s%%: %+.0f%%",
			100*kept.Coverage, kept.N, 100*whole.Accuracy, show(Figure{kept.Accuracy, of.Low, of.High}), 100*gain)
	}
	if first, found := find(d.Table1, FineCE, First); found && ok {
		gap := 100 * (first.ECE.Value - whole.ECE.Value)
		add(gap <= 2.1, "ECE at the first paragraph's end within 2.1 points of the whole answer's, by the values",
			"%s after %.0f%% of the tokens, %s at the end: %+.1f points", show(first.ECE), 100*first.Ratio, show(whole.ECE), gap)
	}
	if n := len(d.Fusions); n > 1 {
		without, with := d.Fusions[0], d.Fusions[n-1]
		var failed error
		gap, err := differences(records, At{ByParagraph, First}, fused(with.params(), &failed), fused(without.params(), &failed), ofAnswer, seed)
		if err = errors.Join(err, failed); err != nil {
			return nil, err
		}
		add(with.Quality.ECE.Value < without.Quality.ECE.Value, fmt.Sprintf("fusion with d=%d, w=%d lowers ECE at p(1), by the values", with.Depth, with.Width),
			"%s to %s: %s points", show(without.Quality.ECE), show(with.Quality.ECE), show(gap[0]))
	}
	return out, nil
}

// differences returns how far the ECE and the AUROC of one name lie above those of
// another, with intervals, over the outcomes that have a confidence of both.
func differences(records []*Record, at At, a, b reading, of outcome, seed uint64) ([2]Figure, error) {
	both := func(one, other reading) Pairs {
		return against(records, at, func(p *Point) (float64, bool) {
			v, ok := one(p)
			_, too := other(p)
			return v, ok && too
		}, of)
	}
	pa, pb := both(a, b), both(b, a)
	out := [2]Figure{unknown, unknown}
	if len(pa.Confidence) == 0 {
		return out, nil
	}
	var values [2][2]float64
	for i, p := range []Pairs{pa, pb} {
		s, err := metrics.NewSample(p.Confidence, p.Correct)
		if err != nil {
			return out, err
		}
		if values[i], err = valuesOf(s); err != nil {
			return out, err
		}
	}
	intervals, err := metrics.BootstrapDifferences(pa.Confidence, pb.Confidence, pa.Correct, pa.Question, measured, resampling(seed))
	if err != nil {
		return out, err
	}
	for i := range out {
		out[i] = Figure{values[0][i] - values[1][i], intervals[i].Low, intervals[i].High}
	}
	return out, nil
}

func find(rows []Row, name string, w Which) (Quality, bool) {
	for _, r := range rows {
		if r.Name == name && r.At[w].N > 0 {
			return r.At[w], true
		}
	}
	return unmeasured, false
}

// order is a figure that baselines are compared by, and whether the lowest or the
// highest value is best.
type order struct {
	figure func(Quality) float64
	lowest bool
}

var (
	lowestECE    = order{func(q Quality) float64 { return q.ECE.Value }, true}
	highestAUROC = order{func(q Quality) float64 { return q.AUROC.Value }, false}
	lowestBrier  = order{func(q Quality) float64 { return q.Brier }, true}
)

// least is the share of FineCE's pairs that a baseline needs in order to be compared.
// Figures of a few answers say nothing.
const least = 0.9

// bestBaseline returns the best baseline at a position by an order, among those whose
// figure is defined.
func bestBaseline(rows []Row, w Which, by order, n int) (best Quality, name string, ok bool) {
	best = unmeasured
	for _, r := range rows {
		q := r.At[w]
		v := by.figure(q)
		if isModel(r.Name) || float64(q.N) < max(least*float64(n), 1) || math.IsNaN(v) {
			continue
		}
		if than := by.figure(best); !ok || by.lowest && v < than || !by.lowest && v > than {
			best, name, ok = q, r.Name, true
		}
	}
	return best, name, ok
}
