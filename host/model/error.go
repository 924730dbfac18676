package model

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// Error says why there is no reply: the address, the cause and what to do.
type Error struct {
	Reason session.Reason // Timeout, EndpointError, Unreachable or Cancelled
	URL    string         // without a password; Config.Name if it is not known which server it was
	Status int            // HTTP status of the last attempt; 0 if there was none
	Detail string         // what happened, in the server's words if it sent any
	Hint   string         // what to do
	Err    error          // the cause; nil if the cause is the status
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "confidence model at %s: ", e.URL)
	if e.Status != 0 {
		fmt.Fprintf(&b, "HTTP %d %s", e.Status, http.StatusText(e.Status))
		if e.Detail != "" {
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Detail)
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// SessionReason returns Reason.
func (e *Error) SessionReason() session.Reason { return e.Reason }

// ReasonOf returns the session's reason for an error of a [Post]: the result of its method
// SessionReason, or Cancelled if it has no such method.
func ReasonOf(err error) session.Reason {
	var e interface{ SessionReason() session.Reason }
	if errors.As(err, &e) {
		return e.SessionReason()
	}
	return session.Cancelled
}

// failure makes the error of a request. ctx is the caller's; err ended the last
// attempt, or the wait for the next one.
func (c *Client) failure(ctx context.Context, last *attempt, err error) *Error {
	e := &Error{URL: c.address(last), Err: err}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Reason, e.Detail = session.Timeout, "the caller's time limit has passed"
	case ctx.Err() != nil:
		e.Reason, e.Detail = session.Cancelled, "cancelled"
	case errors.Is(last.err, errReplyTooLong):
		e.Reason = session.EndpointError
		e.Detail = fmt.Sprintf("the reply is longer than %d bytes", c.maxReply)
		e.Hint = "is this an endpoint that answers with one completion?"
	case last.resp != nil:
		e.Reason, e.Status, e.Detail = session.EndpointError, last.resp.StatusCode, c.scrub(string(last.said))
		if e.Hint = hint(last.resp); e.Status == http.StatusNotFound && strings.HasSuffix(c.url, "/"+estimate.Reward.Path()) {
			e.Hint = "vLLM has no such path: it serves a reward model at /" + estimate.Classify.Path() + " (adapter classify) and its logits at /" + estimate.Pooling.Path() + " (adapter pooling, activation sigmoid)"
		}
	case last.err != nil:
		cause := last.err
		if repeated := (*url.Error)(nil); errors.As(cause, &repeated) {
			cause = repeated.Err // the address is in e already
		}
		e.Reason, e.Detail = session.Unreachable, c.scrub(cause.Error())
		e.Hint = "is the server running, and is this its address?"
	case errors.Is(err, context.DeadlineExceeded):
		e.Reason, e.Detail = session.Timeout, fmt.Sprintf("no reply within %v", c.timeout)
		e.Hint = "raise the time limit or lower the number of requests at once"
	default:
		e.Reason, e.Detail = session.Unreachable, c.scrub(fmt.Sprint(err))
	}
	return e
}

// address is the address of the server that an attempt was made at.
func (c *Client) address(last *attempt) string {
	var failed *url.Error
	switch {
	case c.name == "":
	case last.resp != nil && last.resp.Request != nil:
		return last.resp.Request.URL.Redacted()
	case errors.As(last.err, &failed):
		return failed.URL
	}
	return c.shown
}

// hint returns what to do about a status.
func hint(resp *http.Response) string {
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return "set the key in " + strings.Join(KeyVariables, " or ")
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return "check that the base URL ends where the server's API begins (often /v1), and the model's name"
	case code == http.StatusTooManyRequests:
		if after := resp.Header.Get("Retry-After"); after != "" {
			return "the server asks to retry after " + clean(after, 40) + ": lower the number of requests at once or raise the time limit"
		}
		return "lower the number of requests at once"
	case code >= 300 && code <= 399:
		return "the server points to " + clean(resp.Header.Get("Location"), 200) + ": give that address instead"
	case code >= 500:
		return "see the server's log"
	}
	return "see the server's documentation"
}

// scrub makes text of a server safe to print: on one line, and without the key.
func (c *Client) scrub(s string) string {
	if c.key != "" {
		s = strings.ReplaceAll(s, string(c.key), c.key.String())
	}
	return clean(s, 200)
}

// clean shortens text of a server and removes characters that are not printable.
func clean(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}
