package experiment

import (
	"errors"
	"fmt"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/metrics"
)

const filterClaim = "filtering whole answers at 0.8 raises accuracy by 39.5% or more, where it is a half or less"

// verdicts hold what was found against what the method is to reach.
func verdicts(d *Domain, records []*Record, seed uint64) ([]Verdict, error) {
	var out []Verdict
	add := func(reached bool, claim, found string, a ...any) {
		out = append(out, Verdict{d.Name, claim, fmt.Sprintf(found, a...), reached})
	}
	// compare holds a reading of FineCE at a position against the best baselines of a table.
	compare := func(table []Row, of outcome, w Which, where string, ours Quality, read reading) error {
		if best, name, ok := bestBaseline(table, w, lowerECE); ok {
			gap, err := differences(records, At{ByParagraph, w}, read, named(name), of, seed)
			if err != nil {
				return err
			}
			add(apart(ours.ECE, best.ECE), fmt.Sprintf("lower ECE at %s than the best baseline, intervals apart", where),
				"%s against %s of %s: %+.0f%%, %s points", show(ours.ECE), show(best.ECE), name, 100*(ours.ECE.Value/best.ECE.Value-1), show(gap[0]))
		}
		if best, name, ok := bestBaseline(table, w, higherAUROC); ok {
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
		read := fused(bci.Params{Alpha: f.Alpha, Depth: f.Depth, Width: f.Width}, &failed)
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
	case whole.Kept.Coverage == 0:
		add(false, filterClaim, "nothing is kept: no confidence reaches 0.8")
	default:
		gain := whole.Kept.Accuracy/whole.Accuracy - 1
		add(gain >= 0.395, filterClaim, "%.1f%% kept, accuracy %.1f%% to %.1f%%: %+.0f%%", 100*whole.Kept.Coverage, 100*whole.Accuracy, 100*whole.Kept.Accuracy, 100*gain)
	}
	if first, found := find(d.Table1, FineCE, First); found && ok {
		gap := 100 * (first.ECE.Value - whole.ECE.Value)
		add(gap <= 2.1, "ECE at the first paragraph's end within 2.1 points of the whole answer's",
			"%s after %.0f%% of the tokens, %s at the end: %+.1f points", show(first.ECE), 100*first.Ratio, show(whole.ECE), gap)
	}
	if n := len(d.Fusions); n > 1 {
		without, with := d.Fusions[0], d.Fusions[n-1]
		add(with.Quality.ECE.Value < without.Quality.ECE.Value, fmt.Sprintf("fusion with d=%d, w=%d lowers ECE at p(1)", with.Depth, with.Width),
			"%s to %s", show(without.Quality.ECE), show(with.Quality.ECE))
	}
	return out, nil
}

// differences are how much the ECE and the AUROC of one reading are above those of
// another, over the outcomes that have both, with intervals of the differences.
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

// Orders of baselines.
func lowerECE(a, b Quality) bool    { return a.ECE.Value < b.ECE.Value }
func higherAUROC(a, b Quality) bool { return a.AUROC.Value > b.AUROC.Value }
func lowerBrier(a, b Quality) bool  { return a.Brier < b.Brier }

// bestBaseline is the best by an order; one that is not defined is not better.
func bestBaseline(rows []Row, w Which, better func(a, b Quality) bool) (best Quality, name string, ok bool) {
	best = unmeasured
	for _, r := range rows {
		q := r.At[w]
		if isModel(r.Name) || q.N == 0 || q.ECE.Value != q.ECE.Value || q.AUROC.Value != q.AUROC.Value {
			continue
		}
		if !ok || better(q, best) {
			best, name, ok = q, r.Name, true
		}
	}
	return best, name, ok
}
