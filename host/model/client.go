package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/estimate"
)

// Secret is a key. Formatting functions print (hidden) instead of its text.
type Secret string

func (Secret) String() string   { return "(hidden)" }
func (Secret) GoString() string { return "(hidden)" }

// KeyVariables are the environment variables that [KeyFromEnv] reads, in this order.
var KeyVariables = []string{"FINECE_API_KEY", "OPENAI_API_KEY"}

// KeyFromEnv returns the value of the first of KeyVariables that is set, or "".
func KeyFromEnv() Secret {
	for _, name := range KeyVariables {
		if v := strings.TrimSpace(os.Getenv(name)); v != "" {
			return Secret(v)
		}
	}
	return ""
}

// Config says where a confidence model is and how it is asked. Start from [DefaultConfig].
type Config struct {
	BaseURL string // such as http://127.0.0.1:8000/v1
	Path    string // below BaseURL
	Key     Secret // sent as a bearer token; none if ""
	Name    string // what errors call the server if the address in them is not known; "" is BaseURL with Path

	Timeout     time.Duration // for one estimate, retries and their waits included; more than 0
	Retries     int           // after the first attempt; at least 0
	Concurrency int           // requests in flight over all sessions; at least 1
	MaxReply    int64         // bytes of a reply; at least 1

	// Hedge is the time after which a second request is sent if no reply has come, and if
	// Concurrency allows it. The first reply counts. 0 sends no second request.
	Hedge time.Duration
	// Cache is the number of replies that are kept for equal requests; 0 keeps none. Only a
	// client of [NewFor] has a cache. It keeps only replies that are confidences.
	Cache int

	HTTP Doer // nil: a new http.Client, which uses the proxy variables of the environment
}

// DefaultConfig returns the configuration of a chat model at a base URL, with the defaults of
// package contract and without a key.
func DefaultConfig(baseURL string) Config {
	return Config{
		BaseURL: baseURL, Path: estimate.Chat.Path(),
		Timeout: defaults.ModelTimeout, Retries: defaults.ModelRetries, Concurrency: defaults.ModelRequests, MaxReply: defaults.ModelMaxReply,
	}
}

func (c *Config) validate() error {
	switch {
	case c.Timeout <= 0:
		return fmt.Errorf("model: timeout %v: want more than 0", c.Timeout)
	case c.Retries < 0:
		return fmt.Errorf("model: %d retries: want 0 or more", c.Retries)
	case c.Concurrency < 1:
		return fmt.Errorf("model: %d requests at once: want at least 1", c.Concurrency)
	case c.Hedge < 0:
		return fmt.Errorf("model: hedge %v: want 0 or more", c.Hedge)
	case c.Cache < 0:
		return fmt.Errorf("model: a cache of %d replies: want 0 or more", c.Cache)
	case c.MaxReply < 1:
		return fmt.Errorf("model: replies of %d bytes: want at least 1", c.MaxReply)
	}
	return nil
}

// Doer does one HTTP exchange. An [*http.Client] is a Doer; [New] makes it not follow redirects.
// Doer is an interface so that the Worker, which uses fetch, does not link net/http's client,
// which would add 1.4 MB to the compressed Worker.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client sends requests to a confidence model. It is safe for concurrent use.
type Client struct {
	http     Doer
	url      string
	shown    string // url without a password, or name
	name     string
	key      Secret
	timeout  time.Duration
	retries  int
	maxReply int64
	hedge    time.Duration
	queue    queue
	pause    pause
	cache    *cache // nil keeps nothing
}

// New makes a client. It fails if the configuration is wrong.
func New(c Config) (*Client, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimSpace(c.BaseURL))
	if err != nil {
		return nil, fmt.Errorf("model: base URL: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("model: base URL %q: want http:// or https://, a host, and the API's root, such as http://127.0.0.1:8000/v1", base.Redacted())
	}
	full := base.JoinPath(c.Path)
	client := &Client{
		url: full.String(), shown: full.Redacted(), key: c.Key,
		timeout: c.Timeout, retries: c.Retries, maxReply: c.MaxReply,
		hedge: c.Hedge, queue: queue{most: c.Concurrency, room: c.Concurrency},
	}
	if c.Name != "" {
		client.shown, client.name = c.Name, c.Name
	}
	if client.http, err = doer(c.HTTP, c.Concurrency); err != nil {
		return nil, err
	}
	return client, nil
}

