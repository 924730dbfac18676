package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// confidenceModel is a server that answers chat completions as a confidence
// model would.
type confidenceModel struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string // of the requests so far
}

// newConfidenceModel serves answer, whose n counts the requests from 1.
func newConfidenceModel(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, n int)) *confidenceModel {
	t.Helper()
	m := &confidenceModel{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" {
			http.Error(w, "no such route", http.StatusNotFound)
			return
		}
		m.mu.Lock()
		m.bodies = append(m.bodies, string(body))
		n := len(m.bodies)
		m.mu.Unlock()
		answer(w, r, n)
	}))
	t.Cleanup(func() {
		m.CloseClientConnections()
		m.Close()
	})
	return m
}

// flags make finece ask this model.
func (m *confidenceModel) flags(more ...string) []string {
	return append([]string{"--estimator", m.URL + "/v1", "--model", "finece"}, more...)
}

func (m *confidenceModel) requests() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.bodies)
}

// prompts are the messages of every request so far, as one text each.
func (m *confidenceModel) prompts(t *testing.T) (all []string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, body := range m.bodies {
		var request struct {
			Model    string
			Messages []struct{ Content string }
		}
		if err := json.Unmarshal([]byte(body), &request); err != nil || request.Model != "finece" {
			t.Fatalf("%v: %s", err, body)
		}
		text := ""
		for _, m := range request.Messages {
			text += m.Content + "\n"
		}
		all = append(all, text)
	}
	return all
}

// says answers with a text.
func says(w http.ResponseWriter, text string) {
	content, _ := json.Marshal(text)
	fmt.Fprintf(w, `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}]}`, content)
}

func sure(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "0.8") }

// inPieces serves a recorded stream in flushed pieces of size bytes, whatever they cut.
func inPieces(w http.ResponseWriter, stream string, size int) {
	w.Header().Set("Content-Type", "text/event-stream")
	for len(stream) > 0 {
		n := min(size, len(stream))
		if _, err := io.Copy(w, strings.NewReader(stream[:n])); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		stream = stream[n:]
	}
}
