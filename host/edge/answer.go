//go:build js && wasm

package main

import (
	"context"
	"errors"
	"net/http"
	"syscall/js"
)

// answer writes to the body that io.mjs made. The library's own body is a pipe whose end would
// end the program.
type answer struct {
	ctx     context.Context
	library interface {
		http.ResponseWriter
		WriteRawJSBody(js.Value)
		Ready() // the headers are complete
	}
	body  js.Value
	begun bool
}

func newAnswer(ctx context.Context, w http.ResponseWriter, body js.Value) *answer {
	a := &answer{ctx: ctx, body: body}
	a.library = w.(interface {
		http.ResponseWriter
		WriteRawJSBody(js.Value)
		Ready()
	})
	a.library.WriteRawJSBody(body.Get("readable"))
	return a
}

func (a *answer) Header() http.Header    { return a.library.Header() }
func (a *answer) WriteHeader(status int) { a.library.WriteHeader(status) }

// Flush does nothing: Write sends at once.
func (a *answer) Flush() {}

// errGone is the error of a write after the client has disconnected.
var errGone = errors.New("the client has disconnected")

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	a.library.Ready()
	room := a.body.Call("write", bytesOf(p))
	if room.Type() == js.TypeObject {
		var err error
		if room, err = await(a.ctx, room); err != nil {
			return 0, err
		}
	}
	if !room.Bool() {
		return 0, errGone
	}
	return len(p), nil
}

// close ends the answer and the request. The program may then get another request.
func (a *answer) close() {
	a.library.Ready()
	a.body.Call("close")
}

// breakOff ends an answer with an error that the client sees.
func (a *answer) breakOff() {
	a.library.Ready()
	a.body.Call("error", "the answer broke off")
}
