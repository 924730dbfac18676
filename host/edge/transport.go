//go:build js && wasm

package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall/js"
)

// fetcher does HTTP exchanges with the Worker's fetch. The end of the request's context
// aborts it.
type fetcher struct{}

// jsBody is a body that already is a ReadableStream.
type jsBody interface{ GetRawJSBody() js.Value }

func (fetcher) Do(r *http.Request) (*http.Response, error) {
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

// setBody sets the body of a fetch: a ReadableStream unchanged, any other body in one piece.
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

// response converts a Response of JavaScript.
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
	// fetch has decompressed the body, but has not changed the headers.
	if resp.Header.Get("Content-Encoding") != "" {
		resp.Uncompressed = true
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
	}
	if n, err := strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	if body := v.Get("body"); body.Truthy() {
		resp.Body = newReader(ctx, stop, body)
	} else {
		stop()
	}
	return resp
}
