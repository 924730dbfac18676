//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"syscall/js"

	"github.com/syumai/workers"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/session"
)

// surroundings is what worker.mjs hands over.
var surroundings = js.Global().Get("context")

func main() {
	handler, err := newHandler()
	if err != nil {
		// What it says may quote a setting: it is for the log alone.
		report("the Worker is not configured", err)
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fail(w, "the gateway is not configured: see the Worker's log")
		})
	}
	workers.Serve(&worker{handler})
}

// report logs to the Worker's console.
func report(message string, err error) {
	js.Global().Get("console").Call("error", "finece: "+message+": "+err.Error())
}

// setting is a binding that is a text, "" if there is none.
func setting(name string) string {
	if v := surroundings.Get("env").Get(name); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

func newHandler() (http.Handler, error) {
	options := setting("FINECE_SESSION")
	if options == "" {
		options = "{}"
	}
	config, err := session.ParseConfig([]byte(options))
	if err != nil {
		return nil, fmt.Errorf("FINECE_SESSION: %w", err)
	}
	c := gateway.Config{
		Upstream:  setting("FINECE_UPSTREAM"),
		Key:       model.Secret(setting("FINECE_UPSTREAM_KEY")),
		Transport: fetcher{},
		Engine:    isolate{surroundings.Get("finece").Get("open")},
		Session:   config,
		Policy:    gateway.Policy(setting("FINECE_POLICY")),
		Failure:   gateway.Failure(setting("FINECE_FAILURE")),
		Carrier:   gateway.Carrier(setting("FINECE_CARRIER")),
		Report:    report,
	}
	if c.Failure == "" && c.Policy != gateway.Withhold {
		c.Failure = gateway.Open
	}
	if threshold := setting("FINECE_THRESHOLD"); threshold != "" {
		if c.Threshold, err = strconv.ParseFloat(threshold, 64); err != nil {
			return nil, fmt.Errorf("FINECE_THRESHOLD: %w", err)
		}
	}
	if root := setting("FINECE_MODEL"); root != "" {
		c.Session.Estimator = session.Model
		c.Model, err = model.New(model.Config{
			BaseURL: root, Path: config.Model.Adapter.Path(), Key: model.Secret(setting("FINECE_MODEL_KEY")),
			HTTP: &http.Client{Transport: fetcher{}},
		})
		if err != nil {
			return nil, fmt.Errorf("FINECE_MODEL: %w", err)
		}
	}
	return gateway.New(c)
}

var _ host.Engine = isolate{}

// worker serves a request as the Worker's surroundings need it.
type worker struct{ http.Handler }

func (h *worker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := withSignal(r.Context(), surroundings.Get("finece").Get("signal"))
	defer cancel()
	// So that a broken answer is reported by a panic, not as one that has ended.
	ctx = context.WithValue(ctx, http.ServerContextKey, true) // not a *http.Server, which weighs 100 KB
	r = r.WithContext(ctx)
	if r.Header.Get("Content-Length") == "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
		r.ContentLength = -1 // of unknown length: the library says 0
	}
	counted := &counting{ResponseWriter: w}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p != http.ErrAbortHandler {
			report("panic in the handler", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
		if counted.wrote {
			breakOff(w)
			return
		}
		fail(w, "the gateway failed")
	}()
	h.Handler.ServeHTTP(counted, r)
}

// withSignal is a context that ends when the client leaves.
func withSignal(ctx context.Context, signal js.Value) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if !signal.Truthy() {
		return ctx, cancel
	}
	if signal.Get("aborted").Bool() {
		cancel()
		return ctx, cancel
	}
	left := js.FuncOf(func(js.Value, []js.Value) any {
		cancel()
		return nil
	})
	signal.Call("addEventListener", "abort", left)
	return ctx, func() {
		signal.Call("removeEventListener", "abort", left)
		left.Release()
		cancel()
	}
}

// counting knows whether anything was written.
type counting struct {
	http.ResponseWriter
	wrote bool
}

func (c *counting) Write(p []byte) (int, error) {
	c.wrote = true
	return c.ResponseWriter.Write(p)
}

func (c *counting) Flush() {}

// errBroken is what a client's reader of the answer fails with.
var errBroken = errors.New("the answer broke off")

// breakOff ends an answer so that the client can tell. The library has no way to
// say so, but its writer's field is exported: the pipe behind the answer.
func breakOff(w http.ResponseWriter) {
	v := reflect.Indirect(reflect.ValueOf(w))
	if v.Kind() != reflect.Struct {
		return
	}
	if f := v.FieldByName("Writer"); f.IsValid() {
		if pipe, ok := f.Interface().(*io.PipeWriter); ok {
			pipe.CloseWithError(errBroken)
		}
	}
}

func fail(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `{"error":{"message":%q,"type":"finece_error","param":null,"code":"finece_internal"}}`+"\n", message)
}
