package wazero

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// instance is one instance of the core with the one session in it. All access
// to its memory is in this file.
type instance struct {
	module api.Module
	memory api.Memory
	lost   error // set by a trap; the instance would go on answering

	abi, input, open, write, end, request, resolve, fail api.Function

	stack   [2]uint64
	decoded []host.Event
}

// chunk is how much a Write hands over at once: enough to make the call's cost
// vanish, little enough to keep the instance's input buffer small.
const chunk = 16 << 10

func (i *instance) Write(p []byte) ([]host.Event, error) {
	i.decoded = i.decoded[:0]
	if len(p) <= chunk {
		return i.events(i.send(i.write, 0, false, p))
	}
	return i.writeLong(p)
}

// writeLong copies what each part's events quote, since the next part's call
// may overwrite it.
func (i *instance) writeLong(p []byte) ([]host.Event, error) {
	var all []host.Event
	for len(p) > 0 {
		n := min(len(p), chunk)
		events, err := i.events(i.send(i.write, 0, false, p[:n]))
		if err != nil {
			return all, err
		}
		for _, e := range events {
			e.Text = append([]byte(nil), e.Text...)
			e.Fault.Detail = append([]byte(nil), e.Fault.Detail...)
			all = append(all, e)
		}
		p = p[n:]
	}
	return all, nil
}

func (i *instance) End() ([]host.Event, error) { return i.events(i.answer(i.call(i.end, 0))) }

func (i *instance) Request(dst []byte, id uint32) ([]byte, error) {
	i.stack[0] = uint64(id)
	body, err := i.answer(i.call(i.request, 1))
	return append(dst, body...), err
}

func (i *instance) Resolve(id uint32, reply []byte) ([]host.Event, error) {
	if len(reply) > abi.MaxInput {
		reply = nil // nobody's number: let the core say that it is no reply
	}
	return i.events(i.send(i.resolve, id, true, reply))
}

func (i *instance) Fail(id uint32, why session.Reason) ([]host.Event, error) {
	i.stack[0], i.stack[1] = uint64(id), uint64(why)
	return i.events(i.answer(i.call(i.fail, 2)))
}

func (i *instance) Close() error { return i.module.Close(context.Background()) }

// events reads an answer's records.
func (i *instance) events(payload []byte, err error) ([]host.Event, error) {
	if err != nil {
		return nil, err
	}
	i.decoded, err = abi.ReadEvents(i.decoded[:0], payload)
	return i.decoded, err
}

// send writes data to the input buffer and calls f(id, n) or f(n).
func (i *instance) send(f api.Function, id uint32, withID bool, data []byte) ([]byte, error) {
	i.stack[0] = uint64(len(data))
	at, err := i.call(i.input, 1)
	if err != nil {
		return nil, err
	}
	if at == 0 || !i.memory.Write(uint32(at), data) {
		return nil, fmt.Errorf("wazero: the core takes at most %d bytes a call, not %d", abi.MaxInput, len(data))
	}
	if withID {
		i.stack[0], i.stack[1] = uint64(id), uint64(len(data))
		return i.answer(i.call(f, 2))
	}
	i.stack[0] = uint64(len(data))
	return i.answer(i.call(f, 1))
}

// call runs f on the first n stack slots. An error is a trap.
func (i *instance) call(f api.Function, n int) (uint64, error) {
	if i.lost != nil {
		return 0, i.lost
	}
	if err := f.CallWithStack(context.Background(), i.stack[:max(n, 1)]); err != nil {
		i.lost = fmt.Errorf("%w: %w", host.ErrLost, err)
		i.module.Close(context.Background())
		return 0, i.lost
	}
	return i.stack[0], nil
}

// answer reads the status and the payload of an answer.
func (i *instance) answer(at uint64, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	status, ok1 := i.memory.ReadUint32Le(uint32(at))
	length, ok2 := i.memory.ReadUint32Le(uint32(at) + 4)
	payload, ok3 := i.memory.Read(uint32(at)+8, length)
	if !ok1 || !ok2 || !ok3 {
		i.lost = fmt.Errorf("%w: an answer outside its memory", host.ErrLost)
		i.module.Close(context.Background())
		return nil, i.lost
	}
	switch abi.Status(status) {
	case abi.StatusOK:
		return payload, nil
	case abi.StatusOrder:
		return nil, session.ErrEnded
	case abi.StatusUnknown:
		return nil, session.ErrUnknownAsk
	}
	return nil, errors.New(string(payload))
}

// MemorySize is the linear memory of a session's instance in bytes, 0 for a
// session that has none.
func MemorySize(s host.Session) uint32 {
	if i, ok := s.(*instance); ok {
		return i.memory.Size()
	}
	return 0
}
