package baseline

import (
	"context"
	"sync"
)

// memory is a openai.Store that forgets everything when it is dropped.
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

// turns lets one caller at a time ask for the same thing, so that the callers after it find the reply
// in the store.
type turns struct {
	mu    sync.Mutex
	queue map[string]*slot
}

type slot struct {
	free chan struct{} // has one element when nobody is at it
	here int           // callers that are at it or wait
}

// take waits for the turn of a key. Without an error, the caller has to call
// done.
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
