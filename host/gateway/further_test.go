package gateway_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/samples"
)

// TestAFurtherAnswerDoesNotTimeTheClients: the header of a further answer, which comes later
// than that of the client's answer, is not taken for it.
func TestAFurtherAnswerDoesNotTimeTheClients(t *testing.T) {
	const first, later = 10 * time.Millisecond, 20 * time.Millisecond
	clock := gateway.NewFakeClock()
	begun, further := make(chan struct{}), make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		half := func(text string, wait chan struct{}) {
			replay([]byte(text), burst)(w, r)
			w.(http.Flusher).Flush()
			select {
			case <-wait:
			case <-r.Context().Done():
			}
		}
		rest := chunkOf(`"delta":{"content":" is 4."},"finish_reason":"stop"`) + ended
		if strings.Contains(string(body), `"seed":8`) {
			<-begun
			clock.Advance(later)
			close(further)
			replay([]byte(chunkOf(`"delta":{"content":"4"},"finish_reason":null`)+rest), burst)(w, r)
			return
		}
		clock.Advance(first)
		half(chunkOf(`"delta":{"content":"It"},"finish_reason":null`), further)
		io.WriteString(w, rest)
	})
	exchanges := make(chan *gateway.Exchange, 1)
	s := newGateway(t, u, both(observing(exchanges), func(c *gateway.Config) {
		c.SetClock(clock)
		samples.Configure(&c.Session)
		c.Samples = &gateway.Samples{Number: 2, Post: func(ask func(context.Context, string, string, int) ([]string, error)) model.Post {
			return (&samples.Estimator{Reader: grade.NumberGrader{}, Number: 2, Ask: ask}).Post
		}}
	}))
	resp := post(t, s, strings.Replace(askStream, `"model":"m"`, `"model":"m","seed":7`, 1))
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	close(begun)
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	x := observed(t, exchanges)
	if x.Upstream != first {
		t.Errorf("the upstream's header came after %v, want %v", x.Upstream, first)
	}
	if len(x.Answers) != 1 || x.Answers[0].Headline.Fused != 1 {
		t.Errorf("%+v, want one answer whose further answer agrees with it", x.Answers)
	}
}
