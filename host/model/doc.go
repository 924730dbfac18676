// Package model asks a confidence model over HTTP.
//
// A session (package wasm/session) scores one stream and does no I/O: it asks for an estimate
// with an Ask event. A [Client] sends such requests to one confidence model on an
// OpenAI-compatible server, with a time limit, retries and a limit of requests at once. An
// [Exchange] connects one session to a client:
//
//	client, err := model.New(model.DefaultConfig("http://127.0.0.1:8000/v1"))
//	...
//	x := client.Exchange(ctx, session, model.DefaultLimits(), show)
//	defer x.Close()
//	err = x.Handle(events) // events of Open, Write or End: passes them to show, sends requests
//	...
//	select {
//	case reply := <-x.Replies():
//		err = x.Settle(reply) // passes the events that follow to show
//	case ...
//	}
//
// # Goroutines
//
// A session is not safe for concurrent use. The goroutine that calls the Exchange
// builds the requests and gives the replies to the session. Only HTTP exchanges run in other
// goroutines. These never wait for the first goroutine: the channel of replies has room for
// every request in flight.
//
// A request is built when it can be sent, not when the session asks for it. If later
// text makes the estimate unnecessary before that, the request is never sent. If the
// request is already in flight, it is cancelled.
//
// # Order
//
// A request about a whole answer goes first, because the answer's end waits for it. Then come
// requests about positions: the newest first, or with [Limits].InOrder the oldest first.
// Requests of different sessions that wait for Config.Concurrency of one client are sent in the
// same order.
//
// Each request has one prompt. Servers such as vLLM and llama.cpp batch the requests
// that arrive at the same time. A request with several prompts could only be sent
// when all of the prompts are known.
//
// Config.Cache keeps replies by the hash of their requests. With Config.Hedge, a second request
// is sent if the first one takes longer than that time.
//
// # Failures
//
// A failure is an [Error] with a session.Reason, and the position becomes unavailable for that
// reason. Within the time limit, a request is retried if there is no connection, if the
// connection breaks off, and for status 429 and 5xx except 501. A retry waits as long
// as Retry-After says. Without that header it waits for a random time that grows with
// each retry. If Retry-After is beyond the time limit, the request fails at once. If
// the server answers 429, or 503 with Retry-After, all requests of the client wait
// that long. Then one request is sent at a time until one succeeds. A client whose
// Config.Retries is 0 does not wait: its requests fail during that time. If the time
// limit ends between two attempts, the error is that of the last attempt. A reply
// without a probability is not a failure here: the session reads the reply and
// reports it.
package model
