package terminal

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Progress is a progress line on standard error. If standard error is not a terminal, it is a
// message every two minutes, for a log. It is safe for concurrent use.
type Progress struct {
	mu      sync.Mutex
	file    *os.File          // a terminal
	say     func(text string) // not a terminal; if both are nil, nothing is shown
	label   string
	unit    string // "" for bytes
	done    int64
	most    int64 // -1: not known
	started time.Time
	drawn   time.Time // when the line was last written; zero: it is hidden, or not yet written
}

// The shortest time between two lines, on a terminal and in a log.
const (
	redraw = 100 * time.Millisecond
	relog  = 2 * time.Minute
)

// Bytes returns the progress of reading size bytes; -1 means that the size is not known. A small
// input gets no progress line.
func Bytes(cmd *cobra.Command, size int64, label string) *Progress {
	const small = 1 << 20
	if size >= 0 && size < small {
		return &Progress{}
	}
	return start(cmd, size, label, "")
}

// Count returns the progress of counting up to most. unit is the plural name of the things that
// are counted.
func Count(cmd *cobra.Command, most int, unit string) *Progress {
	if most <= 0 {
		return &Progress{}
	}
	return start(cmd, int64(most), "", unit)
}

func start(cmd *cobra.Command, most int64, label, unit string) *Progress {
	p := &Progress{label: label, unit: unit, most: most, started: time.Now()}
	if file, ok := Of(cmd.ErrOrStderr()); ok {
		p.file = file
	} else {
		p.say = func(text string) { Say(cmd, "%s", text) }
		p.drawn = p.started
	}
	return p
}

// To sets how much is done.
func (p *Progress) To(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = n
	p.draw()
}

// Add adds to what is done.
func (p *Progress) Add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += int64(n)
	p.draw()
}

// Most changes the total.
func (p *Progress) Most(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = n
}

// Label changes the text before the numbers.
func (p *Progress) Label(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.label = text
}

// Hide removes the line, so that a message can be written. The next change
// draws it again.
func (p *Progress) Hide() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hide()
}

func (p *Progress) hide() {
	if p.file != nil && !p.drawn.IsZero() {
		_, _ = io.WriteString(p.file, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}

// Done removes the line for good.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hide()
	p.file, p.say = nil, nil
}

// draw writes the line, unless it was written less than redraw ago. It ignores errors of the
// terminal.
func (p *Progress) draw() {
	now := time.Now()
	if p.say != nil && now.Sub(p.drawn) >= relog {
		p.drawn = now
		p.say(p.text(now))
	}
	if p.file == nil || now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	width, _, err := term.GetSize(int(p.file.Fd()))
	if err != nil || width <= 1 {
		width = 80
	}
	text := displaywidth.TruncateString(p.text(now), width-1, "…")
	_, _ = io.WriteString(p.file, "\r"+text+"\x1b[K")
}

// text returns the line at a time.
func (p *Progress) text(now time.Time) string {
	amount := func(n int64) string {
		if p.unit != "" {
			return fmt.Sprint(n)
		}
		return fmt.Sprintf("%.1f", float64(n)/1e6)
	}
	unit := p.unit
	if unit == "" {
		unit = "MB"
	}
	text := ""
	if p.label != "" {
		text = p.label + "  "
	}
	rate := ""
	if took := now.Sub(p.started).Seconds(); p.done > 0 && took >= 1 {
		each := float64(p.done) / took
		if p.unit == "" {
			each /= 1e6
		}
		rate = fmt.Sprintf(", %.3g %s/s", each, unit)
	}
	if p.most < 0 {
		return text + amount(p.done) + " " + unit + rate
	}
	share := 0.0
	if p.most > 0 {
		share = min(float64(p.done)/float64(p.most), 1)
	}
	text += fmt.Sprintf("%3.0f%%  %s of %s %s", 100*share, amount(p.done), amount(p.most), unit) + rate
	if share > 0 && share < 1 {
		left := time.Duration(float64(now.Sub(p.started)) * (1 - share) / share)
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}
