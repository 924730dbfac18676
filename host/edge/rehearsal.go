//go:build js && wasm

package main

import (
	"io"
	"net/http"
	"strings"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/session"
)

// A made-up request, and the upstream's answer to it.
const (
	rehearsedRequest = `{"model":"m","messages":[{"role":"user","content":"?"}],"stream":true}`
	rehearsedEvent   = `data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a\n\n"},` +
		`"logprobs":{"content":[{"token":"a\n\n","logprob":-0.5,"bytes":[97,10,10],"top_logprobs":[{"token":"a\n\n","logprob":-0.5,"bytes":[97,10,10]}]}]},"finish_reason":null}]}` + "\n\n"
	rehearsedEnd = `data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
)

// rehearse answers a streamed request while the Worker loads. V8 compiles a function
// when it is called for the first time, so the first real request finds most of its
// functions compiled. The rehearsal has a handler of its own, which counts for no client. It
// sends nothing and never waits, because the runtime forbids both while the Worker loads.
func rehearse(c gateway.Config) {
	c.Access, c.Key, c.Meter = gateway.Access{}, "", nil
	c.Model, c.Session.Estimator, c.Uncalibrated = nil, session.Builtin, gateway.Allow
	c.RoundTrip = func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, ContentLength: -1, Request: r,
			Body: io.NopCloser(strings.NewReader(rehearsedEvent + rehearsedEvent + rehearsedEnd)),
		}, nil
	}
	handler, err := gateway.New(c)
	if err != nil {
		report("the rehearsal is not configured", err)
		return
	}
	r, err := http.NewRequest(http.MethodPost, "http://worker/v1/chat/completions", strings.NewReader(rehearsedRequest))
	if err != nil {
		report("the rehearsal has no request", err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(unsent{}, r)
}

// unsent discards an answer.
type unsent http.Header

func (u unsent) Header() http.Header         { return http.Header(u) }
func (u unsent) WriteHeader(int)             {}
func (u unsent) Flush()                      {}
func (u unsent) Write(p []byte) (int, error) { return len(p), nil }
