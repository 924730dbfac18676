package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Secret is a key that does not print itself.
type Secret string

func (Secret) String() string   { return "(hidden)" }
func (Secret) GoString() string { return "(hidden)" }

// KeyVariables are the environment variables that [KeyFromEnv] looks at.
var KeyVariables = []string{"FINECE_API_KEY", "OPENAI_API_KEY"}

// KeyFromEnv is the first of KeyVariables that is set, or "".
func KeyFromEnv() Secret {
	for _, name := range KeyVariables {
		if v := strings.TrimSpace(os.Getenv(name)); v != "" {
			return Secret(v)
		}
	}
	return ""
}

// Config is a confidence model behind a server. BaseURL is required; every
// other zero is a default.
type Config struct {
	BaseURL string // such as http://127.0.0.1:8000/v1
	Path    string // below BaseURL; default chat/completions
	Key     Secret // sent as a bearer token; none if ""

	Timeout     time.Duration // of one estimate, retries and their waits included; default 60 s
	Retries     int           // after the first attempt; default 3, negative for none
	Concurrency int           // requests in flight over all sessions; default 8
	MaxReply    int64         // bytes of a reply; default 1 MiB

	HTTP *http.Client // default: a pool of its own, which obeys the proxy variables
}

const (
	defaultPath        = "chat/completions"
	defaultTimeout     = 60 * time.Second
	defaultRetries     = 3
	defaultConcurrency = 8
	defaultMaxReply    = 1 << 20

	waitMin, waitMax = 200 * time.Millisecond, 800 * time.Millisecond // before the first retry; the n-th waits n times as long
)

// Client sends requests to a confidence model. It is safe for concurrent use.
type Client struct {
	http     *retryablehttp.Client
	url      string
	shown    string // url without a password
	key      Secret
	timeout  time.Duration
	maxReply int64
	slots    chan struct{}
}

// New makes a client. An error is about the BaseURL.
func New(c Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSpace(c.BaseURL))
	if err != nil {
		return nil, fmt.Errorf("model: base URL: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("model: base URL %q: want http:// or https://, a host, and the API's root, such as http://127.0.0.1:8000/v1", base.Redacted())
	}
	full := base.JoinPath(orDefault(c.Path, defaultPath))
	client := &Client{
		url: full.String(), shown: full.Redacted(), key: c.Key,
		timeout:  orDefault(c.Timeout, defaultTimeout),
		maxReply: orDefault(c.MaxReply, defaultMaxReply),
		slots:    make(chan struct{}, orDefault(c.Concurrency, defaultConcurrency)),
	}
	r := retryablehttp.NewClient()
	r.Logger = nil
	r.RetryMax = max(orDefault(c.Retries, defaultRetries), 0)
	r.RetryWaitMin, r.RetryWaitMax = waitMin, waitMax
	r.Backoff = retryablehttp.RateLimitLinearJitterBackoff
	r.CheckRetry = client.checkRetry
	r.ErrorHandler = retryablehttp.PassthroughErrorHandler
	if c.HTTP != nil {
		r.HTTPClient = c.HTTP
	}
	withoutRedirects := *r.HTTPClient
	// A redirected POST would become a GET, or take the text elsewhere.
	withoutRedirects.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.HTTPClient = &withoutRedirects
	client.http = r
	return client, nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// URL is where requests go, without a password.
func (c *Client) URL() string { return c.shown }

// errReplyTooLong stops the retries.
var errReplyTooLong = errors.New("the reply is too long")

// Post sends a request's body and returns the reply's. It waits for its turn,
// then at most Config.Timeout. The error is an [*Error].
func (c *Client) Post(ctx context.Context, body []byte) ([]byte, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, c.failure(ctx, &attempt{}, ctx.Err())
	}
	last := &attempt{}
	limited, cancel := context.WithTimeout(context.WithValue(ctx, attemptKey{}, last), c.timeout)
	defer cancel()
	req, err := retryablehttp.NewRequestWithContext(limited, http.MethodPost, c.url, body)
	if err != nil {
		return nil, c.failure(ctx, last, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+string(c.key))
	}
	var reply []byte
	req.SetResponseHandler(func(resp *http.Response) (err error) {
		if succeeded(resp) {
			reply, err = c.read(resp.Body)
		}
		return err
	})
	resp, err := c.http.Do(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if err == nil && succeeded(resp) {
		return reply, nil
	}
	return nil, c.failure(ctx, last, err)
}

// attempt is what came of the last attempt that came to an end.
type attempt struct {
	err  error          // of connecting or reading
	resp *http.Response // that is no success; nil if it did not come to that
	said []byte         // the beginning of its body
}

type attemptKey struct{}

// note keeps what came of an attempt. That the time was up is not its own doing.
func (a *attempt) note(ctx context.Context, resp *http.Response, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		*a = attempt{err: err}
	case !succeeded(resp) && resp != a.resp: // the library asks twice
		*a = attempt{resp: resp}
		a.said, _ = io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	}
}

func succeeded(resp *http.Response) bool { return resp.StatusCode >= 200 && resp.StatusCode <= 299 }

func (c *Client) read(body io.Reader) ([]byte, error) {
	reply, err := io.ReadAll(io.LimitReader(body, c.maxReply+1))
	if err == nil && int64(len(reply)) > c.maxReply {
		return nil, errReplyTooLong
	}
	return reply, err
}

// checkRetry is the library's policy, except that it does not wait for what
// cannot come in time.
func (c *Client) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if last, ok := ctx.Value(attemptKey{}).(*attempt); ok {
		last.note(ctx, resp, err)
	}
	if errors.Is(err, errReplyTooLong) {
		return false, nil
	}
	again, stop := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	if !again || stop != nil {
		return again, stop
	}
	if deadline, ok := ctx.Deadline(); ok && err == nil {
		wait := retryablehttp.DefaultBackoff(waitMin, waitMax, 0, resp)
		// Below zero: a Retry-After that overflowed.
		if wait < 0 || wait >= time.Until(deadline) {
			return false, nil
		}
	}
	return true, nil
}
