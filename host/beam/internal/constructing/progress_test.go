package constructing

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/beam/internal/job"
)

// TestProgress: shards of an earlier job, of this one, and unfinished ones are counted, each once.
func TestProgress(t *testing.T) {
	ctx := context.Background()
	out, err := job.NewOutput(filepath.Join(t.TempDir(), "out"), 4)
	if err != nil {
		t.Fatal(err)
	}
	finish := func(shard int, counts string) {
		t.Helper()
		if err := out.Finish(ctx, shard, []byte(counts)); err != nil {
			t.Fatal(err)
		}
	}
	finish(2, `{"questions":10,"tally":{"Completions":300}}`)
	begun := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	p := newProgress(out, []int{10, 10, 10, 5})
	if err := p.start(ctx, begun); err != nil {
		t.Fatal(err)
	}
	minute := begun.Add(time.Minute)
	if got, want := p.line(minute, 0, 0), "10 of 35 questions, 300 completions"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := p.line(minute, 5, 60), "15 of 35 questions, 360 completions, 4m0s left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	finish(0, `{"questions":9,"bad":1,"tally":{"Completions":290}}`)
	for range 2 { // a second look counts nothing twice
		if err := p.look(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := p.line(minute, 0, 0), "20 of 35 questions, 590 completions, 1m30s left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := p.line(minute, 99, 0), "35 of 35 questions, 590 completions"; got != want {
		t.Errorf("%q, want %q", got, want)
	}

	var said bytes.Buffer
	cmd := &cobra.Command{Use: "finece-beam"}
	cmd.SetErr(&said)
	ctx, stop := context.WithCancel(ctx)
	ticks, ended := make(chan time.Time), make(chan struct{})
	go func() {
		p.tell(ctx, cmd, ticks)
		close(ended)
	}()
	ticks <- minute
	finish(1, `{"questions":10,"tally":{"Completions":10}}`)
	ticks <- minute
	stop()
	<-ended
	if got := said.String(); !strings.HasPrefix(got, "finece-beam: 20 of 35 questions, 590 completions") {
		t.Errorf("said %q", got)
	}
}
