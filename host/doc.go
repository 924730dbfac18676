// Package host runs the scoring core on a server.
//
// An [Engine] opens sessions. [NewWazero] runs finece.wasm, an instance for
// each session, so that whatever goes wrong inside costs one session and
// nothing else; [Native] calls the same packages directly and is there to be
// compared with. Both answer the same calls with the same events.
//
//	engine, err := wazero.New(ctx)
//	...
//	session, events, err := engine.Open(host.DefaultConfig())
//	for chunk := range chunks {
//		events, err = session.Write(chunk)
//		...
//	}
//	events, err = session.End()
//
// # Why no cancellation inside a call
//
// The core bounds its own work: a host gives at most abi.MaxInput bytes a call and its time
// is linear in them. No call can run for ever, so the runtime's cancellation checks,
// which slow every loop down, are not used.
//
// # Engines
//
// An engine for finece.wasm implements [Module], one call of one instance.
// [Instance] makes a [Session] of it: the calls and answers of package abi are
// written there once, for host/wazero and host/edge.
package host
