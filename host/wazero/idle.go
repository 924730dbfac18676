package wazero

import (
	"errors"
	"sync"

	"github.com/finece/finece/host"
)

// maxIdle is the most instances that are kept for later sessions. Each has 192 KB of memory.
const maxIdle = 64

// idle holds instances whose sessions are closed. A session in one of them gives the same events
// as in a new one, and opening it costs a fifth.
type idle struct {
	mu        sync.Mutex
	instances []*instance
	closed    bool
}

// take returns an instance, or nil if none is idle.
func (d *idle) take() *instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.instances) - 1
	if n < 0 {
		return nil
	}
	i := d.instances[n]
	d.instances[n] = nil
	d.instances = d.instances[:n]
	return i
}

// give keeps an instance. It closes the instance instead if its memory is large or if enough are
// kept. An instance that has trapped is closed already.
func (d *idle) give(i *instance) error {
	if i.closed {
		return nil
	}
	if i.memory.Size() <= maxPooled && d.keep(i) {
		return nil
	}
	return i.Close()
}

func (d *idle) keep(i *instance) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || len(d.instances) == maxIdle {
		return false
	}
	d.instances = append(d.instances, i)
	return true
}

// close keeps no more instances. The runtime closes those that are idle.
func (d *idle) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.instances, d.closed = nil, true
}

// lease is an instance in use by a session.
type lease struct {
	*instance // nil once it was given back
	owner     *idle
}

// Call calls a function of the session.
func (l *lease) Call(c host.Call) ([]byte, error) {
	if l.instance == nil {
		return nil, errors.New("the session is closed")
	}
	return l.instance.Call(c)
}

// Close gives the instance back.
func (l *lease) Close() error {
	if l.instance == nil {
		return nil
	}
	i := l.instance
	l.instance = nil
	return l.owner.give(i)
}
