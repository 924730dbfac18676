package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errSilent is the cause of a request that was cancelled because the upstream sent
// nothing for too long.
var errSilent = errors.New("gateway: the upstream was silent for too long")

// roundTripper sends requests to the upstream. A request whose answer is scored has time limits.
// If the gateway asked for log-probabilities and the upstream refuses the request, it is sent
// again without them, and the refusal is remembered for a while.
type roundTripper struct{ *Config }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	x := treatmentOf(r.Context())
	if x == nil || x.request == nil {
		return t.Config.RoundTrip(r)
	}
	resp, err := t.once(r)
	if err != nil || !x.request.asked.more {
		return resp, err
	}
	if resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusUnprocessableEntity {
		return resp, nil
	}
	resp.Body.Close()
	x.request.asked.more = false
	again := r.Clone(r.Context())
	setBody(again, x.request.original)
	resp, err = t.once(again)
	if err == nil && resp.StatusCode == http.StatusOK {
		t.refusals.note(x.request.asking())
	}
	return resp, err
}

// once sends r under the time limits.
func (t roundTripper) once(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watched{limit: t.IdleTimeout, ctx: ctx, cancel: cancel}
	w.timer = t.clock.afterFunc(t.HeaderTimeout, func() { cancel(errSilent) })
	resp, err := t.Config.RoundTrip(r.WithContext(ctx))
	if err != nil {
		w.timer.Stop()
		err = w.cause(err)
		cancel(nil)
		return nil, err
	}
	observationOf(ctx).upstream()
	w.timer.Reset(t.IdleTimeout)
	w.ReadCloser = resp.Body
	resp.Body, resp.Request = w, r // r's own context is not cancelled if the upstream is silent
	return resp, nil
}

// watched is an answer's body. Its request is cancelled if the upstream is silent for too long.
type watched struct {
	io.ReadCloser
	limit  time.Duration
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  timer
	once   sync.Once
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.limit)
	n, err := w.ReadCloser.Read(p)
	w.timer.Stop()
	if err != nil && err != io.EOF {
		err = w.cause(err)
	}
	return n, err
}

// cause replaces the error of a cancelled request by the reason it was cancelled for.
func (w *watched) cause(err error) error {
	if context.Cause(w.ctx) == errSilent {
		return errSilent
	}
	return err
}

// Close cancels the request if its answer has not ended.
func (w *watched) Close() (err error) {
	w.once.Do(func() {
		w.timer.Stop()
		w.cancel(nil)
		err = w.ReadCloser.Close()
	})
	return err
}
