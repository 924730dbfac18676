package host_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream/fixture"
)

const demo = "../wasm/session/testdata/demo.sse"

// recorded is an extra corpus of streams, which not every machine has.
const recorded = "../../shared/data/streams"

func newWazero(t testing.TB, opts ...wazero.Option) *wazero.Engine {
	t.Helper()
	w, err := wazero.New(context.Background(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// onBoth runs a test body on each engine.
func onBoth(t *testing.T, body func(t *testing.T, engine host.Engine)) {
	for _, engine := range []host.Engine{host.Native(), newWazero(t)} {
		t.Run(engine.Name(), func(t *testing.T) { body(t, engine) })
	}
}

// run writes a whole stream to a session in pieces of the lengths that cut returns, and returns the
// events as bytes.
func run(t testing.TB, engine host.Engine, c host.Config, data []byte, cut func() int) []byte {
	t.Helper()
	s, events, err := engine.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	record := abi.AppendEvents(nil, events)
	for len(data) > 0 {
		n := min(cut(), len(data))
		events, err := s.Write(data[:n])
		if err != nil {
			t.Fatal(err)
		}
		record = abi.AppendEvents(record, events)
		data = data[n:]
	}
	events, err = s.End()
	if err != nil {
		t.Fatal(err)
	}
	return abi.AppendEvents(record, events)
}

func whole() int { return 1 << 30 }

func each(n int) func() int { return func() int { return n } }

func random(seed uint64) func() int {
	rng := rand.New(rand.NewPCG(seed, 0))
	return func() int { return 1 + rng.IntN(1<<(1+rng.IntN(11))) }
}

// everything is a configuration under which a stream has all kinds of positions.
func everything() host.Config {
	c := host.DefaultConfig()
	c.Question = "What is the profit?"
	c.Positions.Strategy = position.Paragraph | position.Periodic | position.Entropy
	c.Positions.EntropyThreshold = 0.5
	return c
}

// streams are the demo, the fixtures and, where it is, the extra corpus.
func streams(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, f := range fixture.All() {
		out[f.Name] = f.Data
	}
	found, _ := filepath.Glob(recorded + "/*.*")
	if len(found) == 0 {
		t.Log(recorded + " is absent: its recordings were not run")
	}
	for _, name := range append(found, demo) {
		if strings.HasSuffix(name, ".md") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = data
	}
	return out
}

func TestEnginesAgreeHoweverTheStreamIsCut(t *testing.T) {
	native, wazero := host.Native(), newWazero(t)
	for name, data := range streams(t) {
		t.Run(name, func(t *testing.T) {
			c := everything()
			want := run(t, native, c, data, whole)
			if len(want) == 0 {
				t.Fatal("no events")
			}
			cuts := map[string]func() int{"whole": whole, "seed 1": random(1), "seed 2": random(2)}
			if len(data) < 100_000 { // a call of the module for each piece takes its time
				cuts["7 bytes"] = each(7)
			}
			if len(data) < 20_000 {
				cuts["1 byte"] = each(1)
			}
			for cutName, cut := range cuts {
				for _, engine := range []host.Engine{native, wazero} {
					if got := run(t, engine, c, data, cut); string(got) != string(want) {
						t.Errorf("%s, cut %s: other events than native on the whole", engine.Name(), cutName)
					}
				}
			}
		})
	}
}

// collect returns the last confidence of each position of a choice, and checks the order of events
// that package session promises.
func collect(t testing.TB, choice int, all []host.Event) []host.Event {
	t.Helper()
	var last []host.Event
	for _, e := range all {
		if e.Choice != choice {
			continue
		}
		switch e.Kind {
		case session.Positioned:
			if e.Position.Index != len(last) {
				t.Fatalf("position %d comes after %d others", e.Position.Index, len(last))
			}
			last = append(last, host.Event{Revision: -1, State: session.Pending})
		case session.Confidence:
			i := e.Position.Index
			if i >= len(last) {
				t.Fatalf("a confidence for position %d, which was not found yet", i)
			}
			before := last[i]
			if e.Revision != before.Revision+1 {
				t.Fatalf("position %d: revision %d after %d", i, e.Revision, before.Revision)
			}
			if before.State == session.Final || before.State == session.Unavailable {
				t.Fatalf("position %d: %v after %v", i, e.State, before.State)
			}
			known := e.State == session.Provisional || e.State == session.Final
			if known != (e.Raw >= 0 && e.Raw <= 1 && e.Fused >= 0 && e.Fused <= 1) {
				t.Fatalf("position %d: %v with raw %v, fused %v", i, e.State, e.Raw, e.Fused)
			}
			last[i] = e
		}
	}
	return last
}

// clone keeps events beyond the session's next call.
func clone(dst, events []host.Event) []host.Event {
	for _, e := range events {
		e.Text = append([]byte(nil), e.Text...)
		e.Fault.Detail = append([]byte(nil), e.Fault.Detail...)
		dst = append(dst, e)
	}
	return dst
}
