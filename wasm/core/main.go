// Command core is finece.wasm: package session behind the exports that package
// abi documents. It is built with TinyGo by `make wasm`.
package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

const answerHeader = 8

var (
	input   []byte // what finece_input granted
	answer  = make([]byte, answerHeader, 1<<10)
	current *session.Session
)

func main() {}

//go:wasmexport finece_abi
func version() uint32 { return abi.Version }

//go:wasmexport finece_input
func grant(size uint32) uint32 {
	if size > abi.MaxInput {
		input = input[:0]
		return 0
	}
	if int(size) > cap(input) {
		input = nil // let the collector have it before the larger one is made
		input = make([]byte, size)
	}
	input = input[:max(size, 1)]
	return address(input)
}

//go:wasmexport finece_open
func open(n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	current = nil
	config, err := session.ParseConfig(data)
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
	return report(current.Resolve(id, data))
}

//go:wasmexport finece_fail
func fail(id, reason uint32) uint32 {
	if current == nil {
		return closed()
	}
	return report(current.Fail(id, session.Reason(min(reason, 255))))
}

// take is the first n bytes of the input buffer, if it is that long.
func take(n uint32) ([]byte, bool) {
	if uint64(n) > uint64(len(input)) {
		return nil, false
	}
	return input[:n], true
}

func report(events []session.Event, err error) uint32 {
	if err != nil {
		return failed(err)
	}
	answer = abi.AppendEvents(answer[:answerHeader], events)
	return seal(abi.StatusOK)
}

func failed(err error) uint32 {
	switch err {
	case session.ErrEnded:
		return refuse(abi.StatusOrder, err.Error())
	case session.ErrUnknownAsk:
		return refuse(abi.StatusUnknown, err.Error())
	}
	return refuse(abi.StatusArgument, err.Error())
}

func closed() uint32 { return refuse(abi.StatusOrder, "core: no session is open") }

func tooLong() uint32 {
	return refuse(abi.StatusTooLong, "core: longer than what finece_input granted")
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
