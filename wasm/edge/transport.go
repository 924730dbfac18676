//go:build js && wasm

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall/js"
)

// fetcher is a round tripper on the Worker's fetch. A context that is done
// aborts the request.
type fetcher struct{}

// jsBody is a body that is a ReadableStream already.
type jsBody interface{ GetRawJSBody() js.Value }

func (fetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	controller := js.Global().Get("AbortController").New()
	stop := context.AfterFunc(ctx, func() { controller.Call("abort") })

	init := js.Global().Get("Object").New()
	init.Set("method", r.Method)
	init.Set("redirect", "manual")
	init.Set("signal", controller.Get("signal"))
	headers := js.Global().Get("Array").New()
	for name, values := range r.Header {
		if name == "Content-Length" || name == "Host" {
			continue // fetch sets them
		}
		for _, v := range values {
			headers.Call("push", []any{name, v})
		}
	}
	init.Set("headers", headers)
	if err := setBody(init, r); err != nil {
		stop()
		return nil, err
	}
	result, err := await(ctx, surroundings.Get("finece").Call("fetch", r.URL.String(), init))
	if err != nil {
		stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return response(ctx, stop, r, result), nil
}

// setBody hands the body over: as it is where it is a stream, else in one piece.
func setBody(init js.Value, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if b, ok := r.Body.(jsBody); ok {
		init.Set("body", b.GetRawJSBody())
		return nil
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	init.Set("body", bytesOf(data))
	return nil
}

func bytesOf(data []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(data))
	js.CopyBytesToJS(array, data)
	return array
}

// response makes a response of a Response.
func response(ctx context.Context, stop func() bool, r *http.Request, v js.Value) *http.Response {
	status := v.Get("status").Int()
	resp := &http.Response{
		Status: strconv.Itoa(status) + " " + v.Get("statusText").String(), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, ContentLength: -1, Request: r,
	}
	each := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if name := args[1].String(); !strings.EqualFold(name, "set-cookie") {
			resp.Header.Add(name, args[0].String())
		}
		return nil
	})
	v.Get("headers").Call("forEach", each)
	each.Release()
	cookies := v.Get("headers").Call("getSetCookie")
	for i := range cookies.Length() {
		resp.Header.Add("Set-Cookie", cookies.Index(i).String())
	}
	// fetch has unpacked the body, and leaves the headers as they were.
	if resp.Header.Get("Content-Encoding") != "" {
		resp.Uncompressed = true
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
	}
	if n, err := strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	if body := v.Get("body"); body.Truthy() {
		resp.Body = &reader{ctx: ctx, stop: stop, from: body.Call("getReader")}
	} else {
		stop()
	}
	return resp
}

// reader reads a ReadableStream.
type reader struct {
	ctx  context.Context
	stop func() bool // of the request's cancellation
	from js.Value
	rest []byte
	err  error
}

func (r *reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		result, err := await(r.ctx, r.from.Call("read"))
		switch {
		case err != nil:
			r.err = err
		case result.Get("done").Bool():
			r.err = io.EOF
		default:
			value := result.Get("value")
			r.rest = make([]byte, value.Length())
			js.CopyBytesToGo(r.rest, value)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *reader) Close() error {
	r.stop()
	r.from.Call("cancel").Call("catch", ignore)
	return nil
}

// ignore takes the rejection of a promise that nobody waits for.
var ignore = js.FuncOf(func(js.Value, []js.Value) any { return nil })

// await waits for a promise, or until ctx is done.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	var resolve, reject js.Func
	release := func() {
		resolve.Release()
		reject.Release()
	}
	resolve = js.FuncOf(func(_ js.Value, args []js.Value) any {
		defer release()
		done <- settled{value: args[0]}
		return nil
	})
	reject = js.FuncOf(func(_ js.Value, args []js.Value) any {
		defer release()
		done <- settled{err: errors.New(js.Global().Call("String", args[0]).String())}
		return nil
	})
	promise.Call("then", resolve, reject)
	select {
	case s := <-done:
		return s.value, s.err
	case <-ctx.Done():
		return js.Value{}, ctx.Err()
	}
}
