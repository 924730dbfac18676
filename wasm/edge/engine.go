//go:build js && wasm

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// isolate is the engine that runs finece.wasm beside this program, in instances
// that core.mjs keeps.
type isolate struct{ open js.Value }

func (isolate) Name() string { return "isolate" }
func (isolate) Close() error { return nil }

func (e isolate) Open(c host.Config) (host.Session, []host.Event, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	s := &isolated{core: e.open.Invoke(), input: js.Global().Get("Uint8Array").New(chunk)}
	events, err := s.events(s.send("open", session.AppendConfig(nil, &c)))
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, events, nil
}

// chunk is how much a Write hands over at once, as on a server.
const chunk = 16 << 10

// isolated is the session of one stream.
type isolated struct {
	core    js.Value
	input   js.Value // a Uint8Array that is used again
	answer  []byte
	decoded []host.Event
}

func (s *isolated) Write(p []byte) ([]host.Event, error) {
	if len(p) <= chunk {
		return s.events(s.send("write", p))
	}
	var all []host.Event
	for len(p) > 0 {
		n := min(len(p), chunk)
		events, err := s.events(s.send("write", p[:n]))
		if err != nil {
			return all, err
		}
		for _, e := range events {
			// The next call overwrites what they quote.
			e.Text = append([]byte(nil), e.Text...)
			e.Fault.Detail = append([]byte(nil), e.Fault.Detail...)
			all = append(all, e)
		}
		p = p[n:]
	}
	return all, nil
}

func (s *isolated) End() ([]host.Event, error) { return s.events(s.call("end", js.Null())) }

func (s *isolated) Request(dst []byte, id uint32) ([]byte, error) {
	body, err := s.call("request", js.Null(), id)
	return append(dst, body...), err
}

func (s *isolated) Resolve(id uint32, reply []byte) ([]host.Event, error) {
	if len(reply) > abi.MaxInput {
		reply = nil // nobody's number: let the core say that it is no reply
	}
	return s.events(s.send("resolve", reply, id))
}

func (s *isolated) Fail(id uint32, why session.Reason) ([]host.Event, error) {
	return s.events(s.call("fail", js.Null(), id, uint32(why)))
}

func (s *isolated) Close() error {
	s.core.Call("close")
	return nil
}

func (s *isolated) events(payload []byte, err error) ([]host.Event, error) {
	if err != nil {
		return nil, err
	}
	s.decoded, err = abi.ReadEvents(s.decoded[:0], payload)
	return s.decoded, err
}

// send calls a function that takes input.
func (s *isolated) send(name string, data []byte, args ...any) ([]byte, error) {
	if len(data) > s.input.Length() {
		s.input = js.Global().Get("Uint8Array").New(len(data))
	}
	js.CopyBytesToJS(s.input, data)
	return s.call(name, s.input.Call("subarray", 0, len(data)), args...)
}

// call calls a function of the core and returns the payload of its answer.
func (s *isolated) call(name string, input js.Value, args ...any) ([]byte, error) {
	view := s.core.Call("call", append([]any{name, input}, args...)...)
	switch {
	case view.IsUndefined():
		return nil, host.ErrLost
	case view.IsNull():
		return nil, fmt.Errorf("edge: the core takes at most %d bytes a call", abi.MaxInput)
	}
	n := view.Length()
	if cap(s.answer) < n {
		s.answer = make([]byte, n+n/2)
	}
	s.answer = s.answer[:n]
	js.CopyBytesToGo(s.answer, view)
	payload := s.answer[8:]
	switch abi.Status(binary.LittleEndian.Uint32(s.answer)) {
	case abi.StatusOK:
		return payload, nil
	case abi.StatusOrder:
		return nil, session.ErrEnded
	case abi.StatusUnknown:
		return nil, session.ErrUnknownAsk
	}
	return nil, errors.New(string(payload))
}
