package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/contract/defaults"
)

// ServerError is a request that failed after all its retries.
type ServerError struct {
	Role string // what the server is used for, such as "generator" or "judge"
	URL  string // without a password
	// Status is the last HTTP status. It is 0 if the server was not reached or its
	// reply could not be read.
	Status int
	Err    error
}

func (e *ServerError) Error() string { return fmt.Sprintf("%s at %s: %v", e.Role, e.URL, e.Err) }
func (e *ServerError) Unwrap() error { return e.Err }

// Endpoint is one path of a server with requests and replies in JSON. It is safe for concurrent
// use.
type Endpoint struct {
	role   string
	client *model.Client
}

// NewEndpoint makes the endpoint at c.BaseURL + path. c.Path is ignored, and c.MaxReply is
// raised to the limit for sampling. The role appears in errors. NewEndpoint fails if the
// configuration is wrong.
func NewEndpoint(role string, c model.Config, path string) (*Endpoint, error) {
	c.Path = path
	c.MaxReply = max(c.MaxReply, defaults.SamplingMaxReply)
	if c.HTTP == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = max(c.Concurrency, transport.MaxIdleConnsPerHost) // one connection per request, kept open
		c.HTTP = &http.Client{Transport: transport}
	}
	client, err := model.New(c)
	if err != nil {
		return nil, fmt.Errorf("openai: %s: %w", role, err)
	}
	return &Endpoint{role, client}, nil
}

// Post sends a request and decodes the reply into reply. The error is ctx's or a
// [*ServerError].
func (e *Endpoint) Post(ctx context.Context, request map[string]any, reply any) error {
	raw, err := e.PostRaw(ctx, request)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, reply); err != nil {
		return e.Failure(fmt.Errorf("the reply: %w", err))
	}
	return nil
}

// PostRaw sends a request and returns the body of the reply.
func (e *Endpoint) PostRaw(ctx context.Context, request any) ([]byte, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("openai: %s: %w", e.role, err)
	}
	raw, err := e.client.Post(ctx, body)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, e.Failure(err)
	}
	return raw, nil
}

// Failure wraps an error about a reply in a [*ServerError].
func (e *Endpoint) Failure(err error) error {
	failed := &ServerError{Role: e.role, URL: e.client.URL(), Err: err}
	var m *model.Error
	if errors.As(err, &m) {
		failed.Status, failed.URL = m.Status, m.URL
		text := m.Detail
		if m.Status != 0 {
			text = fmt.Sprintf("HTTP %d %s: %s", m.Status, http.StatusText(m.Status), m.Detail)
		}
		if m.Hint != "" {
			text += "; " + m.Hint
		}
		failed.Err = &said{text, err}
	}
	return failed
}

// said is an error with a text of its own.
type said struct {
	text string
	error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.error }

// Refused reports whether the server answered that it does not support the request
// (HTTP 400, 422 or 501). It may support a simpler one, such as a single choice
// instead of several.
func Refused(err error) bool {
	var e *ServerError
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusNotImplemented)
}

// With adds extra parameters to a request and returns it.
func With(request map[string]any, extra map[string]json.RawMessage) map[string]any {
	for k, v := range maps.All(extra) {
		request[k] = v
	}
	return request
}
