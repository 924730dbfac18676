package host

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// Function is one of the functions of finece.wasm that a session calls. Its number is
// its place in the list below. host/edge/core.mjs has the same list.
type Function uint8

const (
	CallOpen Function = iota
	CallWrite
	CallEnd
	CallRequest
	CallResolve
	CallFail
	functions
)

// signatures says what each function takes: some numbers and then, if it takes input,
// the input's length.
var signatures = [functions]struct {
	name    string
	numbers int
	input   bool
}{
	CallOpen:    {"finece_open", 0, true},
	CallWrite:   {"finece_write", 0, true},
	CallEnd:     {"finece_end", 0, false},
	CallRequest: {"finece_request", 1, false},
	CallResolve: {"finece_resolve", 1, true},
	CallFail:    {"finece_fail", 2, false},
}

// Functions is how many there are.
const Functions = int(functions)

// Export is the function's name in finece.wasm.
func (f Function) Export() string { return signatures[f].name }

// Numbers is how many of Call.Numbers the function takes: 0, 1 or 2.
func (f Function) Numbers() int { return signatures[f].numbers }

// HasInput reports whether the function takes Call.Input.
func (f Function) HasInput() bool { return signatures[f].input }

// Call is one call of a function of finece.wasm.
type Call struct {
	Function Function
	Numbers  [2]uint32 // the id, and the reason of Fail
	Input    []byte    // at most abi.MaxInput bytes
}

// Module is one instance of finece.wasm, which an engine has made. It is not
// safe for concurrent use.
type Module interface {
	// Call writes the input to the instance's input buffer, calls the function and
	// returns its answer as package abi describes it: status, length, payload. The
	// answer is valid until the next Call. An error means that the instance is lost;
	// after it, only Close is called.
	Call(Call) ([]byte, error)
	// Close releases the instance, or gives it back for another session.
	Close() error
}

// Instance is the session in an instance of finece.wasm: the calls of package
// abi, which every engine that runs the module makes through it.
type Instance struct {
	module  Module
	lost    error // of the call that trapped; the instance itself would still answer
	decoded []Event
}

// OpenOn opens a session in an instance and owns the instance from then on. If it
// returns an error, it has closed the instance.
func OpenOn(m Module, c Config) (*Instance, []Event, error) {
	i := &Instance{module: m}
	events, err := i.Reset(c)
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return i, events, nil
}

// Module returns the instance that the session is in.
func (i *Instance) Module() Module { return i.module }

// Reset opens another session in the same instance.
func (i *Instance) Reset(c Config) ([]Event, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	config := session.AppendConfig(nil, &c)
	if len(config) > abi.MaxInput {
		return nil, fmt.Errorf("host: a configuration of %d bytes: want at most %d", len(config), abi.MaxInput)
	}
	return i.events(Call{Function: CallOpen, Input: config})
}

// chunk is how many bytes Write passes in one call. It is large enough to make the cost
// of the call negligible, and small enough to keep the instance's input buffer small.
const chunk = 16 << 10

// Write passes the next bytes of the stream to the core.
func (i *Instance) Write(p []byte) ([]Event, error) {
	if len(p) <= chunk {
		return i.events(Call{Function: CallWrite, Input: p})
	}
	var all []Event
	for len(p) > 0 {
		n := min(len(p), chunk)
		events, err := i.events(Call{Function: CallWrite, Input: p[:n]})
		if err != nil {
			return all, err
		}
		for _, e := range events {
			// The next call may overwrite the bytes that the events quote.
			e.Text = append([]byte(nil), e.Text...)
			e.Fault.Detail = append([]byte(nil), e.Fault.Detail...)
			all = append(all, e)
		}
		p = p[n:]
	}
	return all, nil
}

// End says that no more bytes will come.
func (i *Instance) End() ([]Event, error) { return i.events(Call{Function: CallEnd}) }

// Request appends the body of a request to dst.
func (i *Instance) Request(dst []byte, id uint32) ([]byte, error) {
	body, err := i.call(Call{Function: CallRequest, Numbers: [2]uint32{id}})
	return append(dst, body...), err
}

// Resolve passes the reply to a request to the core. A reply that is longer than the
// core takes is passed as an empty one, which the core refuses as no reply.
func (i *Instance) Resolve(id uint32, reply []byte) ([]Event, error) {
	if len(reply) > abi.MaxInput {
		reply = nil
	}
	return i.events(Call{Function: CallResolve, Numbers: [2]uint32{id}, Input: reply})
}

// Fail tells the core that a request has no reply, and why.
func (i *Instance) Fail(id uint32, why session.Reason) ([]Event, error) {
	return i.events(Call{Function: CallFail, Numbers: [2]uint32{id, uint32(why)}})
}

// Close releases the instance.
func (i *Instance) Close() error { return i.module.Close() }

// events calls a function that answers with events, and reads them.
func (i *Instance) events(c Call) ([]Event, error) {
	payload, err := i.call(c)
	if err != nil {
		return nil, err
	}
	i.decoded, err = abi.ReadEvents(i.decoded[:0], payload)
	return i.decoded, err
}

// call calls a function and returns the payload of its answer.
func (i *Instance) call(c Call) ([]byte, error) {
	if i.lost != nil {
		return nil, i.lost
	}
	answer, err := i.module.Call(c)
	if err == nil && len(answer) < 8 {
		err = errors.New("an answer of less than 8 bytes")
	}
	if err != nil {
		i.lost = fmt.Errorf("%w: %w", ErrLost, err)
		return nil, i.lost
	}
	payload := answer[8:]
	switch abi.Status(binary.LittleEndian.Uint32(answer)) {
	case abi.StatusOK:
		return payload, nil
	case abi.StatusOrder:
		return nil, session.ErrEnded
	case abi.StatusUnknown:
		return nil, session.ErrUnknownAsk
	}
	return nil, errors.New(string(payload))
}
