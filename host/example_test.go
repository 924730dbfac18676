package host_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/session"
)

// A stream is scored while it passes: here a recorded one, in pieces of a
// kilobyte. A confidence is given and then revised as the next ones come.
func Example() {
	engine, err := wazero.New(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	s, _, err := engine.Open(host.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	show := func(events []host.Event) {
		for _, e := range events {
			if e.Kind == session.Confidence && e.Position.Index == 2 {
				fmt.Printf("p(%d) revision %d: %s %.3f\n", e.Position.Index, e.Revision, e.State, e.Fused)
			}
		}
	}
	data, err := os.ReadFile("../wasm/session/testdata/demo.sse")
	if err != nil {
		log.Fatal(err)
	}
	for len(data) > 0 {
		n := min(1024, len(data))
		events, err := s.Write(data[:n])
		if err != nil {
			log.Fatal(err)
		}
		show(events)
		data = data[n:]
	}
	events, err := s.End()
	if err != nil {
		log.Fatal(err)
	}
	show(events)
	// Output:
	// p(2) revision 0: provisional 0.952
	// p(2) revision 1: provisional 0.904
	// p(2) revision 2: final 0.903
}
