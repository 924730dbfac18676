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
	core := e.open.Invoke()
	s := &isolated{core: core, invoke: core.Get("call"), input: core.Get("input"), output: core.Get("output")}
	s.room, s.reach = s.input.Length(), s.output.Length()
	events, err := s.events(s.send(callOpen, session.AppendConfig(nil, &c)))
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, events, nil
}

// chunk is how much a Write hands over at once, as on a server.
const chunk = 16 << 10

// What core.mjs calls by number.
const (
	callOpen = iota
	callWrite
	callEnd
	callRequest
	callResolve
	callFail
)

// isolated is the session of one stream.
type isolated struct {
	core, invoke  js.Value
	input, output js.Value // Uint8Arrays for what is handed over, and for answers
	room, reach   int      // their lengths
	answer        []byte
	decoded       []host.Event
}

func (s *isolated) Write(p []byte) ([]host.Event, error) {
	if len(p) <= chunk {
		return s.events(s.send(callWrite, p))
	}
	var all []host.Event
	for len(p) > 0 {
		n := min(len(p), chunk)
		events, err := s.events(s.send(callWrite, p[:n]))
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

func (s *isolated) End() ([]host.Event, error) { return s.events(s.call(callEnd, none)) }

func (s *isolated) Request(dst []byte, id uint32) ([]byte, error) {
	body, err := s.call(callRequest, none, id)
	return append(dst, body...), err
}

func (s *isolated) Resolve(id uint32, reply []byte) ([]host.Event, error) {
	if len(reply) > abi.MaxInput {
		reply = nil // nobody's number: let the core say that it is no reply
	}
	return s.events(s.send(callResolve, reply, id))
}

func (s *isolated) Fail(id uint32, why session.Reason) ([]host.Event, error) {
	return s.events(s.call(callFail, none, id, uint32(why)))
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
func (s *isolated) send(function int, data []byte, args ...any) ([]byte, error) {
	if len(data) > s.room {
		s.core.Call("grow", len(data))
		s.input, s.room = s.core.Get("input"), len(data)
	}
	js.CopyBytesToJS(s.input, data)
	return s.call(function, len(data), args...)
}

// none is the length of no input.
const none = -1

// call calls a function of the core and returns the payload of its answer.
func (s *isolated) call(function, input int, args ...any) ([]byte, error) {
	n := s.invoke.Invoke(append([]any{function, input}, args...)...).Int()
	switch n {
	case -1:
		return nil, host.ErrLost
	case -2:
		return nil, fmt.Errorf("edge: the core takes at most %d bytes a call", abi.MaxInput)
	}
	if n > s.reach {
		s.output = s.core.Get("output")
		s.reach = s.output.Length()
	}
	if cap(s.answer) < n {
		s.answer = make([]byte, n+n/2)
	}
	s.answer = s.answer[:n]
	js.CopyBytesToGo(s.answer, s.output)
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
