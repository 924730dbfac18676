package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/finece/finece/host/wazero"
)

// demo measures `make demo` in a fresh clone with downloaded modules: it compiles with an empty
// build cache and plays the demo.
func demo(t *table, _ *wazero.Engine) error {
	cache, err := os.MkdirTemp("", "bench-demo-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	command := exec.Command("make", "demo")
	command.Env = append(os.Environ(), "GOCACHE="+cache)
	start := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("make demo: %w\n%s", err, out)
	}
	state := command.ProcessState
	t.row("make demo with an empty build cache", fmt.Sprintf("%.0f s, %.0f s of CPU time", time.Since(start).Seconds(),
		(state.UserTime()+state.SystemTime()).Seconds()), "under 90 s on a quiet machine")
	return nil
}
