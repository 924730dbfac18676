//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall/js"

	"github.com/syumai/workers"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/session"
)

// surroundings is the object that program.mjs passes to Go.
var surroundings = js.Global().Get("context")

func main() {
	handler, err := newHandler()
	if err != nil {
		report("the Worker is not configured", err)
		// Other errors may quote a setting, so only the log has them.
		message := "the gateway is not configured: see the Worker's log"
		var uncalibrated *gateway.UncalibratedError
		switch {
		case errors.Is(err, errNoKeys):
			message = errNoKeys.Error()
		case errors.As(err, &uncalibrated):
			message = uncalibrated.Error()
		}
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fail(w, message) })
	}
	workers.Serve(&worker{handler})
}

// report logs to the Worker's console.
func report(message string, err error) {
	js.Global().Get("console").Call("error", "finece: "+message+": "+err.Error())
}

// setting returns a binding's text, or "".
func setting(name string) string {
	if v := surroundings.Get("env").Get(name); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// errNoKeys is the error of a Worker with an upstream key but without client keys.
var errNoKeys = errors.New("FINECE_UPSTREAM_KEY is set, so clients need keys: make one with finece key new keys.txt, and set the secret: wrangler secret put FINECE_KEYS < keys.txt")

// access says who may use the Worker. The platform checks the Host header.
func access() (a gateway.Access, err error) {
	for origin := range strings.SplitSeq(setting("FINECE_ORIGINS"), ",") {
		if origin = strings.TrimSpace(origin); origin != "" {
			a.Origins = append(a.Origins, origin)
		}
	}
	if text := setting("FINECE_KEYS"); text != "" {
		keys, err := gateway.ParseKeys([]byte(text))
		if err != nil {
			return a, fmt.Errorf("FINECE_KEYS: %w", err)
		}
		a.Clients = keys
	} else if setting("FINECE_UPSTREAM_KEY") != "" {
		return a, errNoKeys
	}
	return a, nil
}

func newHandler() (http.Handler, error) {
	c, err := configured()
	if err != nil {
		return nil, err
	}
	handler, err := gateway.New(c)
	if err == nil && surroundings.Get("finece").Get("loading").Bool() {
		rehearse(c)
	}
	return handler, err
}

// configured returns the gateway's configuration, from the bindings.
func configured() (c gateway.Config, err error) {
	options := setting("FINECE_SESSION")
	if options == "" {
		options = "{}"
	}
	config, err := session.ParseConfig([]byte(options))
	if err != nil {
		return c, fmt.Errorf("FINECE_SESSION: %w", err)
	}
	c = gateway.DefaultConfig()
	c.Upstream, c.Key = setting("FINECE_UPSTREAM"), model.Secret(setting("FINECE_UPSTREAM_KEY"))
	c.RoundTrip = fetcher{}.Do
	c.Engine = isolate{surroundings.Get("finece").Get("open")}
	c.Session = config
	c.Report = report
	if c.Access, err = access(); err != nil {
		return c, err
	}
	if refuse := setting("FINECE_REFUSE_UNCHECKED"); refuse != "" {
		if c.RefuseUnchecked, err = strconv.ParseBool(refuse); err != nil {
			return c, fmt.Errorf("FINECE_REFUSE_UNCHECKED: %w", err)
		}
	}
	if setting("FINECE_THRESHOLD") != "" {
		return c, errors.New("FINECE_THRESHOLD is now FINECE_WITHHOLD_BELOW")
	}
	binding := func(name string) string { return "FINECE_" + strings.ToUpper(name) }
	if wrong, err := c.SetAll(func(name string) string { return setting(binding(name)) }); err != nil {
		return c, fmt.Errorf("%s: %w", binding(wrong), err)
	}
	if tokens := setting("FINECE_CONVERSATION_TOKENS"); tokens != "" {
		if c.ConversationTokens, err = strconv.Atoi(tokens); err != nil {
			return c, fmt.Errorf("FINECE_CONVERSATION_TOKENS: %w", err)
		}
	}
	if root := setting("FINECE_MODEL"); root != "" {
		c.Session.Estimator = session.Model
		m := model.DefaultConfig(root)
		m.Key, m.HTTP = model.Secret(setting("FINECE_MODEL_KEY")), fetcher{}
		m.Cache, m.Concurrency = defaults.GatewayModelCache, defaults.GatewayRequests
		c.Model, err = model.NewFor(&config.Model, m)
		if err != nil {
			return c, fmt.Errorf("FINECE_MODEL: %w", err)
		}
	}
	if routes := setting("FINECE_ROUTES"); routes != "" {
		if c.Routes, err = gateway.ParseRoutes([]byte(routes), c.Handling); err != nil {
			return c, fmt.Errorf("FINECE_ROUTES: %w", err)
		}
	}
	opened(&c.Handling)
	for i := range c.Routes {
		opened(&c.Routes[i].Handling)
	}
	return c, nil
}

// opened sets the failure policy open if none is set. Withhold has no default: it needs the
// setting.
func opened(h *gateway.Handling) {
	if h.Failure == "" && h.Policy != gateway.Withhold {
		h.Failure = gateway.Open
	}
}

var _ host.Engine = isolate{}

// worker adapts the gateway's handler to the Workers runtime.
type worker struct{ http.Handler }

func (h *worker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := surroundings.Get("request") // the current one
	ctx, cancel := withSignal(r.Context(), request.Get("signal"))
	defer cancel()
	r = r.WithContext(ctx)
	if r.Header.Get("Content-Length") == "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
		r.ContentLength = -1 // unknown; the library says 0
	}
	a := newAnswer(ctx, w, request.Get("answer"))
	defer func() {
		p := recover()
		switch {
		case p == nil:
			a.close()
			return
		case p != http.ErrAbortHandler:
			report("panic in the handler", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
		if !a.begun {
			fail(a, "the gateway failed")
			a.close()
			return
		}
		a.breakOff()
	}()
	h.Handler.ServeHTTP(a, r)
}

// withSignal returns a context that ends when the client disconnects.
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

func fail(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `{"error":{"message":%q,"type":"finece-error","param":null,"code":"finece-internal"}}`+"\n", message)
}
