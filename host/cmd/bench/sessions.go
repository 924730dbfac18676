package main

import (
	"fmt"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

// sessions measures what it costs to open and to reset a session, and the memory of a
// session with a long stream.
func sessions(t *table, engine *wazero.Engine) error {
	if err := opening(t, engine); err != nil {
		return err
	}
	return memory(t, engine)
}

func opening(t *table, engine *wazero.Engine) error {
	const n = 500
	config := host.DefaultConfig()
	kept, _, err := engine.Open(config)
	if err != nil {
		return err
	}
	defer kept.Close()
	var failure error
	laps := contest(func() {
		for range n {
			s, _, err := engine.Open(config)
			if err != nil {
				failure = err
				return
			}
			s.Close()
		}
	}, func() {
		for range n {
			if _, err := kept.Reset(config); err != nil {
				failure = err
			}
		}
	})
	if failure != nil {
		return failure
	}
	opened, reset := laps[0].median()/n, laps[1].median()/n
	t.row("a session opened and closed on a warm host, wazero", fmt.Sprintf("%.3f ms", float64(opened)/float64(time.Millisecond)), "under 0.2")
	t.row("  reset, against opened", fmt.Sprintf("%.2f", float64(reset)/float64(opened)), "at most 0.5")
	t.row("  memory of an instance after so many sessions", fmt.Sprintf("%d KB", wazero.MemorySize(kept)>>10), "192")
	return nil
}

func memory(t *table, engine *wazero.Engine) error {
	s, _, err := engine.Open(host.DefaultConfig())
	if err != nil {
		return err
	}
	defer s.Close()
	data := chunks(2000, 5)
	data = data[:len(data)-len("data: [DONE]\n\n")]
	var first uint32
	total := 0
	for total < 100<<20 {
		for piece := range pieces(data) {
			if _, err := s.Write(piece); err != nil {
				return err
			}
			total += len(piece)
		}
		if first == 0 {
			first = wazero.MemorySize(s)
		}
	}
	t.row(fmt.Sprintf("  its memory after %d MB and after %d MB", len(data)>>20, total>>20),
		fmt.Sprintf("%d KB and %d KB", first>>10, wazero.MemorySize(s)>>10), "under 256")
	return nil
}
