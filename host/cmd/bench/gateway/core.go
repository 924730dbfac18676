package main

import (
	"context"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

// cores are the engines in this process, without a gateway. They measure the cost of reading a
// stream, which a scoring gateway has in addition to the cost of a proxy.
type cores struct {
	engines map[string]host.Engine
	laps    map[string]*lap
}

func newCores() (*cores, error) {
	w, err := wazero.New(context.Background())
	if err != nil {
		return nil, err
	}
	c := &cores{engines: map[string]host.Engine{wasm: w, native: host.Native()}, laps: map[string]*lap{}}
	for name := range c.engines {
		c.laps[name] = &lap{}
	}
	return c, nil
}

// run reads n answers with each engine.
func (c *cores) run(body []byte, n int, counts bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for name, engine := range c.engines {
		begun := threadCPU()
		for range n {
			if err := score(engine, body); err != nil {
				return err
			}
		}
		if counts {
			c.laps[name].add(lap{cpu: threadCPU() - begun, streams: n})
		}
	}
	return nil
}

// score reads an answer with the settings of the gateway.
func score(engine host.Engine, body []byte) error {
	config := host.DefaultConfig()
	config.Question, config.Frames = "How many loaves?", true
	s, _, err := engine.Open(config)
	if err != nil {
		return err
	}
	defer s.Close()
	for piece := range slices.Chunk(body, 16<<10) {
		if _, err := s.Write(piece); err != nil {
			return err
		}
	}
	_, err = s.End()
	return err
}

// threadCPU returns the CPU time that this thread has used.
func threadCPU() time.Duration {
	const thisThread = 1 // RUSAGE_THREAD of Linux
	var u syscall.Rusage
	if err := syscall.Getrusage(thisThread, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
