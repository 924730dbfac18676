package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	saved   = "build/bench/gateway" // a file a part
	results = "host/cmd/bench/GATEWAY.md"
)

// report collects what the part under way has measured, as Markdown.
type report struct {
	text    strings.Builder
	targets strings.Builder
}

func newReport() *report { return &report{} }

func (r *report) title(title, note string) {
	fmt.Fprintf(&r.text, "\n## %s\n\n%s\nMeasured on %s at a load of %s.\n\n", title, note, time.Now().Format(time.DateOnly), loadAverage())
}

func (r *report) header(names ...string) {
	r.line(names...)
	fmt.Fprintf(&r.text, "|%s\n", strings.Repeat(" --- |", len(names)))
}

func (r *report) line(cells ...string) {
	fmt.Fprintf(&r.text, "| %s |\n", strings.Join(cells, " | "))
	fmt.Fprintln(os.Stderr, " ", strings.Join(cells, "  "))
}

type bound string

const (
	atMost  bound = "at most"
	atLeast bound = "at least"
)

// target compares a figure with what it has to reach.
func (r *report) target(what string, figure, want float64, b bound) {
	met := ""
	if b == atMost && figure > want || b == atLeast && figure < want {
		met = "misses"
	}
	fmt.Fprintf(&r.targets, "| %s | %s | %s %v | %s |\n", what, short(figure), b, want, met)
	fmt.Fprintln(os.Stderr, " ", what, short(figure), "target", b, want, met)
}

func short(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

// save keeps the part's text and targets, and begins the next part.
func (r *report) save(part string) error {
	if err := os.MkdirAll(saved, 0o755); err != nil {
		return err
	}
	for name, b := range map[string]*strings.Builder{part + ".md": &r.text, part + ".targets": &r.targets} {
		if err := os.WriteFile(filepath.Join(saved, name), []byte(b.String()), 0o644); err != nil {
			return err
		}
		b.Reset()
	}
	return nil
}

// write makes the report of all parts that were measured so far.
func write() error {
	var texts, targets strings.Builder
	for _, part := range parts {
		for name, to := range map[string]*strings.Builder{part.name + ".md": &texts, part.name + ".targets": &targets} {
			text, err := os.ReadFile(filepath.Join(saved, name))
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			to.Write(text)
		}
	}
	head := fmt.Sprintf(`# The gateway, beside a plain proxy and other gateways

Written by %[1]s; do not edit. The systems take turns in one run, each in a process of its own, with the
upstream and the client in another, on %[3]s, %[4]s/%[5]s, %[6]d CPUs. The machine may be shared (the load is that of one
minute, on these CPUs): trust the ratios. %[2]sfinece%[2]s is %[2]sfinece serve%[2]s with its default policy, annotate. The
command is documented in [gateway/main.go](gateway/main.go).

| | measured | target | |
| --- | --- | --- | --- |
`, "`make bench-gateway`", "`", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return os.WriteFile(results, []byte(head+targets.String()+texts.String()), 0o644)
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	return strings.Fields(string(text))[0]
}
