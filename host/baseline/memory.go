package baseline

import (
	"context"
	"sync"
)

// memory is an openai.Store in memory.
type memory struct{ values sync.Map }

func (m *memory) Load(key string) ([]byte, error) {
	v, ok := m.values.Load(key)
	if !ok {
		return nil, nil
	}
	return v.([]byte), nil
}

func (m *memory) Save(key string, value []byte) error {
	m.values.Store(key, value)
	return nil
}

// turns lets one caller at a time send a request, so later callers with the same request
// find the reply in the store.
type turns struct {
	mu    sync.Mutex
	queue map[string]*slot
}

type slot struct {
	free chan struct{} // has one element while no caller has the turn
	here int           // callers that have the turn or wait for it
}

// take waits for the turn of a key. If there is no error, the caller must call done.
func (t *turns) take(ctx context.Context, key string) (done func(), err error) {
	t.mu.Lock()
	if t.queue == nil {
		t.queue = map[string]*slot{}
	}
	s := t.queue[key]
	if s == nil {
		s = &slot{free: make(chan struct{}, 1)}
		s.free <- struct{}{}
		t.queue[key] = s
	}
	s.here++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if s.here--; s.here == 0 {
			delete(t.queue, key)
		}
	}
	select {
	case <-s.free:
		return func() { s.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
