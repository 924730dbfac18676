package main

import (
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// terminal returns the terminal that w writes to, if it does.
func terminal(w any) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// palette colours text, or does not.
type palette bool

// colours is the palette for w: none unless it is a terminal that can and may
// be coloured (see no-color.org).
func colours(w io.Writer) palette {
	_, ok := terminal(w)
	return palette(ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// The colours that every terminal has. They add to a text that says the same.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p palette) paint(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// progress is a progress bar, or nothing where standard error is no terminal.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress makes a bar for so many bytes; -1 is unknown.
func newProgress(cmd *cobra.Command, size int64, what string) *progress {
	f, ok := terminal(cmd.ErrOrStderr())
	const worthIt = 1 << 20
	if !ok || size >= 0 && size < worthIt {
		return &progress{}
	}
	return &progress{progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what), progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100e6), progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true), progressbar.OptionFullWidth(),
	)}
}

// to moves the bar to so many bytes.
func (p *progress) to(n int64) {
	if p.bar != nil {
		_ = p.bar.Set64(n)
	}
}

// hide takes the bar away for a message; the next move brings it back.
func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// reader moves the bar with what is read of in.
func (p *progress) reader(in *input) io.Reader {
	if p.bar == nil {
		return in
	}
	return &moving{in, p}
}

type moving struct {
	*input
	bar *progress
}

func (m *moving) Read(b []byte) (int, error) {
	n, err := m.input.Read(b)
	m.bar.to(m.read())
	return n, err
}

// counting is a progress bar of things that are counted from several goroutines.
type counting struct {
	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

func newCounting(cmd *cobra.Command, most int, what string) *counting {
	c := &counting{}
	if f, ok := terminal(cmd.ErrOrStderr()); ok && most > 0 {
		c.bar = newCountBar(f, most, what)
	}
	return c
}

// newCountBar is a bar for so many of what.
func newCountBar(w io.Writer, most int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(most,
		progressbar.OptionSetWriter(w), progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(what),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100e6), progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true), progressbar.OptionFullWidth(),
	)
}

func (c *counting) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Add(n)
	}
}

func (c *counting) done() {
	if c.bar != nil {
		_ = c.bar.Finish()
	}
}
