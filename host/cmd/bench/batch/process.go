package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// lap is the cost of one run of a process.
type lap struct {
	wall, cpu time.Duration
	memory    int64 // the highest resident memory in bytes
}

// contestant is a command that is run once per round.
type contestant struct {
	name string
	args []string
	env  []string
	// fresh is a folder that is removed before each run; none if "".
	fresh string
	// discard sends the output to the null device, so that no other process works to read it.
	discard bool
	laps    []lap
	out     []byte // of the last round, up to 1 MB
}

// head keeps the beginning of a process's output.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := 1<<20 - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

func (c *contestant) run() error {
	if c.fresh != "" {
		if err := os.RemoveAll(c.fresh); err != nil {
			return err
		}
	}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	forgetMemory()
	var out head
	var said bytes.Buffer
	cmd.Stderr = &said
	if !c.discard {
		cmd.Stdout = &out
	}
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", c.name, err, said.Bytes())
	}
	l := lap{wall: time.Since(begun), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		l.memory = usage.Maxrss << 10
	}
	c.laps, c.out = append(c.laps, l), out.Bytes()
	return nil
}

// forgetMemory gives unused memory back and makes Linux forget this process's highest resident
// memory. A new process inherits that figure, so it would count as the contestant's own.
func forgetMemory() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // see proc(5); elsewhere there is no such file
}

// contest runs each contestant once per round, in turn.
func contest(rounds int, all ...*contestant) error {
	for range rounds {
		for _, c := range all {
			if err := c.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

func wall(l lap) float64 { return l.wall.Seconds() }
func cpu(l lap) float64  { return l.cpu.Seconds() }

// median returns the median of a figure over the rounds.
func (c *contestant) median(of func(lap) float64) float64 {
	var all []float64
	for _, l := range c.laps {
		all = append(all, of(l))
	}
	return middle(all)
}

// times returns the ratio of c's figure to other's, in the same rounds.
func (c *contestant) times(other *contestant, of func(lap) float64) float64 {
	var all []float64
	for i, l := range c.laps {
		all = append(all, of(l)/max(of(other.laps[i]), 1e-9))
	}
	return middle(all)
}

// middle returns the median.
func middle(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// megabytes returns the highest resident memory of all rounds.
func (c *contestant) megabytes() float64 {
	var most int64
	for _, l := range c.laps {
		most = max(most, l.memory)
	}
	return float64(most) / 1e6
}
