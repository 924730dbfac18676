package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// upstream is the server behind every gateway. Its load sets what it sends; one load runs at a
// time. It runs in the client's process, so that both read one clock.
type upstream struct {
	*httptest.Server
	load  atomic.Pointer[load]
	begun time.Time
}

// load is what the upstream sends to each request.
type load struct {
	body  []byte        // sent at once, or
	piece int           // in pieces of so many bytes; 0: at once
	paced int           // events, one by one; 0: the body
	every time.Duration // between two of them
	many  int           // all events, as fast as possible; 0: the body

	streams sync.Map // of a paced load: the number of a stream to its *stamps
}

// stamps are the times at which the events of a paced stream were written, in ns of the
// upstream's clock.
type stamps struct {
	written []atomic.Int64
	ended   atomic.Int64
	left    atomic.Int64 // the client has disconnected
}

const (
	chatPath = "/v1/chat/completions"
	slow     = 200 * time.Millisecond // the slow confidence model
)

var streamNumber = regexp.MustCompile(`stream (\d+)`)

func newUpstream() *upstream {
	u := &upstream{begun: time.Now()}
	mux := http.NewServeMux()
	mux.HandleFunc(chatPath, u.chat)
	mux.HandleFunc("/v1/models", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"data":[{"id":"demo"}]}`) })
	for path, delay := range map[string]time.Duration{"/fast": 0, "/slow": slow, "/hangs": time.Hour} {
		mux.HandleFunc(path+chatPath, func(w http.ResponseWriter, r *http.Request) { confidence(w, r, delay) })
	}
	u.Server = httptest.NewServer(mux)
	return u
}

// confidence answers as a confidence model does, after a delay.
func confidence(w http.ResponseWriter, r *http.Request, delay time.Duration) {
	io.Copy(io.Discard, r.Body)
	select {
	case <-time.After(delay):
		io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"0.75"},"finish_reason":"stop"}]}`)
	case <-r.Context().Done():
	}
}

func (u *upstream) now() int64 { return int64(time.Since(u.begun)) }

func (u *upstream) chat(w http.ResponseWriter, r *http.Request) {
	request, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	l, flusher := u.load.Load(), w.(http.Flusher)
	switch {
	case l.paced > 0:
		u.pace(w, r, l, request)
	case l.many > 0:
		block := bytes.Repeat([]byte(small), 100)
		for range l.many / 100 {
			if _, err := w.Write(block); err != nil {
				return
			}
			flusher.Flush()
		}
		io.WriteString(w, last)
	case l.piece > 0:
		for rest := l.body; len(rest) > 0; {
			n := min(l.piece, len(rest))
			if _, err := w.Write(rest[:n]); err != nil {
				return
			}
			flusher.Flush()
			rest = rest[n:]
		}
	default:
		w.Write(l.body)
	}
}

func (u *upstream) pace(w http.ResponseWriter, r *http.Request, l *load, request []byte) {
	s := &stamps{written: make([]atomic.Int64, l.paced)}
	if m := streamNumber.FindSubmatch(request); m != nil {
		number, _ := strconv.Atoi(string(m[1]))
		l.streams.Store(number, s)
		// The streams start at different times, so that their events do not coincide.
		time.Sleep(time.Duration(int64(number)*7919%1000) * l.every / 1000)
	}
	ticker := time.NewTicker(l.every)
	defer ticker.Stop()
	for i := range l.paced {
		s.written[i].Store(u.now())
		if _, err := w.Write(event(i)); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			s.left.Store(u.now())
			return
		}
	}
	s.ended.Store(u.now())
	io.WriteString(w, last)
}

const (
	prefix = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"demo","choices":[{"index":0,`
	small  = prefix + `"delta":{"content":" word"},"logprobs":{"content":[{"token":" word","logprob":-0.25,"bytes":null,"top_logprobs":[]}]},"finish_reason":null}]}` + "\n\n"
	last   = prefix + `"delta":{},"logprobs":null,"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
)

// mark is in the text of each event of a paced stream, with its number.
var mark = regexp.MustCompile(`@(\d+)@`)

// event is an event of a paced stream, with five alternatives as a chat model sends them. Every
// tenth ends a paragraph.
func event(i int) []byte {
	text := fmt.Sprintf(" @%d@", i)
	if i%10 == 9 {
		text += `\n\n`
	}
	top := make([]string, 5)
	for j := range top {
		top[j] = fmt.Sprintf(`{"token":" other%d","logprob":-%d.5,"bytes":[32,111,116,104,101,114]}`, j, j+1)
	}
	return []byte(prefix + `"delta":{"content":"` + text + `"},"logprobs":{"content":[{"token":"` + text + `","logprob":-0.25,"bytes":[32,64],"top_logprobs":[` +
		strings.Join(top, ",") + `]}]},"finish_reason":null}]}` + "\n\n")
}

// demo is the recorded answer that `finece watch` shows: 159 events in 100 KB.
func demo() ([]byte, error) { return os.ReadFile("wasm/session/testdata/demo.sse") }

// hugeEvents is a stream of four events of 1 MB.
func hugeEvents() []byte {
	text := strings.Repeat("many words ", 95_000)
	one := prefix + `"delta":{"content":"` + text + `"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	return []byte(strings.Repeat(one, 4) + last)
}
