package batch

import (
	"errors"
	"io"
	"runtime"
	"sync"
)

// Ordered calls next until it returns an error, work for each piece that next has
// returned, on all processors at once, and take for the results, one at a time and in
// the order of the pieces. It returns the first error of take, or the error of next
// after all results. io.EOF of next is the end, and no error.
func Ordered[P, T any](next func() (P, error), work func(P) T, take func(T) error) error {
	workers := runtime.GOMAXPROCS(0)
	type job struct {
		piece  P
		result chan T
	}
	jobs, ordered := make(chan job), make(chan job, 2*workers)
	stop := make(chan struct{})
	var failed error
	var running sync.WaitGroup
	running.Go(func() {
		defer close(ordered)
		defer close(jobs)
		for {
			piece, err := next()
			if err != nil {
				if err != io.EOF {
					failed = err
				}
				return
			}
			j := job{piece, make(chan T, 1)}
			select {
			case ordered <- j:
				jobs <- j
			case <-stop:
				return
			}
		}
	})
	for range workers {
		running.Go(func() {
			for j := range jobs {
				j.result <- work(j.piece)
			}
		})
	}
	var taken error
	for j := range ordered {
		result := <-j.result
		if taken != nil {
			continue
		}
		if taken = take(result); taken != nil {
			close(stop)
		}
	}
	running.Wait()
	return errors.Join(taken, failed)
}
