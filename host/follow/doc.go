// Package follow turns the bytes of one stream into records.
//
// The gateway, the Worker, the command and the experiments all follow streams with this
// package. A [Stream] combines a session of package host, the requests to the confidence
// model that the session asks for, and the records of package wasm/contract/record that
// result:
//
//	f := follow.Follower{Engine: engine}
//	s, err := f.Open(ctx, config, follow.Handler{Record: func(r record.Record) {
//		line = append(r.AppendJSON(line[:0]), '\n')
//		...
//	}})
//	...
//	defer s.Close()
//
// # A whole stream
//
// A caller with nothing else to do uses Copy. It reads a stream to its end and waits for
// the confidence model:
//
//	err = s.Copy(ctx, file)
//
// # Events
//
// If bytes, replies and other events arrive in any order, let one goroutine wait for all of
// them. It passes bytes to Write and replies to Settle:
//
//	select {
//	case p := <-pieces:
//		err = s.Write(p)
//	case r := <-s.Replies():
//		err = s.Settle(r)
//	}
//
// The handler gets its records during these calls. The text never waits for a reply. At
// the end, the caller waits for a limited time with Drain, or gives up with Abandon.
//
// # A lost core
//
// If the core (the wasm module of the session) traps, the session is lost. Every position that
// can still change then becomes unavailable with the reason core-lost. The stream's text is not
// affected: a caller that passes it on can continue. From then on Write, Settle and End do
// nothing and return the error of the trap, as Lost does.
//
// # Each event is parsed once
//
// The session finds and parses each event of the stream. A caller that needs only records does
// not parse it again. A caller that passes on and edits events, as the gateway does, does not
// either: [Handler.Frame] says where each event ends, what kind of event it is, and where a
// member can be added to its JSON.
//
// # Memory
//
// A Stream keeps its session, and the places of the positions that can still change.
// The session bounds both. A [Ledger] keeps every position: use it for streams that end.
package follow
