package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/finece/finece/host/cmd/bench/internal/report"
)

const (
	manyPairs  = 10_000_000
	evalRounds = 3
)

// pairsFile returns the file of n pairs, and makes it if it does not exist.
func pairsFile(n int, ext string) (string, error) {
	path := filepath.Join(folder, fmt.Sprintf("pairs-%d%s", n, ext))
	if ext == ".parquet" {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		from, err := pairsFile(n, ".csv")
		if err != nil {
			return "", err
		}
		if out, err := exec.Command(python, peers, "parquet", from, path).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, out)
		}
		return path, nil
	}
	line := "%v,%d\n"
	if ext == ".jsonl" {
		line = `{"confidence": %v, "correct": %d}` + "\n"
	}
	return path, once(path, func(w *bufio.Writer) {
		if ext == ".csv" {
			w.WriteString("confidence,correct\n")
		}
		rng := rand.New(rand.NewPCG(7, 7))
		for range n {
			c, y := rng.Float64(), 0
			if rng.Float64() < c*c {
				y = 1
			}
			fmt.Fprintf(w, line, c, y)
		}
	})
}

// eval compares finece eval, all figures with intervals, with two figures by DuckDB.
func eval(r *report.Report) error {
	r.Title(fmt.Sprintf("Evaluating %d pairs", manyPairs), "`finece eval`, 12 figures and the intervals of 1000 resamples, compared with DuckDB, which computes AUROC and ECE.")
	r.Header("", "finece, CPU s", "wall s", "MB", "DuckDB, CPU s", "wall s", "MB", "CPU time, finece / DuckDB", "wall time, finece / DuckDB")
	for _, ext := range []string{".csv", ".jsonl", ".parquet"} {
		path, err := pairsFile(manyPairs, ext)
		if err != nil {
			return err
		}
		ours := &contestant{name: "finece", args: []string{finece, "eval", "--format", "json", path}}
		theirs := &contestant{name: "DuckDB", args: []string{python, peers, "eval", path}}
		if err := contest(evalRounds, ours, theirs); err != nil {
			return err
		}
		if err := agree(ours.out, theirs.out); err != nil {
			return err
		}
		r.Line(ext[1:], fmt.Sprintf("%.1f", ours.median(cpu)), fmt.Sprintf("%.1f", ours.median(wall)), fmt.Sprintf("%.0f", ours.megabytes()),
			fmt.Sprintf("%.1f", theirs.median(cpu)), fmt.Sprintf("%.1f", theirs.median(wall)), fmt.Sprintf("%.0f", theirs.megabytes()),
			report.Short(ours.times(theirs, cpu)), report.Short(ours.times(theirs, wall)))
		r.Target("eval, "+ext[1:]+": wall time, as a multiple of DuckDB's for two figures", ours.times(theirs, wall), 1, report.AtMost)
		r.Target("eval, "+ext[1:]+": CPU time, as a multiple of DuckDB's for two figures", ours.times(theirs, cpu), 1, report.AtMost)
		r.Target("eval, "+ext[1:]+": memory, MB", ours.megabytes(), 400, report.AtMost)
	}
	return nil
}

// agree returns an error if two programs found different figures.
func agree(a, b []byte) error {
	var x, y struct{ ECE, AUROC float64 }
	if err := json.Unmarshal(a, &x); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return err
	}
	if math.Abs(x.ECE-y.ECE) > 1e-9 || math.Abs(x.AUROC-y.AUROC) > 1e-9 {
		return fmt.Errorf("finece has %v, the peer %v", x, y)
	}
	return nil
}

// intervals compares eval of 100,000 rows with and without resamples.
func intervals(r *report.Report) error {
	path, err := pairsFile(100_000, ".csv")
	if err != nil {
		return err
	}
	with := &contestant{name: "with intervals", args: []string{finece, "eval", path}}
	without := &contestant{name: "1 resample", args: []string{finece, "eval", "--resamples", "1", path}}
	if err := contest(scoreRounds, with, without); err != nil {
		return err
	}
	r.Title("Intervals", "`finece eval` of a CSV file with 100,000 rows, with 1000 resamples and with 1.")
	r.Header("", "CPU s", "wall s")
	for _, c := range []*contestant{with, without} {
		r.Line(c.name, fmt.Sprintf("%.2f", c.median(cpu)), fmt.Sprintf("%.2f", c.median(wall)))
	}
	r.Target("eval of 100,000 rows with intervals, wall s (0.6 or twice the time without)", with.median(wall), math.Ceil(100*max(0.6, 2*without.median(wall)))/100, report.AtMost)
	return nil
}
