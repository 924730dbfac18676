package wazero

import (
	"sync"

	"github.com/tetratelabs/wazero/experimental"
)

// maxPooled is the largest memory that is kept for another instance, in bytes.
const maxPooled = 1 << 20

// memories keeps the linear memories of closed instances. Otherwise Go would free 192 KB and
// clear another 192 KB for each instance.
type memories struct{ pool sync.Pool }

// Allocate implements experimental.MemoryAllocator.
func (m *memories) Allocate(_, _ uint64) experimental.LinearMemory {
	if kept, ok := m.pool.Get().(*memory); ok {
		return kept
	}
	return &memory{owner: m}
}

// memory is the linear memory of one instance.
type memory struct {
	owner *memories
	bytes []byte // zero from its length to its capacity
}

// Reallocate returns the memory with another size. The bytes that are added are zero.
func (m *memory) Reallocate(size uint64) []byte {
	if size <= uint64(cap(m.bytes)) {
		m.bytes = m.bytes[:size]
		return m.bytes
	}
	grown := make([]byte, size)
	copy(grown, m.bytes)
	m.bytes = grown
	return m.bytes
}

// Free clears the memory and keeps it for another instance, unless it is large.
func (m *memory) Free() {
	if cap(m.bytes) > maxPooled {
		m.bytes = nil
		return
	}
	clear(m.bytes)
	m.bytes = m.bytes[:0]
	m.owner.pool.Put(m)
}
