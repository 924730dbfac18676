package model

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// waitMin and waitMax bound the wait before the first retry. The n-th retry waits n
// times as long.
const waitMin, waitMax = 200 * time.Millisecond, 800 * time.Millisecond

// attempt is the outcome of the last attempt that ended.
type attempt struct {
	err  error          // of connecting or reading
	resp *http.Response // a response whose status is not 2xx; nil if there was none
	said []byte         // the beginning of its body
}

// retry says whether to try again after the n-th attempt, and how long to wait. It does not try
// again if the wait would exceed ctx's deadline.
func (a *attempt) retry(ctx context.Context, n int) (wait time.Duration, again bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	wait = a.asksFor(n)
	if a.resp == nil {
		return wait, !errors.Is(a.err, errReplyTooLong) && !permanent(a.err)
	}
	if !Transient(a.resp.StatusCode) {
		return 0, false
	}
	if deadline, limited := ctx.Deadline(); limited && wait >= time.Until(deadline) {
		return 0, false
	}
	return wait, true
}

// Transient reports whether an HTTP status says that a server cannot take a request now, but
// may later: 429, and 5xx except 501.
func Transient(status int) bool {
	return status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented
}

// asksFor returns how long to wait after the n-th attempt: as long as the server says, else a
// time that grows with n.
func (a *attempt) asksFor(n int) time.Duration {
	if a.resp != nil {
		if asked, ok := RetryAfter(a.resp.Header.Get("Retry-After")); ok {
			return asked
		}
	}
	return time.Duration(n) * (waitMin + rand.N(waitMax-waitMin))
}

// maxRetryAfter is more than any time limit.
const maxRetryAfter = 24 * time.Hour

// RetryAfter reads the header Retry-After: seconds, or a date. ok is false if it is neither.
func RetryAfter(header string) (wait time.Duration, ok bool) {
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return max(time.Until(at), 0), true
}
