// Package model asks a confidence model over HTTP.
//
// A session (package session) does no I/O: where it needs an estimate it says
// so with an Ask event. A [Client] is one confidence model behind an
// OpenAI-compatible server, with its time limit, its retries and the number of
// requests that it is given at once. An [Exchange] ties one session to it:
//
//	client, err := model.New(model.Config{BaseURL: "http://127.0.0.1:8000/v1", Path: "chat/completions"})
//	...
//	x := client.Exchange(ctx, session, show)
//	defer x.Close()
//	err = x.Handle(events) // of Open, Write or End: shows them and asks
//	...
//	select {
//	case reply := <-x.Replies():
//		err = x.Settle(reply) // shows what it changes
//	case ...
//	}
//
// # Who runs where
//
// A session is not safe for concurrent use. So bodies are built, and replies
// handed to the session, by the goroutine that calls the Exchange; only the
// HTTP runs on others. They never block on that goroutine: the channel of
// replies has room for all that are in flight.
//
// A body is built when there is room to send it, not when it is asked for. An
// estimate that the stream has outrun by then costs nothing.
//
// # Failures
//
// What goes wrong is an [Error] with a session.Reason, and the position becomes
// unavailable for that reason. Retried, within the time limit: no connection, a
// connection that breaks off, 429 and 5xx, after as long as Retry-After says,
// otherwise after a growing time with jitter. A Retry-After beyond the limit is
// not waited for. Where the time runs out between attempts, the error is that of
// the last one. A reply that is no probability is not a failure here: the
// session reads it and says so.
package model
