//go:build js && wasm

package main

import (
	"context"
	"errors"
	"io"
	"syscall/js"
)

// reader reads a ReadableStream through io.mjs.
type reader struct {
	ctx   context.Context
	stop  func() bool // stops waiting for the request's cancellation
	from  js.Value
	piece js.Value // a Uint8Array with the bytes that were read last
	rest  []byte
	err   error
}

func newReader(ctx context.Context, stop func() bool, body js.Value) *reader {
	from := surroundings.Get("finece").Call("reader", body)
	return &reader{ctx: ctx, stop: stop, from: from, piece: from.Get("piece")}
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		n, err := r.next()
		if err != nil {
			return 0, err
		}
		if n <= len(p) {
			return js.CopyBytesToGo(p[:n], r.piece), nil
		}
		r.rest = make([]byte, n)
		js.CopyBytesToGo(r.rest, r.piece)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next reads the next piece and returns its length in bytes.
func (r *reader) next() (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := waitFor(r.ctx, func(id int) { r.from.Call("read", id, settled) })
	if err == nil && n.Int() < 0 {
		err = io.EOF
	}
	if r.err = err; err != nil {
		return 0, err
	}
	return n.Int(), nil
}

func (r *reader) Close() error {
	r.stop()
	r.from.Call("cancel")
	return nil
}

// await waits for a promise, or until ctx is done.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	return waitFor(ctx, func(id int) { surroundings.Get("finece").Call("wait", promise, id, settled) })
}

// outcome is the result of a promise.
type outcome struct {
	value js.Value
	err   error
}

// outcomes has a channel for each promise that a goroutine waits for. It needs no lock,
// because only one goroutine runs at a time in js/wasm.
var (
	outcomes = map[int]chan outcome{}
	last     int
)

// settled is called with the result of a promise: its number, its value, and the reason if it
// was rejected.
var settled = js.FuncOf(func(_ js.Value, args []js.Value) any {
	id := args[0].Int()
	waiting, ok := outcomes[id]
	if !ok {
		return nil // the wait was cancelled
	}
	delete(outcomes, id)
	if len(args) > 2 {
		waiting <- outcome{err: errors.New(args[2].String())}
	} else {
		waiting <- outcome{value: args[1]}
	}
	return nil
})

// waitFor calls begin with a number and waits until settled is called with it.
func waitFor(ctx context.Context, begin func(id int)) (js.Value, error) {
	last++
	id := last
	waiting := make(chan outcome, 1)
	outcomes[id] = waiting
	begin(id)
	select {
	case o := <-waiting:
		return o.value, o.err
	case <-ctx.Done():
		delete(outcomes, id)
		return js.Value{}, ctx.Err()
	}
}
