package model

import (
	"container/heap"
	"context"
	"sync"

	"github.com/finece/finece/position"
)

// turn is a request's rank among those that wait for a server. A higher rank goes first.
type turn uint8

const (
	newest  turn = iota // the last request that came goes first
	inOrder             // in the order in which the requests came
	whole               // requests about a whole answer, in the order in which they came
)

func turnOf(k position.Kind, ordered bool) turn {
	switch {
	case k&position.End != 0:
		return whole
	case ordered:
		return inOrder
	}
	return newest
}

type turnKey struct{}

func withTurn(ctx context.Context, t turn) context.Context {
	return context.WithValue(ctx, turnKey{}, t)
}

// turnIn returns the turn in ctx, or inOrder if there is none.
func turnIn(ctx context.Context) turn {
	if t, ok := ctx.Value(turnKey{}).(turn); ok {
		return t
	}
	return inOrder
}

// queue bounds the requests to a server, over all sessions. After the server has said that there
// are too many, one request is sent at a time until one succeeds.
type queue struct {
	mu      sync.Mutex
	most    int
	room    int // how many requests may be under way: most, or 1
	out     int // requests under way
	came    int // requests that have had to wait so far
	waiting waiters
}

// take waits until a request may be sent. The error is ctx's.
func (q *queue) take(ctx context.Context) error {
	q.mu.Lock()
	if q.out < q.room {
		q.out++
		q.mu.Unlock()
		return nil
	}
	q.came++
	w := &waiter{turn: turnIn(ctx), number: q.came, ready: make(chan struct{})}
	heap.Push(&q.waiting, w)
	q.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.at < 0 { // it was admitted meanwhile
		q.out--
		q.admit()
	} else {
		heap.Remove(&q.waiting, w.at)
	}
	return ctx.Err()
}

// tryTake is take without waiting: it returns false if there is no room or another request waits.
func (q *queue) tryTake() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.out >= q.room || len(q.waiting) > 0 {
		return false
	}
	q.out++
	return true
}

// leave ends a request.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out--
	q.admit()
}

// narrow notes whether the server has too many requests.
func (q *queue) narrow(tooMany bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room = q.most; tooMany {
		q.room = 1
	}
	q.admit()
}

func (q *queue) admit() {
	for q.out < q.room && len(q.waiting) > 0 {
		q.out++
		close(heap.Pop(&q.waiting).(*waiter).ready)
	}
}

type waiter struct {
	turn   turn
	number int
	at     int // in the heap; -1 once it was taken out
	ready  chan struct{}
}

// waiters is a heap of waiting requests. The first one is next.
type waiters []*waiter

func (w waiters) Len() int { return len(w) }

func (w waiters) Less(i, j int) bool {
	x, y := w[i], w[j]
	switch {
	case x.turn != y.turn:
		return x.turn > y.turn
	case x.turn == newest:
		return x.number > y.number
	}
	return x.number < y.number
}

func (w waiters) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].at, w[j].at = i, j
}

func (w *waiters) Push(x any) {
	x.(*waiter).at = len(*w)
	*w = append(*w, x.(*waiter))
}

func (w *waiters) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	last.at = -1
	return last
}
