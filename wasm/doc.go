// Package wasm contains the scoring core as a WebAssembly module, finece.wasm. Browsers, edge
// workers and servers all run the same bytes. In Go, package host/wazero runs [Core].
//
// `make wasm` builds the module from wasm/core. The file is committed, so users need no
// TinyGo, and a rebuild gives the same bytes. Package abi documents the functions of the
// module. RATIONALE.md in this folder gives the reason for each decision.
package wasm

import _ "embed"

// Core is the content of finece.wasm.
//
//go:embed finece.wasm
var Core []byte
