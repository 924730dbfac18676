package terminal

import (
	"testing"
	"time"
)

func TestProgressText(t *testing.T) {
	started := time.Unix(1000, 0)
	for _, c := range []struct {
		name string
		p    *Progress
		want string
	}{
		{"bytes", &Progress{label: "reading", done: 2_500_000, most: 10_000_000}, "reading   25%  2.5 of 10.0 MB, 0.25 MB/s, 30s left"},
		{"bytes of an unknown size", &Progress{label: "reading", done: 2_500_000, most: -1}, "reading  2.5 MB, 0.25 MB/s"},
		{"things", &Progress{unit: "answers", done: 1, most: 2}, " 50%  1 of 2 answers, 0.1 answers/s, 10s left"},
		{"nothing yet", &Progress{unit: "answers", most: 2}, "  0%  0 of 2 answers"},
		{"all", &Progress{unit: "answers", done: 2, most: 2}, "100%  2 of 2 answers, 0.2 answers/s"},
		{"more than all", &Progress{unit: "answers", done: 3, most: 2}, "100%  3 of 2 answers, 0.3 answers/s"},
		{"nothing to do", &Progress{unit: "answers"}, "  0%  0 of 0 answers"},
	} {
		c.p.started = started
		if got := c.p.text(started.Add(10 * time.Second)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestProgressWithoutATerminal: every method may be called, and nothing is shown.
func TestProgressWithoutATerminal(t *testing.T) {
	var p Progress
	p.Label("x")
	p.Most(10)
	p.Add(3)
	p.To(7)
	p.Hide()
	p.Done()
	if p.done != 7 || !p.drawn.IsZero() {
		t.Errorf("%+v", &p)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
