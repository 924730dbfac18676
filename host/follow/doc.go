// Package follow turns the bytes of one stream into records.
//
// Everybody who follows a stream does it here: the gateway, the Worker, the
// command and the experiments. A [Stream] is a session of package host, the
// requests to the confidence model that the session asks for, and the records of
// package wasm/contract/record that come of both:
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
// Where there is nothing to do meanwhile, Copy reads a stream to its end and waits
// for the confidence model:
//
//	err = s.Copy(ctx, file)
//
// # Events
//
// Where bytes, replies and other things come in any order, one goroutine waits for
// all of them. It hands the bytes to Write, and what comes from Replies to Settle:
//
//	select {
//	case p := <-pieces:
//		err = s.Write(p)
//	case r := <-s.Replies():
//		err = s.Settle(r)
//	}
//
// Records come during these calls. The text never waits for a reply: at the end,
// the caller says with Drain how long it waits, or gives up with Abandon.
//
// # A lost core
//
// After a trap the session is lost. What is open then becomes unavailable with the
// reason core-lost; that is done here and nowhere else. The stream's text is not
// affected, so a caller that passes it on continues to do so: Write, Settle and
// End answer with the error of the trap, which Lost returns as well, and do nothing.
//
// # What is read once
//
// The session frames and parses each event of the stream; nobody who needs only
// records parses it again. A gateway that changes what it passes on has to find the
// places in the bytes, which no record knows: it looks into those events itself.
//
// # Memory
//
// A Stream keeps what its session keeps and the places that can still change, which
// the session bounds as well. [Ledger] keeps every position: use it where a stream
// is not endless.
package follow
