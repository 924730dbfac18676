// Command bench measures the product against named peers in one run. Machines differ and are
// shared, so ratios matter: peers take turns in rounds, each figure is the median of the rounds,
// and each ratio is the median of the rounds' ratios.
//
//	bench                   everything
//	bench decoding module   these parts: module, pairs, decoding, sessions, demo
//	bench report            write RESULTS.md from the parts measured so far
//
// www/bench measures the parts size, badge, chromium and worker in Chromium and
// workerd. Every part leaves its rows in build/bench. `make bench` runs both and
// the report. Run it from the repository's root.
//
// Three commands in folders below this one write reports of their own: gateway (GATEWAY.md),
// batch (BATCH.md) and answers (ANSWERS.md).
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/finece/finece/host/wazero"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	if slices.Equal(names, []string{"report"}) {
		return report()
	}
	engine, err := wazero.New(context.Background())
	if err != nil {
		return err
	}
	defer engine.Close()
	for _, part := range parts {
		if len(names) > 0 && !slices.Contains(names, part.name) {
			continue
		}
		var t table
		if err := part.measure(&t, engine); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		t.print()
		if err := t.save(part.name); err != nil {
			return err
		}
	}
	return nil
}

// parts are the parts that this command measures, in the order of the table.
var parts = []struct {
	name    string
	measure func(*table, *wazero.Engine) error
}{{"module", module}, {"pairs", pairs}, {"decoding", decoding}, {"sessions", sessions}, {"demo", demo}}

const rounds = 15

// laps are the times of one contender, one per round.
type laps []time.Duration

// contest times each contender once per round, in turn, after a warm-up round.
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

// ratio returns the median over the rounds of a's time divided by b's in the same round. A
// disturbance of the machine slows both.
func ratio(a, b laps) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = float64(a[i]) / float64(b[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}
