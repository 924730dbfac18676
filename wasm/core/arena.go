//go:build tinygo.wasm

package main

import "unsafe"

// heapptr is the address at which TinyGo's allocator "leaking" puts the next object. The
// allocator relies on zeros there.
//
//go:extern runtime.heapptr
var heapptr uintptr

// base is the end of the memory that the module allocated before its first call.
var base uintptr

// settle sets base at the first call. The initialization of package variables would be too
// early.
func settle() {
	if base == 0 {
		base = heapptr
	}
}

// mark returns the end of the allocated memory, for release.
func mark() uintptr { return heapptr }

// release frees all memory that was allocated after mark returned to. Pointers into that
// memory are invalid afterwards.
func release(to uintptr) {
	clear(bytesAt(to, heapptr-to))
	heapptr = to
}

// restart frees all memory of the session and its buffers. It keeps only data, which it moves
// to the beginning.
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
