package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

// sessions measures the cost of opening and of resetting a session, and the memory of a session
// with a long stream.
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
	open := func() host.Session {
		s, _, err := engine.Open(config)
		failure = errors.Join(failure, err)
		return s
	}
	laps := contest(func() {
		for range n {
			if s := open(); s != nil {
				s.Close()
			}
		}
	}, func() {
		// Open sessions leave no instance for later ones. The engine had kept 64.
		var all []host.Session
		for range n {
			if s := open(); s != nil {
				all = append(all, s)
			}
		}
		for _, s := range all {
			s.Close()
		}
	}, func() {
		for range n {
			_, err := kept.Reset(config)
			failure = errors.Join(failure, err)
		}
	})
	if failure != nil {
		return failure
	}
	each := func(lap int) float64 { return float64(laps[lap].median()/n) / float64(time.Millisecond) }
	t.row("opening and closing a session on wazero, warm, in an instance of the module that an earlier session used", fmt.Sprintf("%.3f ms", each(0)), "under 0.2")
	t.row(fmt.Sprintf("  %d sessions at once, nearly all in new instances", n), fmt.Sprintf("%.3f ms", each(1)), "under 0.2")
	t.row("  resetting a session, as a share of that", fmt.Sprintf("%.2f", each(2)/each(1)), "at most 0.5")
	t.row("  memory of an instance after these sessions", fmt.Sprintf("%d KB", wazero.MemorySize(kept)>>10), "192")
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
	t.row(fmt.Sprintf("  memory of a session after %d MB and after %d MB of its stream", len(data)>>20, total>>20),
		fmt.Sprintf("%d KB and %d KB", first>>10, wazero.MemorySize(s)>>10), "under 256")
	return nil
}
