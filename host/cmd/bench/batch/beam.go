package main

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/finece/finece/host/cmd/bench/internal/report"
)

const (
	fineceBeam  = folder + "/finece-beam"
	beamOutput  = folder + "/beam"
	beamAnswers = 40_000
	beamRounds  = 3
)

// beam compares finece-beam score on Prism with finece score: a loop over the lines of the
// same file with the same code.
func beam(r *report.Report) error {
	out, err := filepath.Abs(fineceBeam)
	if err != nil {
		return err
	}
	build := exec.Command("go", "build", "-o", out, "./finece-beam")
	build.Dir = "host/beam" // a module of its own
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	path := filepath.Join(folder, fmt.Sprintf("answers-%d--1.jsonl", beamAnswers))
	if err := writeAnswers(path, beamAnswers, -1); err != nil {
		return err
	}
	plain := &contestant{name: "finece", args: []string{finece, "score", path}}
	prism := &contestant{name: "finece-beam", args: []string{fineceBeam, "score", "-o", beamOutput, "--shard-size", "4000000", path}, fresh: beamOutput}
	if err := contest(beamRounds, plain, prism); err != nil {
		return err
	}
	r.Title("Beam", fmt.Sprintf("`finece-beam score` on Prism, in shards of 4 MB, compared with `finece score`: %d answers with %d numbers each. The figures\ninclude Beam's start.", beamAnswers, answerTokens))
	r.Header("", "CPU s", "wall s", "MB")
	for _, c := range []*contestant{plain, prism} {
		r.Line(c.name, fmt.Sprintf("%.2f", c.median(cpu)), fmt.Sprintf("%.2f", c.median(wall)), fmt.Sprintf("%.0f", c.megabytes()))
	}
	r.Target("Beam on Prism: CPU time, as a multiple of the plain loop's", prism.times(plain, cpu), 1.3, report.AtMost)
	return nil
}
