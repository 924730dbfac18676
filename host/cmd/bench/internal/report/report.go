// Package report writes the results of a benchmark as Markdown. Each part is kept in a file of
// its own, so that one part can be measured again.
package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Report collects the results of the present part.
type Report struct {
	folder        string
	text, targets strings.Builder
}

// New returns a report whose parts are kept in a folder.
func New(folder string) *Report { return &Report{folder: folder} }

// Title begins a section. note says what is measured.
func (r *Report) Title(title, note string) {
	fmt.Fprintf(&r.text, "\n## %s\n\n%s\nMeasured on %s at a load of %s.\n\n", title, note, time.Now().Format(time.DateOnly), LoadAverage())
}

// Header begins a table.
func (r *Report) Header(names ...string) {
	r.Line(names...)
	fmt.Fprintf(&r.text, "|%s\n", strings.Repeat(" --- |", len(names)))
}

// Line adds a line to the table, and shows it on standard error.
func (r *Report) Line(cells ...string) {
	fmt.Fprintf(&r.text, "| %s |\n", strings.Join(cells, " | "))
	fmt.Fprintln(os.Stderr, " ", strings.Join(cells, "  "))
}

// Bound says whether a figure has to be above or below its target.
type Bound string

const (
	AtMost  Bound = "at most"
	AtLeast Bound = "at least"
)

// Target compares a figure with its target.
func (r *Report) Target(what string, figure, want float64, b Bound) {
	met := ""
	if b == AtMost && figure > want || b == AtLeast && figure < want {
		met = "misses"
	}
	fmt.Fprintf(&r.targets, "| %s | %s | %s %v | %s |\n", what, Short(figure), b, want, met)
	fmt.Fprintln(os.Stderr, " ", what, Short(figure), "target", b, want, met)
}

// Short returns a number with at most two decimals.
func Short(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

// Save keeps the part's text and targets, and begins the next part.
func (r *Report) Save(part string) error {
	if err := os.MkdirAll(r.folder, 0o755); err != nil {
		return err
	}
	for name, b := range map[string]*strings.Builder{part + ".md": &r.text, part + ".targets": &r.targets} {
		if err := os.WriteFile(filepath.Join(r.folder, name), []byte(b.String()), 0o644); err != nil {
			return err
		}
		b.Reset()
	}
	return nil
}

// Write makes the file of all parts that were measured so far. head is the beginning of the file.
func (r *Report) Write(path, head string, parts []string) error {
	var texts, targets strings.Builder
	for _, part := range parts {
		for name, to := range map[string]*strings.Builder{part + ".md": &texts, part + ".targets": &targets} {
			text, err := os.ReadFile(filepath.Join(r.folder, name))
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			to.Write(text)
		}
	}
	table := "\n| | measured | target | |\n| --- | --- | --- | --- |\n"
	return os.WriteFile(path, []byte(head+table+targets.String()+texts.String()), 0o644)
}

// LoadAverage returns the load average of the last minute.
func LoadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	return strings.Fields(string(text))[0]
}
