// Command bench measures the product against named peers in one run and prints
// the table of the README. Machines differ and are shared, so what counts is
// the ratios: peers take turns in rounds, and each figure is the median of the
// rounds.
//
//	bench                   everything
//	bench decoding module   these parts: module, pairs, decoding, sessions
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
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	engine, err := host.NewWazero(context.Background())
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
	measure func(*tabwriter.Writer, *host.Wazero) error
}{{"module", module}, {"pairs", pairs}, {"decoding", decoding}, {"sessions", sessions}}

// row prints what was measured, the figure, and what it is held against.
func row(out *tabwriter.Writer, what, figure, target string) {
	fmt.Fprintf(out, "%s\t%s\t%s\n", what, figure, target)
}

const rounds = 9

// contest times each contender once a round, in turn, after a round to warm up.
func contest(contenders ...func()) []time.Duration {
	times := make([][]time.Duration, len(contenders))
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
	medians := make([]time.Duration, len(contenders))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][rounds/2]
	}
	return medians
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
