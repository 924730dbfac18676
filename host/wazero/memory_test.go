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
