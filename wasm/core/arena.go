//go:build tinygo.wasm

package main

import "unsafe"

// heapptr is where TinyGo's allocator "leaking" takes the next object from. It
// relies on fresh memory being zero.
//
//go:extern runtime.heapptr
var heapptr uintptr

// base is the end of the memory that the module itself has allocated.
var base uintptr

// settle sets base, at the first call: package variables are initialized too
// early for it.
func settle() {
	if base == 0 {
		base = heapptr
	}
}

// mark returns the end of the allocated memory, for release.
func mark() uintptr { return heapptr }

// release drops all memory that was allocated since mark. No pointer into it may be
// used afterwards.
func release(to uintptr) {
	clear(bytesAt(to, heapptr-to))
	heapptr = to
}

// restart drops all memory that the session and its buffers have allocated, except
// data, which it moves to the beginning.
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
