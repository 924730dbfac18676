// Package model asks a confidence model over HTTP.
//
// A session (package session) does no I/O: it asks for an estimate with an Ask event.
// A [Client] sends such requests to one confidence model on an OpenAI-compatible
// server. It has the time limit, the retries and the number of requests at once. An
// [Exchange] connects one session to a client:
//
//	client, err := model.New(model.DefaultConfig("http://127.0.0.1:8000/v1"))
//	...
//	x := client.Exchange(ctx, session, show)
//	defer x.Close()
//	err = x.Handle(events) // of Open, Write or End: passes them to show, sends requests
//	...
//	select {
//	case reply := <-x.Replies():
//		err = x.Settle(reply) // passes the events that follow to show
//	case ...
//	}
//
// # Who runs where
//
// A session is not safe for concurrent use. The goroutine that calls the Exchange
// builds the requests and gives the replies to the session. Only the HTTP runs in other
// goroutines. They never wait for that one: the channel of replies has room for every
// request in flight.
//
// A request is built when it can be sent, not when the session asks for it. If later
// text has made the estimate stale by then, the request costs nothing. If the request is in
// flight by then, it is cancelled.
//
// # Order
//
// A request about a whole answer goes first: the answer's end waits for it. Then comes the
// newest position, then older ones ([Limits].InOrder: the oldest first). The same holds among
// the sessions that share a client, for those requests that wait for Config.Concurrency.
//
// Each request has one prompt. Servers that batch, such as vLLM and llama.cpp, batch the
// requests that arrive at the same time. A request with several prompts would have to wait for
// all of them to be known.
//
// Config.Cache keeps replies by the hash of their requests. With Config.Hedge, a second request
// is sent if a first one takes longer than that.
//
// # Failures
//
// A failure is an [Error] with a session.Reason, and the position becomes unavailable
// for that reason. Within the time limit, these are retried: no connection, a connection
// that breaks off, and the status 429 or 5xx. A retry waits as long as Retry-After says,
// else a growing time with jitter. A Retry-After beyond the time limit is not waited
// for. If the server says 429, or 503 with Retry-After, all requests of the client wait that
// long, and then one goes at a time until one succeeds. A client without retries sends nothing
// during that time. If the time runs out between two attempts, the error is that of the last attempt.
// A reply that is not a probability is not a failure here: the session reads the reply
// and reports it.
package model
