// Package wasm holds the scoring core as a WebAssembly module: the same bytes
// for the browser, for edge workers and for package host.
//
// The module is built from wasm/core by `make wasm` and committed, so that
// using the product needs no TinyGo; a rebuild gives the same bytes. Package
// abi documents how to talk to it.
//
// # Why TinyGo
//
// Go's own compiler gives a core of 1.9 MB that takes 660 ms to compile and 5
// ms and 2.4 MB for each instance; TinyGo's is a tenth of that in every
// respect, which makes an instance for each stream affordable, and imports
// nothing at all. It is built without a garbage collector: wasm/core says why,
// and what bounds its memory.
package wasm

import _ "embed"

// Core is finece.wasm.
//
//go:embed finece.wasm
var Core []byte
