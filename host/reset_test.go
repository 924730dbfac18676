package host_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// use plays a stream or the start of one. It leaves an instance in any state: with an
// answer that has not ended, with requests that were not settled, with a stream that
// failed. It returns the bytes of all events and requests.
func use(t *testing.T, s host.Session, events []host.Event, rng *rand.Rand, data []byte) []byte {
	t.Helper()
	said := abi.AppendEvents(nil, events)
	take := func(events []host.Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		said = abi.AppendEvents(said, events)
		for _, id := range asks(events) {
			if rng.IntN(3) == 0 {
				continue
			}
			body, err := s.Request(nil, id)
			if err != nil && err != session.ErrUnknownAsk {
				t.Fatal(err)
			}
			said = append(said, body...)
			if err == nil {
				events, err := s.Resolve(id, reply("0.75"))
				if err != nil {
					t.Fatal(err)
				}
				said = abi.AppendEvents(said, events)
			}
		}
	}
	if rng.IntN(3) == 0 {
		data = data[:rng.IntN(len(data)+1)]
	}
	for len(data) > 0 {
		n := min(1+rng.IntN(4000), len(data))
		events, err := s.Write(data[:n])
		take(clone(nil, events), err)
		data = data[n:]
	}
	if rng.IntN(4) > 0 {
		events, err := s.End()
		take(clone(nil, events), err)
	}
	return said
}

// anything is a configuration that differs from one seed to another.
func anything(rng *rand.Rand) host.Config {
	c := host.DefaultConfig()
	c.Positions.Strategy = position.Kind(1+rng.IntN(15)) << 1
	c.Positions.Every, c.Positions.MinGap = 1+rng.IntN(50), rng.IntN(5)
	c.Fusion.Depth = rng.IntN(4)
	c.Text = rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		c.Estimator, c.Question = session.Model, "What is 6 times 7?"
	}
	return c
}

// TestAResetSessionIsAFreshOne: whatever sessions an instance had before, the next
// one says what it would say in an instance of its own.
func TestAResetSessionIsAFreshOne(t *testing.T) {
	all := streams(t)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	onBoth(t, func(t *testing.T, engine host.Engine) {
		used, _, err := engine.Open(host.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		defer used.Close()
		for seed := range uint64(60) {
			rng := rand.New(rand.NewPCG(seed, 1))
			c, data := anything(rng), all[names[rng.IntN(len(names))]]
			if len(data) > 50_000 {
				data = data[:50_000]
			}
			play := rng.Uint64()
			events, err := used.Reset(c)
			if err != nil {
				t.Fatal(err)
			}
			got := use(t, used, events, rand.New(rand.NewPCG(play, 0)), data)
			fresh, events, err := engine.Open(c)
			if err != nil {
				t.Fatal(err)
			}
			want := use(t, fresh, events, rand.New(rand.NewPCG(play, 0)), data)
			fresh.Close()
			if !bytes.Equal(got, want) {
				t.Fatalf("seed %d: a reset session has other events than a fresh one", seed)
			}
		}
	})
}

func TestAResetThatIsRefusedChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, engine host.Engine) {
		c := host.DefaultConfig()
		c.Text = true
		s, _, err := engine.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		must(t)(s.Write([]byte("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}\n\n")))
		wrong := c
		wrong.MaxEvent = -1
		if _, err := s.Reset(wrong); err == nil {
			t.Error("a limit of -1 bytes is allowed")
		}
		events := must(t)(s.Write([]byte("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"B\"}}]}\n\n")))
		if len(events) == 0 || string(events[0].Text) != "B" {
			t.Errorf("the session continues with %+v", events)
		}
		must(t)(s.End())
		if _, err := s.Write([]byte("x")); err != session.ErrEnded {
			t.Errorf("after the end: %v", err)
		}
		must(t)(s.Reset(c))
		must(t)(s.Write([]byte("x")))
	})
}

// The memory of an instance must not depend on how many sessions it had.
func TestManyResetsNeedNoMoreMemory(t *testing.T) {
	data := streams(t)["demo.sse"][:8<<10]
	c := everything()
	s, _, err := newWazero(t).Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := wazero.MemorySize(s)
	for range 3000 {
		must(t)(s.Write(data))
		must(t)(s.End())
		must(t)(s.Reset(c))
	}
	if after := wazero.MemorySize(s); after != before {
		t.Errorf("the instance grew from %d to %d KiB", before>>10, after>>10)
	}
}

func BenchmarkSessions(b *testing.B) {
	data := streams(b)["demo.sse"]
	c := host.DefaultConfig()
	for _, engine := range []host.Engine{newWazero(b), host.Native()} {
		b.Run(engine.Name()+"/open", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, _, err := engine.Open(c)
				if err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
		b.Run(engine.Name()+"/reset", func(b *testing.B) {
			s, _, err := engine.Open(c)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Reset(c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(wazero.MemorySize(s)>>10), "KB/instance")
		})
		b.Run(engine.Name()+"/reset-of-a-used-one", func(b *testing.B) {
			s, _, err := engine.Open(c)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for b.Loop() {
				b.StopTimer()
				if _, err := s.Write(data); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := s.Reset(c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(wazero.MemorySize(s)>>10), "KB/instance")
		})
	}
}
