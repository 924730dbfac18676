package host_test

import (
	"bytes"
	"os"
	"runtime"
	"testing"

	"github.com/finece/finece/host"
)

// A session's memory must not depend on how long its stream is.
func TestALongStreamNeedsNoMoreMemory(t *testing.T) {
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.TrimSuffix(data, []byte("data: [DONE]\n\n"))
	engine := newWazero(t)
	s, _, err := engine.Open(everything())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 300 { // 30 MB
		if _, err := s.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if size := host.MemorySize(s); size > 256<<10 {
		t.Errorf("the instance has %d KiB, want at most 256", size>>10)
	}
}

// Opening and closing must leave nothing behind.
func TestAHundredThousandSessionsLeaveMemoryFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:8<<10]
	engine := newWazero(t)
	round := func(n int) {
		for range n {
			s, _, err := engine.Open(host.DefaultConfig())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(data); err != nil {
				t.Fatal(err)
			}
			if _, err := s.End(); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	round(1000)
	before := heap()
	round(99_000)
	if after := heap(); after > before+4<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, after>>10)
	}
}

func TestATokenAllocatesNothingNatively(t *testing.T) {
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.TrimSuffix(data, []byte("data: [DONE]\n\n"))
	s, _, err := host.Native().Open(everything())
	if err != nil {
		t.Fatal(err)
	}
	s.Write(data)
	tokens := float64(bytes.Count(data, []byte("\n\n")))
	if n := testing.AllocsPerRun(20, func() { s.Write(data) }) / tokens; n > 0 {
		t.Errorf("%v allocations a token", n)
	}
}
