package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/finece/finece/wasm"
)

const (
	saved   = "build/bench" // one file per part, written here and by www/bench
	results = "host/cmd/bench/RESULTS.md"
)

// table is the result of one part. www/bench/support.mjs writes the same JSON.
type table struct {
	Core    string // SHA-256 of finece.wasm, in hexadecimal
	Day     string // when it was measured, such as 2026-11-28
	Machine string
	Rows    []row
}

// row is one line of the table. A Figure that misses its Target ends with "misses".
type row struct{ What, Figure, Target string }

func (t *table) row(what, figure, target string) {
	t.Rows = append(t.Rows, row{what, figure, target})
}

func (t *table) print() {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range t.Rows {
		fmt.Fprintf(out, "%s\t%s\t%s\n", r.What, r.Figure, r.Target)
	}
	out.Flush()
}

func (t *table) save(part string) error {
	t.Core, t.Day = core(), time.Now().Format(time.DateOnly)
	t.Machine = fmt.Sprintf("%s %s/%s, %d CPUs", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(saved, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(saved, part+".json"), append(data, '\n'), 0o644)
}

func core() string {
	sum := sha256.Sum256(wasm.Core)
	return hex.EncodeToString(sum[:])
}

// sections are the parts with their titles, in the order of the report.
var sections = []struct{ part, title string }{
	{"module", "The module"},
	{"size", "The npm package"},
	{"decoding", "Decoding, one core"},
	{"sessions", "Sessions"},
	{"pairs", "Metrics"},
	{"badge", "In the browser: the first badge"},
	{"placement", "In the browser: badges while 2,000 paragraphs stream"},
	{"chromium", "In the browser: decoding"},
	{"worker", "Cloudflare Workers"},
	{"demo", "From a clone"},
}

// report writes RESULTS.md from the parts that were measured.
func report() error {
	var b strings.Builder
	b.WriteString(`# How fast

` + "`make bench`" + ` writes this file; do not edit it. FineCE and the programs that it is compared with take turns in one run,
on a machine that may be busy with other work. Each figure is the median of the rounds, and each ratio is the median of the
rounds' ratios. The ratios are more reliable than the times. "Native" is FineCE's core as Go code. A session is the scoring
of one stream. [main.go](main.go) and [www/bench](../../../www/bench/main.mjs) describe the commands.
`)
	for _, s := range sections {
		data, err := os.ReadFile(filepath.Join(saved, s.part+".json"))
		if err != nil {
			return fmt.Errorf("%w: measure it with: make bench ARGS=%s", err, s.part)
		}
		var t table
		if err := json.Unmarshal(data, &t); err != nil {
			return fmt.Errorf("%s.json: %w", s.part, err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n", s.title)
		fmt.Fprintf(&b, "Measured on %s, %s, finece.wasm `%.12s`", t.Day, t.Machine, t.Core)
		if t.Core != core() {
			b.WriteString(" (an earlier build than this one)")
		}
		b.WriteString(".\n\n| | measured | target |\n| --- | --- | --- |\n")
		for _, r := range t.Rows {
			what := r.What
			if indented := strings.TrimLeft(what, " "); indented != what {
				what = "&nbsp;&nbsp;" + indented
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", what, r.Figure, r.Target)
		}
	}
	return os.WriteFile(results, []byte(b.String()), 0o644)
}
