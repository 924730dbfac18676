package lm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/finece/finece/wasm/estimate"
)

// Served is a model that a server serves.
type Served struct {
	Name   string // the model's name in requests
	Engine *Engine
}

// Server is an http.Handler that serves engines: by OpenAI's API, and for models with a
// value head by vLLM's.
type Server struct {
	models  []Served
	created int64
	mux     *http.ServeMux
}

// NewServer returns a server of models. The first model is used by requests that name none.
// The caller closes the engines.
func NewServer(models ...Served) (*Server, error) {
	if len(models) == 0 {
		return nil, errors.New("lm: a server needs at least one model")
	}
	s := &Server{models: models, created: time.Now().Unix(), mux: http.NewServeMux()}
	seen := map[string]bool{}
	for _, m := range models {
		if m.Name == "" || m.Engine == nil || seen[m.Name] {
			return nil, fmt.Errorf("lm: model %q: want different names that are not empty, each with an engine", m.Name)
		}
		seen[m.Name] = true
	}
	routes := []struct {
		method, path string
		serve        func(http.ResponseWriter, *http.Request) error
	}{
		{"POST", "/v1/chat/completions", s.chat},
		{"POST", "/v1/completions", s.completions},
		{"GET", "/v1/models", s.list},
		{"GET", "/v1/models/{name...}", s.describe},
		{"POST", "/classify", s.classify},
		{"POST", "/v1/classify", s.classify},
		{"POST", "/pooling", s.pooling},
		{"POST", "/v1/pooling", s.pooling},
		{"GET", "/health", func(w http.ResponseWriter, _ *http.Request) error { return nil }},
		{"GET", "/metrics", s.metrics},
	}
	for _, r := range routes {
		s.mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, q *http.Request) { answer(w, q, r.serve) })
		s.mux.HandleFunc(r.path, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Allow", r.method)
			fail(w, &apiError{status: http.StatusMethodNotAllowed, message: fmt.Sprintf("%s takes %s, not %s", q.URL.Path, r.method, q.Method)})
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		fail(w, missing(q))
	})
	return s, nil
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// answer serves a request. If that fails before anything was sent, it sends the error.
func answer(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter, *http.Request) error) {
	err := serve(w, r)
	if err == nil || r.Context().Err() != nil {
		return
	}
	fail(w, asAPIError(err))
}

// apiError is an error in the form of OpenAI's API.
type apiError struct {
	status  int
	message string
	param   string
	code    string
}

func (e *apiError) Error() string { return e.message }

// badRequest returns the error for a wrong parameter of the request.
func badRequest(param, format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, param: param, message: fmt.Sprintf(format, args...)}
}

// missing returns the error for a path that does not exist.
func missing(r *http.Request) *apiError {
	return &apiError{status: http.StatusNotFound, message: fmt.Sprintf("path %s does not exist", r.URL.Path)}
}

// asAPIError returns an error in the form that clients get.
func asAPIError(err error) *apiError {
	var e *apiError
	var tooLong *ContextError
	var tooLarge *http.MaxBytesError
	message := strings.TrimPrefix(err.Error(), "lm: ")
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &tooLong):
		return &apiError{status: http.StatusBadRequest, message: message, code: "context_length_exceeded"}
	case errors.As(err, &tooLarge):
		return &apiError{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the body is longer than %d bytes", tooLarge.Limit)}
	case errors.Is(err, ErrFull), errors.Is(err, ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &apiError{status: http.StatusServiceUnavailable, message: message}
	}
	return &apiError{status: http.StatusBadRequest, message: message}
}

// body returns the value whose JSON is the error's body.
func (e *apiError) body() any {
	kind := "invalid_request_error"
	if e.status >= 500 {
		kind = "server_error"
	}
	return map[string]any{"error": map[string]any{"message": e.message, "type": kind, "param": orNull(e.param), "code": orNull(e.code)}}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func fail(w http.ResponseWriter, e *apiError) {
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	send(w, e.status, e.body())
}

func send(w http.ResponseWriter, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // an error here means that the client has disconnected
	return nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// maxBody bounds a request's body, in bytes. A full context needs far fewer.
const maxBody = 16 << 20

// receive reads a request's JSON.
func receive(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			// Field also contains the names of embedded structs, which are not in the JSON.
			field := strings.TrimPrefix(strings.TrimPrefix(kind.Field, "params."), "unsupported.")
			return badRequest(field, "%s is a JSON %s: want %s", cmp.Or(field, "the body"), kind.Value, wanted(kind.Type))
		}
		return badRequest("", "the body is not JSON: %v", err)
	}
	return nil
}

