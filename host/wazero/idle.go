package wazero

import (
	"errors"
	"sync"

	"github.com/finece/finece/host"
)

// maxIdle is how many instances wait for another session. Each has 192 KB.
const maxIdle = 64

// idle are the instances that sessions have left. Opening a session in one of them gives
// the same events as in a fresh one, at a fifth of the cost.
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

// give keeps an instance, or closes it: if it has trapped, if its memory is large, or if
// there are enough.
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

// lease is an instance while a session is in it.
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
