// Command conformance shows that every engine gives the same bytes: it plays one
// corpus of streams, metrics and trees through finece.wasm on wazero, Node,
// Chromium and workerd, and natively, and prints a table of what came of it.
//
//	conformance [--seed N] [--quick] [--streams DIR] [engine ...]
//
// The streams are the project's own and those in DIR, each cut at random places
// that follow from the seed. The exit code is 1 if an engine differs.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/finece/finece/wasm"
)

// engine plays a corpus and returns the SHA-256 of each case's answers, and of
// the module that gave them, "" for none.
type engine struct {
	name string
	play func(ctx context.Context, corpus []testCase) (sums []string, module string, err error)
}

var engines = []engine{
	{"wazero", onWazero},
	{"native", natively},
	{"node", inJavaScript("node.mjs")},
	{"chromium", inJavaScript("chromium.mjs")},
	{"workerd", inJavaScript("workerd.mjs")},
}

func main() {
	seed := flag.Uint64("seed", uint64(time.Now().Unix()), "where streams are cut follows from it")
	quick := flag.Bool("quick", false, "a tenth of the corpus")
	streams := flag.String("streams", "../shared/data/streams", "a folder of recorded streams; not needed")
	flag.Parse()
	if err := run(*seed, *quick, *streams, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(seed uint64, quick bool, streams string, names []string) error {
	corpus, err := newCorpus(seed, quick, streams)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(wasm.Core)
	fmt.Printf("seed %d, %d cases, finece.wasm %s\n\n", seed, len(corpus), hex.EncodeToString(sum[:]))
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "engine\tmodule\tsessions\tfuse\tevaluate\ttime")
	var want []string
	failures := 0
	for _, e := range engines {
		if len(names) > 0 && !slices.Contains(names, e.name) && e.name != "wazero" { // which the others are compared with
			continue
		}
		start := time.Now()
		sums, module, err := e.play(context.Background(), corpus)
		if err != nil {
			out.Flush()
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if want == nil {
			want = sums
		}
		same, all := map[string]int{}, map[string]int{}
		for i, c := range corpus {
			all[c.Kind]++
			if i < len(sums) && sums[i] == want[i] {
				same[c.Kind]++
			} else {
				failures++
				fmt.Fprintf(os.Stderr, "%s: %s differs\n", e.name, c.Name)
			}
		}
		state := "same"
		switch module {
		case "":
			state = "none"
		case hex.EncodeToString(sum[:]):
		default:
			state = "other"
			failures++
		}
		row := e.name + "\t" + state
		for _, kind := range kinds {
			row += fmt.Sprintf("\t%d of %d", same[kind], all[kind])
		}
		fmt.Fprintf(out, "%s\t%.1f s\n", row, time.Since(start).Seconds())
	}
	out.Flush()
	if failures > 0 {
		return fmt.Errorf("%d differences", failures)
	}
	return nil
}