// wanted returns the kind of JSON that can be read into a type.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64:
		return fmt.Sprintf("a whole number of %d bits", t.Bits())
	}
	return t.String()
}

// model returns the model that a request names, or the first one if it names none.
func (s *Server) model(name string) (*Served, error) {
	if name == "" {
		return &s.models[0], nil
	}
	names := make([]string, len(s.models))
	for i := range s.models {
		if names[i] = s.models[i].Name; names[i] == name {
			return &s.models[i], nil
		}
	}
	return nil, &apiError{
		status: http.StatusNotFound, param: "model", code: "model_not_found",
		message: fmt.Sprintf("model %q does not exist; want %s", name, strings.Join(names, " or ")),
	}
}

// modelInfo is a model in /v1/models; max_model_len is vLLM's.
type modelInfo struct {
	ID         string `json:"id"`
	Object     string `json:"object"`
	Created    int64  `json:"created"`
	OwnedBy    string `json:"owned_by"`
	MaxContext int    `json:"max_model_len"`

	// Card says what a confidence model was trained on; see package calibration.
	Card json.RawMessage `json:"card,omitempty"`
	// Adapters has the ways in which a confidence model can be asked, by their names in
	// package estimate.
	Adapters []string `json:"adapters,omitempty"`
}

func (s *Server) info(m *Served) modelInfo {
	of := m.Engine.m
	info := modelInfo{m.Name, "model", s.created, "finece", m.Engine.MaxContext(), of.Card(), nil}
	switch {
	case of.config.ValueHead:
		info.Adapters = namesOf(estimate.Classify, estimate.Pooling)
	case info.Card != nil:
		info.Adapters = namesOf(estimate.Chat, estimate.Completions)
	}
	return info
}

func namesOf(adapters ...estimate.Adapter) (names []string) {
	for _, a := range adapters {
		names = append(names, a.String())
	}
	return names
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) error {
	all := make([]modelInfo, len(s.models))
	for i := range s.models {
		all[i] = s.info(&s.models[i])
	}
	return send(w, http.StatusOK, map[string]any{"object": "list", "data": all})
}

func (s *Server) describe(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if name == "" { // s.model would return the first model
		return missing(r)
	}
	m, err := s.model(name)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, s.info(m))
}

// metrics sends the engines' Stats in Prometheus's text format.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	stats := make([]Stats, len(s.models))
	for i := range s.models {
		stats[i] = s.models[i].Engine.Stats()
	}
	for _, m := range []struct {
		name, kind, help string
		value            func(*Stats) float64
	}{
		{"prompt_tokens_total", "counter", "Tokens of prompts.", func(t *Stats) float64 { return float64(t.PromptTokens) }},
		{"cached_tokens_total", "counter", "Tokens of prompts that were found in the prefix cache.", func(t *Stats) float64 { return float64(t.CachedTokens) }},
		{"completion_tokens_total", "counter", "Tokens sampled.", func(t *Stats) float64 { return float64(t.CompletionTokens) }},
		{"requests_total", "counter", "Requests completed.", func(t *Stats) float64 { return float64(t.Requests) }},
		{"steps_total", "counter", "Forward passes.", func(t *Stats) float64 { return float64(t.Steps) }},
		{"busy_seconds_total", "counter", "Time spent in forward passes.", func(t *Stats) float64 { return t.Busy.Seconds() }},
		{"completions_active", "gauge", "Completions under way.", func(t *Stats) float64 { return float64(t.Active) }},
		{"requests_waiting", "gauge", "Requests that wait.", func(t *Stats) float64 { return float64(t.Waiting) }},
	} {
		fmt.Fprintf(w, "# HELP finece_lm_%s %s\n# TYPE finece_lm_%s %s\n", m.name, m.help, m.name, m.kind)
		for i := range stats {
			fmt.Fprintf(w, "finece_lm_%s{model=%q} %v\n", m.name, s.models[i].Name, m.value(&stats[i]))
		}
	}
	return nil
}
