// Package wasm holds the scoring core as a WebAssembly module: the same bytes
// for the browser, for edge workers and for servers.
//
// The module is built from wasm/core by `make wasm` and committed, so that
// using the product needs no TinyGo; a rebuild gives the same bytes. Package
// abi documents how to talk to it.
//
// RATIONALE.md beside this file says why it is built as it is.
package wasm

import _ "embed"

// Core is finece.wasm.
//
//go:embed finece.wasm
var Core []byte
