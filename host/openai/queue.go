package openai

import (
	"context"
	"slices"
	"sync"
)

// queue hands out the slots for requests. The requests for one stem are sent in a row, without
// requests for other stems between them, so that the server has the stem in its cache. The
// waiting stem with the lowest rank is next.
type queue struct {
	mu      sync.Mutex
	free    int
	current []*ticket // the tickets of the stem whose turn it is
	waiting []turn
}

type turn struct {
	rank    int
	tickets []*ticket
}

type ticket struct {
	ready chan struct{} // closed when there is a slot
	given bool
	gone  bool
}

func newQueue(slots int) *queue { return &queue{free: slots} }

// tickets makes n tickets for one stem.
func (q *queue) tickets(rank, n int) []*ticket {
	list := make([]*ticket, n)
	for i := range list {
		list[i] = &ticket{ready: make(chan struct{})}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, turn{rank, slices.Clone(list)})
	q.give()
	return list
}

// wait waits for a slot. If it returns nil, the caller has to call done.
func (q *queue) wait(ctx context.Context, t *ticket) error {
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.gone = true; t.given {
		q.free++
		q.give()
	}
	return ctx.Err()
}

// done gives a slot back.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	q.give()
}

// give hands out free slots. The caller holds mu.
func (q *queue) give() {
	for q.free > 0 {
		for len(q.current) == 0 {
			if len(q.waiting) == 0 {
				return
			}
			next := 0
			for i := range q.waiting {
				if q.waiting[i].rank < q.waiting[next].rank {
					next = i
				}
			}
			q.current = q.waiting[next].tickets
			q.waiting = slices.Delete(q.waiting, next, next+1)
		}
		t := q.current[0]
		q.current = q.current[1:]
		if t.gone {
			continue
		}
		q.free--
		t.given = true
		close(t.ready)
	}
}
