package wazero

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/finece/finece/host"
)

// instance is one instance of the core. All access to its memory is in this file.
type instance struct {
	module api.Module
	memory api.Memory
	input  api.Function
	// functions are looked up when they are first called: each has a stack of 10 KB.
	functions [host.Functions]api.Function

	stack  [4]uint64
	closed bool // then its memory may belong to another instance
}

func newInstance(m api.Module) *instance {
	return &instance{module: m, memory: m.Memory(), input: m.ExportedFunction("finece_input")}
}

// Call calls a function of a session.
func (i *instance) Call(c host.Call) ([]byte, error) {
	if i.closed {
		return nil, errors.New("the instance is closed")
	}
	f := i.functions[c.Function]
	if f == nil {
		f = i.module.ExportedFunction(c.Function.Export())
		i.functions[c.Function] = f
	}
	if c.Function.HasInput() {
		return i.send(f, c.Numbers[:c.Function.Numbers()], c.Input)
	}
	return i.answer(i.call(f, c.Numbers[:c.Function.Numbers()]...))
}

// send writes data to the input buffer and calls f with numbers and the length of data.
func (i *instance) send(f api.Function, numbers []uint32, data []byte) ([]byte, error) {
	at, err := i.call(i.input, uint32(len(data)))
	if err != nil {
		return nil, err
	}
	if at == 0 || !i.memory.Write(at, data) {
		return nil, i.drop(fmt.Errorf("the core has no memory for an input of %d bytes", len(data)))
	}
	for n, v := range numbers {
		i.stack[n] = uint64(v)
	}
	i.stack[len(numbers)] = uint64(len(data))
	return i.answer(i.run(f))
}

// call calls f with numbers.
func (i *instance) call(f api.Function, numbers ...uint32) (uint32, error) {
	for n, v := range numbers {
		i.stack[n] = uint64(v)
	}
	return i.run(f)
}

// run calls f with the arguments on the stack. An error is a trap.
func (i *instance) run(f api.Function) (uint32, error) {
	if err := f.CallWithStack(context.Background(), i.stack[:]); err != nil {
		return 0, i.drop(err)
	}
	return uint32(i.stack[0]), nil
}

// drop closes an instance that is in an unknown state.
func (i *instance) drop(why error) error {
	return errors.Join(why, i.Close())
}

// answer returns an answer as a view of the instance's memory.
func (i *instance) answer(at uint32, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	length, ok := i.memory.ReadUint32Le(at + 4)
	answer, whole := i.memory.Read(at, 8+length)
	if !ok || !whole || 8+length < length {
		return nil, i.drop(errors.New("the core's answer lies outside its memory"))
	}
	return answer, nil
}

// Close releases the instance.
func (i *instance) Close() error {
	i.closed = true
	return i.module.Close(context.Background())
}

// MemorySize returns the size of the linear memory of a session's instance in bytes, or 0 if the
// session is closed or of another engine.
func MemorySize(s host.Session) uint32 {
	if in, ok := s.(*host.Instance); ok {
		if l, ok := in.Module().(*lease); ok && l.instance != nil && !l.closed {
			return l.memory.Size()
		}
	}
	return 0
}
