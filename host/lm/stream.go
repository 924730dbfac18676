package lm

import (
	"crypto/rand"
	"net/http"
	"sync"
)

// events writes a reply as server-sent events. The headers are sent with the first event,
// so an earlier failure can still be an ordinary error. It is safe for concurrent use:
// several prompts can write to one stream.
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

// write sends one event. data is JSON that ends in a line break.
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

// end sends [DONE], or the error that ended the stream. If no event was sent, it returns
// the error instead.
func (e *events) end(err error) error {
	if err == nil {
		return e.write([]byte("[DONE]\n"))
	}
	if !e.begun {
		return err
	}
	e.send(asAPIError(err).body()) // an error here means that the client has disconnected
	return nil
}

func newID(prefix string) string { return prefix + rand.Text() }
