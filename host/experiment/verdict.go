package experiment

import "fmt"

const filterClaim = "filtering whole answers at 0.8 raises accuracy by 39.5% or more, where it is a half or less"

// verdicts hold what was found against what the method is to reach.
func verdicts(d *Domain) []Verdict {
	var out []Verdict
	add := func(reached bool, claim, found string, a ...any) {
		out = append(out, Verdict{d.Name, claim, fmt.Sprintf(found, a...), reached})
	}
	for _, w := range []Which{First, LastBut1} {
		ours, ok := find(d.Table1, FineCE, w)
		if !ok {
			continue
		}
		if best, name, ok := bestBaseline(d.Table1, w, func(a, b Quality) bool { return a.ECE.Value < b.ECE.Value }); ok {
			add(apart(ours.ECE, best.ECE), fmt.Sprintf("lower ECE at %s than the best baseline, intervals apart", w),
				"%s against %s of %s: %+.0f%%", show(ours.ECE), show(best.ECE), name, 100*(ours.ECE.Value/best.ECE.Value-1))
		}
		if best, name, ok := bestBaseline(d.Table1, w, func(a, b Quality) bool { return a.AUROC.Value > b.AUROC.Value }); ok {
			add(apart(best.AUROC, ours.AUROC), fmt.Sprintf("higher AUROC at %s than the best baseline, intervals apart", w),
				"%s against %s of %s: %+.1f points", show(ours.AUROC), show(best.AUROC), name, 100*(ours.AUROC.Value-best.AUROC.Value))
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
	return out
}

func find(rows []Row, name string, w Which) (Quality, bool) {
	for _, r := range rows {
		if r.Name == name && r.At[w].N > 0 {
			return r.At[w], true
		}
	}
	return Quality{}, false
}

// bestBaseline is the best by an order; one that is not defined is not better.
func bestBaseline(rows []Row, w Which, better func(a, b Quality) bool) (best Quality, name string, ok bool) {
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
