package main

import (
	"fmt"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

// sessions measures opening, and the memory of a session whose stream goes on.
func sessions(t *table, engine *wazero.Engine) error {
	const n = 500
	var failure error
	opened := contest(func() {
		for range n {
			s, _, err := engine.Open(host.DefaultConfig())
			if err != nil {
				failure = err
				return
			}
			s.Close()
		}
	})[0].median() / n
	if failure != nil {
		return failure
	}
	t.row("a session opened and closed on a warm host, wazero", fmt.Sprintf("%.3f ms", float64(opened)/float64(time.Millisecond)), "under 0.2")

	s, _, err := engine.Open(host.DefaultConfig())
	if err != nil {
		return err
	}
	defer s.Close()
	data := chunks(2000)
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
