//go:build js && wasm

// Command empty is a Worker in Go that does nothing but answer. www/bench measures it:
// no Worker in Go costs less.
package main

import (
	"io"
	"net/http"

	"github.com/syumai/workers"
)

func main() {
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "{}")
	}))
}
