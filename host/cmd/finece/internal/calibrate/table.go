package calibrate

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/finece/finece/metrics/calibrate/fit"
)

// calibrationTable prints a report.
func calibrationTable(w io.Writer, r *fit.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "positions\tn\tquestions\tmethod\tECE before\tafter\tNLL before\tafter")
	for _, p := range r.Parts {
		if p.Before == nil {
			fmt.Fprintf(t, "%s\t0\t0\t%s\t-\t-\t-\t-\n", p.Part, p.Method)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", p.Part, p.Outcomes, p.Questions, p.Method,
			figureText(p.Before.ECE), figureText(p.After.ECE), figureText(p.Before.NLL), figureText(p.After.NLL))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, p := range r.Parts {
		if p.Questions > 0 {
			fmt.Fprintf(w, "%s: %s\n", p.Part, needed(p.Questions))
		}
	}
	if r.Method == "auto" {
		fmt.Fprintln(w)
		if err := candidateTable(w, r); err != nil {
			return err
		}
	}
	for _, p := range r.Parts {
		if p.Threshold != nil {
			fmt.Fprintf(w, "\n%s: %s\n", p.Part, thresholdText(p.Threshold))
		}
	}
	return nil
}

// needed says how precisely this number of questions gives the share of correct answers, and how
// many give it more precisely. Half the width of the widest 95% interval is 0.98/sqrt(n).
func needed(questions int) string {
	const half = 98. // points of one question
	text := fmt.Sprintf("%d questions give the share of correct answers to within ±%.1f points (95%%)", questions, half/math.Sqrt(float64(questions)))
	for _, points := range []float64{5, 3, 1} {
		if n := int(math.Ceil(half * half / (points * points))); n > questions {
			return text + fmt.Sprintf("; ±%g points need %d", points, n)
		}
	}
	return text
}

func figureText(f fit.Figure) string {
	return fmt.Sprintf("%.4f (%.4f to %.4f)", f.Value, f.Low, f.High)
}

// candidateTable prints the cross-validated NLL of each method.
func candidateTable(w io.Writer, r *fit.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "NLL of")
	for _, p := range r.Parts {
		if len(p.Candidates) > 0 {
			fmt.Fprintf(t, "\t%s", p.Part)
		}
	}
	fmt.Fprintln(t)
	for i, m := range fit.Methods {
		fmt.Fprint(t, m)
		for _, p := range r.Parts {
			switch {
			case len(p.Candidates) == 0:
			case p.Candidates[i].Error != "":
				fmt.Fprint(t, "\t-")
			default:
				fmt.Fprintf(t, "\t%.4f", p.Candidates[i].NLL)
			}
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// thresholdText returns a guarantee in words.
func thresholdText(t *fit.Threshold) string {
	promise := fmt.Sprintf("at most %g%% wrong with probability %g", 100*t.TargetRisk, 1-t.Delta)
	if t.Threshold == nil {
		return fmt.Sprintf("threshold none: no threshold has %s (tested on %d rows)", promise, t.Pairs)
	}
	// %g writes the fewest digits that give the same number.
	calibrated := "raw only, no calibrated one: " + t.RawOnly
	if t.Calibrated != nil {
		calibrated = fmt.Sprintf("calibrated %g", *t.Calibrated)
	}
	return fmt.Sprintf("threshold %g (%s): %s; keeps %.1f%%, %d of %d rows, %d of them wrong, bound %.4f",
		*t.Threshold, calibrated, promise, 100*t.Coverage, t.Kept, t.Pairs, t.Wrong, *t.Bound)
}