// NewFor makes a client for a confidence model, with the path of the model's adapter (its kind
// of API) instead of c.Path. Servers have the paths for models with a classification or value
// head at their root, so for these a /v1 at the end of the base URL is left out. It fails if m
// or the configuration is wrong.
func NewFor(m *estimate.Model, c Config) (*Client, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	c.Path = m.Adapter.Path()
	if m.Adapter != estimate.Chat && m.Adapter != estimate.Completions {
		c.BaseURL = strings.TrimSuffix(strings.TrimSuffix(c.BaseURL, "/"), "/v1")
	}
	client, err := New(c)
	if err != nil {
		return nil, err
	}
	client.cache = newCache(c.Cache, func(reply []byte) bool {
		_, err := m.ReadReply(reply)
		return err == nil
	})
	return client, nil
}

// URL is the address of the requests, without a password, or Config.Name.
func (c *Client) URL() string { return c.shown }

// errReplyTooLong is the error of a reply over Config.MaxReply. It is not retried.
var errReplyTooLong = errors.New("the reply is too long")

// Post sends a request's body and returns the reply's body. It waits until Config.Concurrency
// allows the request, then at most Config.Timeout. The error is an [*Error].
func (c *Client) Post(ctx context.Context, body []byte) ([]byte, error) {
	if reply, ok := c.cache.get(body); ok {
		return reply, nil
	}
	reply, err := c.exchange(ctx, http.MethodPost, body)
	if err == nil {
		tellSpent(ctx, reply)
		c.cache.put(body, reply)
	}
	return reply, err
}

// Get sends a GET request to the client's path, in the same way.
func (c *Client) Get(ctx context.Context) ([]byte, error) {
	return c.exchange(ctx, http.MethodGet, nil)
}

func (c *Client) exchange(ctx context.Context, method string, body []byte) ([]byte, error) {
	if err := c.queue.take(ctx); err != nil {
		return nil, c.failure(ctx, &attempt{}, err)
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var last attempt
	for n := 1; ; n++ {
		told, err := c.pause.wait(limited, c.retries > 0)
		if err != nil {
			c.queue.leave()
			if told != nil {
				last = *told
			}
			return nil, c.failure(ctx, &last, err)
		}
		reply, err := c.hedged(limited, &last, method, body)
		if err == nil {
			c.queue.narrow(false)
			c.queue.leave()
			return reply, nil
		}
		wait, again := last.retry(limited, n)
		if last.tooMany() && limited.Err() == nil {
			c.queue.narrow(true)
			c.pause.lengthen(last, last.asksFor(n))
		}
		c.queue.leave()
		if !again || n > c.retries {
			return nil, c.failure(ctx, &last, err)
		}
		if err := sleep(limited, wait); err != nil {
			return nil, c.failure(ctx, &last, err)
		}
		if err := c.queue.take(limited); err != nil {
			return nil, c.failure(ctx, &last, err)
		}
	}
}

// hedged makes one attempt, or two at once if the first one takes long.
func (c *Client) hedged(ctx context.Context, last *attempt, method string, body []byte) ([]byte, error) {
	if c.hedge == 0 {
		return c.try(ctx, last, method, body)
	}
	ctx, cancel := context.WithCancel(ctx) // cancels the attempt that is not needed
	defer cancel()
	type outcome struct {
		reply []byte
		last  attempt
		err   error
	}
	outcomes, before := make(chan outcome, 2), *last
	start := func() {
		o := outcome{last: before}
		o.reply, o.err = c.try(ctx, &o.last, method, body)
		outcomes <- o
	}
	go start()
	late := time.NewTimer(c.hedge)
	defer late.Stop()
	for running := 1; ; {
		select {
		case o := <-outcomes:
			if running--; o.err != nil && running > 0 {
				continue // the other one may succeed
			}
			*last = o.last
			return o.reply, o.err
		case <-late.C:
			if c.queue.tryTake() {
				running++
				go func() {
					defer c.queue.leave()
					start()
				}()
			}
		}
	}
}

// try makes one attempt. It stores the outcome in last, unless ctx ended it.
func (c *Client) try(ctx context.Context, last *attempt, method string, body []byte) (reply []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+string(c.key))
	}
	resp, err := c.http.Do(req)
	if err == nil {
		defer resp.Body.Close()
		if succeeded(resp) {
			if reply, err = c.read(resp.Body); err == nil {
				return reply, nil
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		*last = attempt{err: err}
		return nil, err
	}
	*last = attempt{resp: resp}
	last.said, _ = io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return nil, errStatus
}

// errStatus is the error of an attempt whose status is not 2xx.
var errStatus = errors.New("the status is not 2xx")

func succeeded(resp *http.Response) bool { return resp.StatusCode >= 200 && resp.StatusCode <= 299 }

func (c *Client) read(body io.Reader) ([]byte, error) {
	reply, err := io.ReadAll(io.LimitReader(body, c.maxReply+1))
	if err == nil && int64(len(reply)) > c.maxReply {
		return nil, errReplyTooLong
	}
	return reply, err
}
