package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/finece/finece/host/model"
)

// ServerError is a request that failed for good, after its retries.
type ServerError struct {
	Role string // whose server it is: generator, embeddings, judge or another
	URL  string // without a password
	// Status is the last HTTP status; 0 if the server was not reached, or its
	// reply could not be read.
	Status int
	Err    error
}

func (e *ServerError) Error() string { return fmt.Sprintf("%s at %s: %v", e.Role, e.URL, e.Err) }
func (e *ServerError) Unwrap() error { return e.Err }

// Endpoint is a path of a server, for requests and replies in JSON. It is safe
// for concurrent use.
type Endpoint struct {
	role   string
	client *model.Client
}

// maxReply bounds a reply: thirty long answers, or embeddings of thirty texts.
const maxReply = 256 << 20

// NewEndpoint makes the endpoint at c.BaseURL + path, whatever c.Path is. The
// role is for errors. An error is about the configuration.
func NewEndpoint(role string, c model.Config, path string) (*Endpoint, error) {
	c.Path = path
	if c.MaxReply == 0 {
		c.MaxReply = maxReply
	}
	if c.HTTP == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = max(c.Concurrency, transport.MaxIdleConnsPerHost) // one a request, kept
		c.HTTP = &http.Client{Transport: transport}
	}
	client, err := model.New(c)
	if err != nil {
		return nil, fmt.Errorf("openai: %s: %w", role, err)
	}
	return &Endpoint{role, client}, nil
}

// Post sends a request and reads the reply into reply. The error is ctx's, or a
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

// Failure makes a [*ServerError] of what is wrong with a reply.
func (e *Endpoint) Failure(err error) error {
	failed := &ServerError{Role: e.role, URL: e.client.URL(), Err: err}
	var m *model.Error
	if errors.As(err, &m) {
		failed.Status = m.Status
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

// said is an error in other words.
type said struct {
	text string
	error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.error }

// Refused reports whether a server was reached and does not do what it was asked
// for: it may do less, such as one choice in place of several.
func Refused(err error) bool {
	var e *ServerError
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusNotImplemented)
}

// With adds the extra parameters to a request.
func With(request map[string]any, extra map[string]json.RawMessage) map[string]any {
	for k, v := range maps.All(extra) {
		request[k] = v
	}
	return request
}
