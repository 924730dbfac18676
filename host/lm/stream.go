package lm

import (
	"crypto/rand"
	"net/http"
	"sync"
)

// events is an answer as server-sent events. The headers go out with the first,
// so what fails before it fails as an ordinary error. It is safe for concurrent
// use, as several prompts can write to one.
type events struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	begun bool
}

func (e *events) send(v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	return e.write(body)
}

// write sends one event; data is JSON that ends in a line break.
func (e *events) write(data []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		e.begun = true
		h := e.w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-cache")
		e.w.WriteHeader(http.StatusOK)
	}
	line := make([]byte, 0, len(data)+8)
	line = append(append(append(line, "data: "...), data...), '\n')
	if _, err := e.w.Write(line); err != nil {
		return err
	}
	return http.NewResponseController(e.w).Flush()
}

// end sends the last event, or the error that came instead of it.
func (e *events) end(err error) error {
	if err == nil {
		return e.write([]byte("[DONE]\n"))
	}
	if !e.begun {
		return err
	}
	e.send(asAPIError(err).body()) // a client that is gone is not told
	return nil
}

func newID(prefix string) string { return prefix + rand.Text() }
