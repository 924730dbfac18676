package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// modelSaying serves a confidence model that gives an answer so far the number in replies
// of the last key that is in it, and 0.9 if there is none.
func modelSaying(t testing.TB, replies ...[2]string) func(*gateway.Config) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		number := "0.9"
		for _, reply := range replies {
			if strings.Contains(string(body), reply[0]) {
				number = reply[1]
			}
		}
		says(w, number)
	}))
	t.Cleanup(s.Close)
	return both(asking(modelAt(t, s.URL)), func(c *gateway.Config) {
		c.Session.Positions.Strategy, c.Session.Fusion.Depth = position.Paragraph, 0
	})
}

// confidenceModel serves a confidence model's replies; answer is given the number of
// the request, from 1.
func confidenceModel(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, n int)) *model.Client {
	t.Helper()
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r, int(n.Add(1)))
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return modelAt(t, s.URL)
}

func modelAt(t testing.TB, url string) *model.Client {
	t.Helper()
	c := model.DefaultConfig(url)
	c.Retries, c.Timeout = 0, hung
	client, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func says(w io.Writer, number string) {
	fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}]}`, number)
}

func asking(client *model.Client) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Model, c.Session.Estimator, c.Session.Model.Name = client, session.Model, "confidence"
	}
}
