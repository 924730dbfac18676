package wazero

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/finece/finece/host"
)

func TestAMemoryThatIsUsedAgainIsZero(t *testing.T) {
	m := new(memories).Allocate(0, 0).(*memory)
	text := []byte("somebody's answer")
	for _, size := range []uint64{3 * pageSize, 2 * pageSize, maxPooled} {
		used := m.Reallocate(size)
		if uint64(len(used)) != size || !bytes.Equal(used, make([]byte, size)) {
			t.Fatalf("%d bytes, zero: %t", len(used), bytes.Equal(used, make([]byte, size)))
		}
		copy(used[size-100:], text)
		grown := m.Reallocate(size + pageSize)
		if !bytes.Equal(grown[size-100:][:len(text)], text) || !bytes.Equal(grown[size:], make([]byte, pageSize)) {
			t.Errorf("%d bytes: growing changed them", size)
		}
		m.Free()
	}
	if cap(m.bytes) != 0 {
		t.Errorf("%d bytes are kept", cap(m.bytes))
	}
}

func TestAClosedSessionLeavesTheNextOneAlone(t *testing.T) {
	e, err := New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	closed, _, err := e.Open(host.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	next, _, err := e.Open(host.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if _, err := closed.Write([]byte("data: {}\n\n")); !errors.Is(err, host.ErrLost) {
		t.Errorf("writing to a closed session: %v", err)
	}
	if err := closed.Close(); err != nil {
		t.Errorf("closing it again: %v", err)
	}
	if MemorySize(closed) != 0 {
		t.Errorf("a closed session has %d bytes of memory", MemorySize(closed))
	}
	if _, err := next.Write([]byte("data: {}\n\n")); err != nil {
		t.Errorf("the next session: %v", err)
	}
}

func TestASessionGetsTheInstanceThatAnotherHasLeft(t *testing.T) {
	e, err := New(context.Background(), WithMemoryLimit(4<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	open := func(question string) (host.Session, *instance) {
		c := host.DefaultConfig()
		c.Question, c.MaxEvent = question, 16<<20
		s, _, err := e.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		return s, s.(*host.Instance).Module().(*lease).instance
	}
	first, left := open("short")
	first.Close()
	again, got := open("short")
	if got != left {
		t.Error("the instance was not used again")
	}
	if _, err := again.Write(append([]byte(`data: {"id":"`), bytes.Repeat([]byte("x"), 8<<20)...)); !errors.Is(err, host.ErrLost) {
		t.Fatalf("beyond the memory limit: %v", err)
	}
	again.Close()
	if n := len(e.idle.instances); n != 0 {
		t.Errorf("%d instances are kept of a session that was lost", n)
	}
	large, _ := open(string(bytes.Repeat([]byte("x"), 300<<10)))
	if size := MemorySize(large); size <= maxPooled {
		t.Fatalf("its memory is %d bytes, want more than %d", size, maxPooled)
	}
	large.Close()
	if n := len(e.idle.instances); n != 0 {
		t.Errorf("%d instances with a large memory are kept", n)
	}
}

func TestNoMoreInstancesAreKeptThanMayBeIdle(t *testing.T) {
	e, err := New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var all []host.Session
	for range maxIdle + 5 {
		s, _, err := e.Open(host.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	for _, s := range all[1:] {
		s.Close()
	}
	if n := len(e.idle.instances); n != maxIdle {
		t.Errorf("%d instances are idle, want %d", n, maxIdle)
	}
	e.Close()
	if err := all[0].Close(); err != nil || len(e.idle.instances) != 0 {
		t.Errorf("after the engine was closed: %v, %d idle", err, len(e.idle.instances))
	}
}
