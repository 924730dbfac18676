package terminal

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"
	"github.com/spf13/cobra"
)

// TestProgressOnATerminal: the line is drawn, hidden for a message, drawn again,
// and removed at the end.
func TestProgressOnATerminal(t *testing.T) {
	screen, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer screen.Close()
	cmd := &cobra.Command{Use: "finece"}
	cmd.SetErr(tty)
	p := Bytes(cmd, 10<<20, "reading")
	p.To(5 << 20)
	p.Hide()
	Say(cmd, "a message with \x1b[31mcolours")
	p.To(10 << 20)
	p.Done()
	p.To(1) // after the end, nothing is drawn
	tty.Close()
	written, _ := io.ReadAll(screen) // ends with EIO on Linux
	const clear = "\r\x1b[K"
	parts := strings.Split(string(written), clear)
	if len(parts) != 3 || !strings.Contains(parts[0], "reading   50%  5.2 of 10.5 MB") ||
		!strings.Contains(parts[1], "finece: a message with \uFFFD[31mcolours\r\n\rreading  100%  10.5 of 10.5 MB") || parts[2] != "" {
		t.Errorf("%q", parts)
	}
	if small := Bytes(cmd, 100, "reading"); small.file != nil {
		t.Error("a small input has a progress line")
	}
}

// TestProgressInALog: where there is no terminal, a line is written every two minutes.
func TestProgressInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		cmd := &cobra.Command{Use: "finece"}
		cmd.SetErr(&log)
		p := Count(cmd, 100, "answers")
		for range 50 {
			time.Sleep(6 * time.Second)
			p.Add(1)
			p.Hide()
		}
		p.Done()
		time.Sleep(relog)
		p.Add(1)
		want := "finece:  20%  20 of 100 answers, 0.167 answers/s, 8m0s left\n" +
			"finece:  40%  40 of 100 answers, 0.167 answers/s, 6m0s left\n"
		if log.String() != want {
			t.Errorf("%s", log.String())
		}
	})
}
