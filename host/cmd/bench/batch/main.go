// Command batch compares `finece score` and `finece eval` on files with programs that a user
// would write in Python (json and numpy, DuckDB), and writes host/cmd/bench/BATCH.md:
//
//	batch                   everything
//	batch score start       these parts: score, eval, intervals, memory, start, beam
//
// Each contestant is a process of its own. They take turns in rounds. A figure is the median of
// the rounds, and a ratio is the median of the rounds' ratios. CPU time depends less on other
// work on the machine than wall time. `make bench-batch` installs the peers into
// build/batch/venv first, and runs it from the repository's root.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/finece/finece/host/cmd/bench/internal/report"
)

const (
	folder  = "build/batch"
	finece  = folder + "/finece"
	empty   = folder + "/empty"
	python  = folder + "/venv/bin/python"
	peers   = "host/cmd/bench/batch/peers.py"
	saved   = "build/bench/batch" // one file per part
	results = "host/cmd/bench/BATCH.md"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1)
	}
}

// parts are what is measured, in the order of the report.
var parts = []struct {
	name    string
	measure func(*report.Report) error
}{{"score", score}, {"eval", eval}, {"intervals", intervals}, {"memory", memory}, {"start", start}, {"beam", beam}}

func run(names []string) error {
	for out, pkg := range map[string]string{finece: "./host/cmd/finece", empty: "./host/cmd/bench/batch/empty"} {
		if said, err := exec.Command("go", "build", "-o", out, pkg).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
	}
	r := report.New(saved)
	var all []string
	for _, part := range parts {
		all = append(all, part.name)
		if len(names) > 0 && !slices.Contains(names, part.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring:", part.name)
		if err := part.measure(r); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := r.Save(part.name); err != nil {
			return err
		}
	}
	versions, err := exec.Command(python, peers, "versions").Output()
	if err != nil {
		return err
	}
	return r.Write(results, fmt.Sprintf(`# Batches, compared with Python and DuckDB

Written by %[1]s; do not edit. Contestants take turns in rounds, each in a process of its own, on %[3]s,
%[4]s/%[5]s, %[6]d CPUs, %[7]s. A figure is the median of the rounds, a ratio the
median of the rounds' ratios. The machine may be shared (the load is that of one minute, on these CPUs): trust
ratios of CPU time, then ratios of wall time. %[2]sfinece%[2]s uses its defaults, with finece.wasm on wazero. The
command is documented in [batch/main.go](batch/main.go).
`, "`make bench-batch`", "`", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.TrimSpace(string(versions))), all)
}
