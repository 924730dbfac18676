// Command bench measures the product against named peers in one run and prints
// the table of the README. Machines differ and are shared, so what counts is
// the ratios: peers take turns in rounds, and each figure is the median of the
// rounds, each ratio that of the rounds' ratios.
//
//	bench                   everything
//	bench decoding module   these parts: module, pairs, decoding, sessions
//
// www/bench goes on from there, in Chromium and workerd: size, badge, chromium,
// worker. `make bench` runs both.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	engine, err := wazero.New(context.Background())
	if err != nil {
		return err
	}
	defer engine.Close()
	fmt.Printf("%s %s/%s, %d CPUs\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer out.Flush()
	for _, part := range parts {
		if len(names) > 0 && !slices.Contains(names, part.name) {
			continue
		}
		if err := part.measure(out, engine); err != nil {
			return err
		}
		out.Flush()
	}
	return nil
}

// parts are what can be measured, in the order of the table.
var parts = []struct {
	name    string
	measure func(*tabwriter.Writer, host.Engine) error
}{{"module", module}, {"pairs", pairs}, {"decoding", decoding}, {"sessions", sessions}}

// row prints what was measured, the figure, and what it is held against.
func row(out *tabwriter.Writer, what, figure, target string) {
	fmt.Fprintf(out, "%s\t%s\t%s\n", what, figure, target)
}

const rounds = 15

// laps are the times of one contender, a round each.
type laps []time.Duration

// contest times each contender once a round, in turn, after a round to warm up.
func contest(contenders ...func()) []laps {
	times := make([]laps, len(contenders))
	for round := range rounds + 1 {
		for i, f := range contenders {
			runtime.GC()
			start := time.Now()
			f()
			if round > 0 {
				times[i] = append(times[i], time.Since(start))
			}
		}
	}
	return times
}

func (l laps) median() time.Duration {
	sorted := slices.Sorted(slices.Values(l))
	return sorted[len(sorted)/2]
}

// ratio is the median over the rounds of a's time by b's in the same round:
// what slows a machine down for a while slows both.
func ratio(a, b laps) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = float64(a[i]) / float64(b[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}
