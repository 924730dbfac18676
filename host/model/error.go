package model

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/finece/finece/wasm/session"
)

// Error is why there is no reply: where, what and what to do about it.
type Error struct {
	Reason session.Reason // Timeout, EndpointError, Unreachable or Cancelled
	URL    string         // without a password
	Status int            // HTTP status of the last attempt; 0 if there was none
	Detail string         // what happened, in the server's words where there are any
	Hint   string         // what to do
	Err    error          // the cause; nil where the status is
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

// ReasonOf is the reason to give to a session for an error of [Client.Post].
func ReasonOf(err error) session.Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return session.Cancelled
}

// failure makes the error of an attempt: outer is the caller's context, inner
// the one with the time limit.
func (c *Client) failure(outer, inner context.Context, resp *http.Response, said []byte, err error) *Error {
	e := &Error{URL: c.shown, Err: err}
	switch {
	case outer.Err() != nil && errors.Is(outer.Err(), context.DeadlineExceeded):
		e.Reason, e.Detail = session.Timeout, "the caller's time limit has passed"
	case outer.Err() != nil:
		e.Reason, e.Detail = session.Cancelled, "cancelled"
	case inner.Err() != nil:
		e.Reason, e.Detail = session.Timeout, fmt.Sprintf("no reply within %v", c.timeout)
		e.Hint = "raise the time limit or lower the number of requests at once"
	case errors.Is(err, errReplyTooLong):
		e.Reason = session.EndpointError
		e.Detail = fmt.Sprintf("the reply is longer than %d bytes", c.maxReply)
		e.Hint = "is this an endpoint that answers with one completion?"
	case err != nil:
		e.Reason, e.Detail = session.Unreachable, c.scrub(err.Error())
		e.Hint = "is the server running, and is this its address?"
	default:
		e.Reason, e.Status, e.Detail = session.EndpointError, resp.StatusCode, c.scrub(string(said))
		e.Hint = hint(resp)
	}
	return e
}

// hint says what to do about a status.
func hint(resp *http.Response) string {
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return "set the key in " + strings.Join(KeyVariables, " or ")
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return "check that the base URL ends where the server's API begins (often /v1), and the model's name"
	case code == http.StatusTooManyRequests:
		if after := resp.Header.Get("Retry-After"); after != "" {
			return "it asks to retry after " + clean(after, 40) + ": lower the number of requests at once or raise the time limit"
		}
		return "lower the number of requests at once"
	case code >= 300 && code <= 399:
		return "it points to " + clean(resp.Header.Get("Location"), 200) + ": give that address instead"
	case code >= 500:
		return "see the server's log"
	}
	return "see the server's documentation"
}

// scrub makes foreign text fit for one line, without the key.
func (c *Client) scrub(s string) string {
	if c.key != "" {
		s = strings.ReplaceAll(s, string(c.key), c.key.String())
	}
	return clean(s, 200)
}

// clean bounds foreign text and takes what is not printable out of it.
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
