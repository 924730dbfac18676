//go:build js && wasm

package main

import (
	"errors"
	"syscall/js"

	"github.com/finece/finece/host"
)

// isolate is the engine that runs finece.wasm as a second module of the isolate, in instances
// that core.mjs keeps.
type isolate struct{ open js.Value }

func (isolate) Name() string { return "isolate" }
func (isolate) Close() error { return nil }

func (e isolate) Open(c host.Config) (host.Session, []host.Event, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err // before an instance is taken
	}
	s, events, err := host.OpenOn(newInstance(e.open.Invoke()), c)
	if err != nil {
		return nil, nil, err
	}
	return s, events, nil
}

// instance is an instance of the core that core.mjs has opened.
type instance struct {
	core, invoke  js.Value
	input, output js.Value // Uint8Arrays for input of a call, and for its answer
	room, reach   int      // the lengths of input and output
	answer        []byte
}

func newInstance(core js.Value) *instance {
	i := &instance{core: core, invoke: core.Get("call"), input: core.Get("input"), output: core.Get("output")}
	i.room, i.reach = i.input.Length(), i.output.Length()
	return i
}

// Results of core.mjs instead of an answer's length.
const (
	trapped = -1
	refused = -2
)

// Call calls a function of the core by its number. Only numbers cross to JavaScript and back,
// apart from the two arrays.
func (i *instance) Call(c host.Call) ([]byte, error) {
	args := []any{int(c.Function), -1}
	if c.Function.HasInput() {
		args[1] = len(c.Input)
		i.send(c.Input)
	}
	for _, n := range c.Numbers[:c.Function.Numbers()] {
		args = append(args, n)
	}
	n := i.invoke.Invoke(args...).Int()
	switch n {
	case trapped:
		return nil, errors.New("the instance has trapped")
	case refused:
		return nil, errors.New("the core has no memory for the input")
	}
	if n > i.reach {
		i.output = i.core.Get("output")
		i.reach = i.output.Length()
	}
	if cap(i.answer) < n {
		i.answer = make([]byte, n+n/2)
	}
	i.answer = i.answer[:n]
	js.CopyBytesToGo(i.answer, i.output)
	return i.answer, nil
}

// send copies the input to the array from which core.mjs reads.
func (i *instance) send(data []byte) {
	if len(data) > i.room {
		i.core.Call("grow", len(data))
		i.input, i.room = i.core.Get("input"), len(data)
	}
	js.CopyBytesToJS(i.input, data)
}

// Close gives the instance back for another session, unless it has trapped.
func (i *instance) Close() error {
	i.core.Call("close")
	return nil
}
