//go:build tinygo.wasm

package main

import "unsafe"

// heapptr is where TinyGo's allocator "leaking" takes the next object from. It
// relies on fresh memory being zero.
//
//go:extern runtime.heapptr
var heapptr uintptr

// base is the end of what the module itself has allocated.
var base uintptr

// settle sets base, at the first call: package variables are initialized too
// early for it.
func settle() {
	if base == 0 {
		base = heapptr
	}
}

// mark returns the end of what is allocated, for release.
func mark() uintptr { return heapptr }

// release drops all that was allocated since mark. Nothing may point there any
// more.
func release(to uintptr) {
	clear(bytesAt(to, heapptr-to))
	heapptr = to
}

// restart drops all that the session and its buffers have allocated but data,
// which it moves to the beginning.
func restart(data []byte) []byte {
	settle()
	const word = 16
	n := uintptr(len(data))
	kept := bytesAt(base, n)
	copy(kept, data)
	clear(bytesAt(base+n, heapptr-base-n))
	heapptr = (base + n + word - 1) &^ (word - 1)
	return kept
}

func bytesAt(address, n uintptr) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(address)), n)
}
