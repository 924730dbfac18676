// Command core is finece.wasm: the exported functions that package abi documents. They call
// package session. `make wasm` builds it with TinyGo.
//
// # Memory
//
// There is no garbage collector; RATIONALE.md says why. Memory is allocated from the bottom
// up; see arena.go. It stays bounded for two reasons:
//
//   - A session allocates when it is opened, and while its buffers grow to the size that its
//     stream needs. After that, tokens, other events and requests allocate nothing, except
//     faults that are reported once. Buffers double, so old buffers together are no larger
//     than the present ones. Opening the next session frees all of this.
//   - fuse, evaluate, and the reading of a reply free the memory that they allocate before
//     they answer. The buffer of the answer is grown beforehand.
package main

//lint:file-ignore U1000 go:wasmexport is what uses these functions

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

const answerHeader = 8

var (
	input   []byte // the input buffer, with the size given to finece_input
	answer  = first[:answerHeader]
	current *session.Session

	first   [4 << 10]byte              // the buffer of answer, before it has to grow
	problem [2 * stream.MaxDetail]byte // the error of a reply; Refuse keeps less than that
)

func main() {}

//go:wasmexport finece_abi
func version() uint32 { return abi.Version }

//go:wasmexport finece_input
func grant(size uint32) uint32 {
	if size > abi.MaxPairs {
		input = input[:0]
		return 0
	}
	settle()
	if int(size) > cap(input) || cap(input) == 0 { // an empty buffer has an address, too, since 0 is an error
		input = make([]byte, roomFor(size))
	}
	input = input[:size]
	return address(input)
}

//go:wasmexport finece_open
func open(n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	current = nil
	answer = first[:answerHeader]
	input = restart(data)
	config, err := session.ParseConfig(input)
	if err != nil {
		return refuse(abi.StatusConfig, err.Error())
	}
	s, events, err := session.Open(config)
	if err != nil {
		return refuse(abi.StatusConfig, err.Error())
	}
	current = s
	return report(events, nil)
}

//go:wasmexport finece_write
func write(n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	if current == nil {
		return closed()
	}
	return report(current.Write(data))
}

//go:wasmexport finece_end
func end() uint32 {
	if current == nil {
		return closed()
	}
	return report(current.End())
}

//go:wasmexport finece_request
func request(id uint32) uint32 {
	if current == nil {
		return closed()
	}
	body, err := current.Request(answer[:answerHeader], id)
	if err != nil {
		return failed(err)
	}
	answer = body
	return seal(abi.StatusOK)
}

//go:wasmexport finece_resolve
func resolve(id, n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	if current == nil {
		return closed()
	}
	before := mark()
	reading, err := current.Read(data)
	n = 0
	if err != nil {
		n = uint32(copy(problem[:], err.Error()))
	}
	release(before)
	if n > 0 {
		return report(current.Refuse(id, problem[:n]))
	}
	return report(current.Accept(id, reading))
}

//go:wasmexport finece_fail
func fail(id, reason uint32) uint32 {
	if current == nil {
		return closed()
	}
	return report(current.Fail(id, session.Reason(min(reason, 255))))
}

// take returns the first n bytes of the input buffer, and false if it is shorter.
func take(n uint32) ([]byte, bool) {
	if uint64(n) > uint64(len(input)) {
		return nil, false
	}
	return input[:n], true
}

// reserve makes room for an answer of n bytes. Writing it then allocates nothing.
func reserve(n int) {
	if n += answerHeader; n > cap(answer) {
		answer = make([]byte, answerHeader, roomFor(uint32(n)))
	}
}

// roomFor rounds up to a power of two, so that a buffer that grows is rarely replaced.
func roomFor(n uint32) int { return 1 << bits.Len32(max(n, 1<<10)-1) }

func report(events []session.Event, err error) uint32 {
	if err != nil {
		return failed(err)
	}
	answer = abi.AppendEvents(answer[:answerHeader], events)
	return seal(abi.StatusOK)
}

func failed(err error) uint32 { return refuse(statusOf(err), err.Error()) }

// statusOf does not compare interfaces: that would bring reflection into the
// module.
func statusOf(err error) abi.Status {
	if e, ok := err.(session.CallError); ok {
		switch e {
		case session.ErrEnded:
			return abi.StatusOrder
		case session.ErrUnknownAsk:
			return abi.StatusUnknown
		}
	}
	return abi.StatusArgument
}

func closed() uint32 { return refuse(abi.StatusOrder, "core: no session is open") }

func tooLong() uint32 {
	return refuse(abi.StatusTooLong, "core: the input is longer than the space that finece_input gave")
}

func refuse(status abi.Status, message string) uint32 {
	answer = append(answer[:answerHeader], message...)
	return seal(status)
}

// seal writes the header of the answer and returns its address.
func seal(status abi.Status) uint32 {
	binary.LittleEndian.PutUint32(answer, uint32(status))
	binary.LittleEndian.PutUint32(answer[4:], uint32(len(answer)-answerHeader))
	return address(answer)
}

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
