package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/finece/finece/host/model"
)

// Server is one server of a pool.
type Server struct {
	URL    *url.URL // the root of its API, such as http://127.0.0.1:8000/v1
	Weight float64  // its share of the requests is in proportion to this; over 0
}

// Parse reads a server: its base URL, and its weight after #weight= if that is not 1.
func Parse(s string) (Server, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return Server{}, fmt.Errorf("pool: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Server{}, fmt.Errorf("pool: server %q: want http:// or https://, a host, and the API's root, such as http://127.0.0.1:8000/v1", u.Redacted())
	}
	server := Server{u, 1}
	if u.Fragment != "" {
		number, ok := strings.CutPrefix(u.Fragment, "weight=")
		weight, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || !(weight > 0) || math.IsInf(weight, 0) {
			return Server{}, fmt.Errorf("pool: server %q: after # want weight= and a number greater than 0, such as #weight=2", u.Redacted())
		}
		u.Fragment, server.Weight = "", weight
	}
	return server, nil
}

// Configure sets the servers of a client, which are given as [Parse] reads them. One server
// needs no pool. Clients whose configurations are copies of c share the pool.
func Configure(c *model.Config, servers []string) error {
	var all []Server
	for _, s := range servers {
		server, err := Parse(s)
		if err != nil {
			return err
		}
		all = append(all, server)
	}
	if len(all) == 1 {
		c.BaseURL = all[0].URL.String()
		return nil
	}
	p, err := New(all, c.Concurrency)
	if err != nil {
		return err
	}
	c.BaseURL, c.Name, c.HTTP = root, p.String(), p
	return nil
}

// root is the base URL of clients that use a pool. There is no such server: Do
// replaces it.
const root = "http://pool.invalid/"

// Pool is a model.Doer over several servers. It is safe for concurrent use.
type Pool struct {
	client  *http.Client
	mu      sync.Mutex
	members []*member
}

// New makes a pool. connections is the number of idle connections that it keeps open to
// each server.
func New(servers []Server, connections int) (*Pool, error) {
	if len(servers) == 0 {
		return nil, errors.New("pool: there are no servers")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0 // no limit over all servers
	transport.MaxIdleConnsPerHost = max(connections, transport.MaxIdleConnsPerHost)
	p := &Pool{client: &http.Client{
		Transport: transport,
		// A redirected POST would become a GET, or send the text to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	known := map[string]bool{}
	for _, s := range servers {
		if s.URL == nil || !(s.Weight > 0) {
			return nil, errors.New("pool: a server needs a URL and a weight greater than 0")
		}
		if known[s.URL.String()] {
			return nil, fmt.Errorf("pool: %s is listed twice; give it a weight instead, such as #weight=2", s.URL.Redacted())
		}
		known[s.URL.String()] = true
		p.members = append(p.members, &member{Server: s})
	}
	return p, nil
}

// String is what messages call the servers.
func (p *Pool) String() string {
	return fmt.Sprintf("%s and %d more", p.members[0].URL.Redacted(), len(p.members)-1)
}

// Do sends a request to one server and, if that cannot take it, to the others in turn. The
// outcome is that of the last one. The request's URL has the path below a server's root.
func (p *Pool) Do(req *http.Request) (*http.Response, error) {
	tried := map[*member]bool{}
	for {
		m, trial := p.take(tried)
		again, err := m.request(req)
		if err != nil {
			p.leave(m, trial, ignored, 0)
			return nil, err
		}
		tried[m] = true
		resp, err := p.client.Do(again)
		if err != nil {
			p.leave(m, trial, failureOf(req.Context()), 0)
			if req.Context().Err() == nil && p.more(tried) {
				continue
			}
			return nil, err
		}
		if !model.Transient(resp.StatusCode) {
			resp.Body = &body{ReadCloser: resp.Body, ctx: req.Context(), over: func(o outcome) { p.leave(m, trial, o, 0) }}
			return resp, nil
		}
		p.leave(m, trial, failed, pauseOf(resp))
		if !p.more(tried) {
			return resp, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
		resp.Body.Close()
	}
}

// pauseOf returns how long a server asks to get no requests; 0 if it does not say.
func pauseOf(resp *http.Response) time.Duration {
	if wait, ok := model.RetryAfter(resp.Header.Get("Retry-After")); ok {
		return wait
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return time.Second
	}
	return 0
}

// body tells when a reply was read, or that it broke off.
type body struct {
	io.ReadCloser
	ctx  context.Context
	once sync.Once
	over func(outcome)
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.once.Do(func() { b.over(failureOf(b.ctx)) })
	}
	return n, err
}

func (b *body) Close() error {
	b.once.Do(func() { b.over(replied) })
	return b.ReadCloser.Close()
}
