// Command conformance shows that every engine gives the same bytes: it plays one
// corpus of streams, metrics and trees through finece.wasm on each engine, and
// natively, and prints a table of the results.
//
//	conformance [--seed N] [--quick] [--all] [--streams DIR] [engine ...]
//
// The engines are wazero, native, Node, Chromium and workerd. With --all they are
// also Firefox, WebKit, Bun and Deno, which www/conformance/engines/setup.sh
// installs, and Python, with the package that make python installs.
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
	"strings"
	"text/tabwriter"
	"time"

	"github.com/finece/finece/wasm"
)

// engine plays a corpus. It returns the SHA-256 of each case's answers, and that of the module,
// or "" if there is no module.
type engine struct {
	name  string
	extra bool // played only when it is named, or with --all
	play  func(ctx context.Context, corpus []testCase) (sums []string, module string, err error)
}

var engines = []engine{
	{"wazero", false, onWazero}, // the first: the others are compared with it
	{"native", false, natively},
	{"node", false, inJavaScript("node.mjs", "node")},
	{"chromium", false, inJavaScript("chromium.mjs", "node")},
	{"workerd", false, inJavaScript("workerd.mjs", "node")},
	{"firefox", true, inJavaScript("firefox.mjs", "node")},
	{"webkit", true, inJavaScript("webkit.mjs", "node")},
	{"bun", true, inJavaScript("node.mjs", installed+"bun")},
	{"deno", true, inJavaScript("node.mjs", installed+"deno", "run", "--allow-read")},
	{"python", true, inScript("host/python/conformance.py", "build/python/bin/python")},
}

// installed is where npm puts the programs of the extra engines.
const installed = "www/conformance/engines/node_modules/.bin/"

// chosen returns the engines to play: the named ones, or else all that are not extra. It always
// includes wazero.
func chosen(names []string, all bool) ([]engine, error) {
	for _, name := range names {
		if !slices.ContainsFunc(engines, func(e engine) bool { return e.name == name }) {
			var known []string
			for _, e := range engines {
				known = append(known, e.name)
			}
			return nil, fmt.Errorf("unknown engine %q: want %s", name, strings.Join(known, ", "))
		}
	}
	var out []engine
	for i, e := range engines {
		if i == 0 || slices.Contains(names, e.name) || len(names) == 0 && (all || !e.extra) {
			out = append(out, e)
		}
	}
	return out, nil
}

func main() {
	seed := flag.Uint64("seed", uint64(time.Now().Unix()), "seed of the places where streams are cut")
	quick := flag.Bool("quick", false, "play only a tenth of the corpus")
	all := flag.Bool("all", false, "play every engine; www/conformance/engines/setup.sh and make python install the extra ones")
	streams := flag.String("streams", "../shared/data/streams", "a folder of more recorded streams; may be absent")
	flag.Parse()
	if err := run(*seed, *quick, *all, *streams, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(seed uint64, quick, all bool, streams string, names []string) error {
	engines, err := chosen(names, all)
	if err != nil {
		return err
	}
	corpus, err := newCorpus(seed, quick, streams)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(wasm.Core)
	fmt.Printf("seed %d, %d cases, finece.wasm %s\n\n", seed, len(corpus), hex.EncodeToString(sum[:]))
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "engine\tmodule\tsessions\tfuse\tevaluate\tapply\ttime")
	var want []string
	failures := 0
	for _, e := range engines {
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
