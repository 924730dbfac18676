package gateway_test

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/session"
)

// TestAStreamIsTheUpstreamsByteForByte: taking out what the gateway added gives
// back every byte, however the stream comes.
func TestAStreamIsTheUpstreamsByteForByte(t *testing.T) {
	for name, data := range streams(t) {
		for how, cut := range map[string]func([]byte) (int, time.Duration){
			"burst": burst, "sevens": bytewise(7), "events": paced(0),
		} {
			if how != "burst" && len(data) > 120e3 {
				continue
			}
			u := newUpstream(t, replay(data, cut))
			for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
				t.Run(fmt.Sprint(name, "/", how, "/", carrier), func(t *testing.T) {
					s := newGateway(t, u, func(c *gateway.Config) { c.Carrier = carrier })
					resp := post(t, s, ask)
					status(t, resp, "checking")
					got := read(t, resp)
					_, rest := told(t, got)
					if rest != string(data) {
						t.Fatalf("other bytes than the upstream's:\n%s", difference(rest, string(data)))
					}
					if carrier == gateway.Comment && strings.Contains(got, `"finece":`) {
						t.Error("a chunk was changed")
					}
					if i := strings.Index(got, "[DONE]"); i >= 0 && strings.Contains(got[i:], "finece") {
						t.Error("something was said after [DONE]")
					}
				})
			}
		}
	}
}

func difference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(s string) string { return s[max(0, i-80):min(len(s), i+160)] }
	return fmt.Sprintf("at byte %d\n got ...%q\nwant ...%q", i, around(got), around(want))
}

// TestTheClientIsToldWhatTheSessionSays compares with a session of its own.
func TestTheClientIsToldWhatTheSessionSays(t *testing.T) {
	data := demo(t)
	s, opening, err := host.Native().Open(host.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]host.Event{}
	keep := func(events []host.Event, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == session.Confidence {
				want[e.Position.Index] = e
			}
		}
	}
	keep(opening, nil)
	for event := range bytes.SplitAfterSeq(data, []byte("\n\n")) {
		keep(s.Write(event))
	}
	keep(s.End())

	u := newUpstream(t, replay(data, burst))
	for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
		got, _ := told(t, read(t, post(t, newGateway(t, u, func(c *gateway.Config) { c.Carrier = carrier }), ask)))
		last := latest(got, 0)
		if len(last) != 10 {
			t.Errorf("%d positions, want 10", len(last))
		}
		for i, c := range last {
			w := want[i]
			if c.State != w.State || c.Revision != w.Revision {
				t.Errorf("position %d: %v in revision %d, want %v in %d", i, c.State, c.Revision, w.State, w.Revision)
			}
			if c.HasValue() == math.IsNaN(w.Fused) || c.HasValue() && c.Fused != w.Fused {
				t.Errorf("position %d: fused %v, want %v", i, c.Fused, w.Fused)
			}
		}
		if end := endOf(got); end == nil || end.Tokens != 155 {
			t.Errorf("the end is %+v, want 155 tokens", end)
		}
	}
}

// TestBadgesComeWhileTheAnswerDoes: a position's confidence comes with the event that
// the position is in, not at the end.
func TestBadgesComeWhileTheAnswerDoes(t *testing.T) {
	data := string(demo(t))
	half := strings.Index(data, "Flour") + 2000
	half += strings.Index(data[half:], "\n\n") + 2
	more := make(chan struct{})
	u := newUpstream(t, replay([]byte(data), func(rest []byte) (int, time.Duration) {
		if len(rest) == len(data) {
			return half, 0
		}
		<-more
		return len(rest), 0
	}))
	resp := post(t, newGateway(t, u, nil), ask)
	first := make([]byte, 0, len(data))
	for len(first) < half {
		buf := make([]byte, 64<<10)
		n, err := resp.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		first = append(first, buf[:n]...)
	}
	close(more)
	all, _ := told(t, string(first))
	if last := latest(all, 0); last[1].State != session.Provisional || last[1].Revision < 1 || last[2].State != session.Provisional {
		t.Errorf("half of the stream has told %+v", last)
	}
}

// TestAnExtraChunkCarriesWhatNoOtherDoes: where the upstream pauses, the client
// is told within the carrier's delay, in a chunk like the others. The confidence model
// replies when the events are with the client.
func TestAnExtraChunkCarriesWhatNoOtherDoes(t *testing.T) {
	data := demo(t)
	at := bytes.Index(data, []byte(`\n\nTogether`))
	at += bytes.Index(data[at:], []byte("\n\n")) + 2
	more, shown := make(chan struct{}), make(chan struct{})
	u := newUpstream(t, replay(data, func(rest []byte) (int, time.Duration) {
		if len(rest) == len(data) {
			return at, 0
		}
		<-more
		return len(rest), 0
	}))
	client := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-shown:
			says(w, "0.7")
		case <-r.Context().Done():
		}
	})
	soon := func(c *gateway.Config) { c.CarrierDelay = 10 * time.Millisecond }
	resp := post(t, newGateway(t, u, both(asking(client), soon)), ask)
	got := readUntil(t, resp, func(s string) bool { return strings.Contains(s, "Together") && strings.HasSuffix(s, "\n\n") })
	close(shown)
	got += readUntil(t, resp, extraWithNews)
	close(more)
	const want = `data: {"id":"chatcmpl-demo","object":"chat.completion.chunk","created":1767225600,"model":"demo",` +
		`"choices":[{"index":0,"delta":{},"finish_reason":null}],"finece":{"version":1,"id":"chatcmpl-demo","generator":"demo","events":[{"type":"confidence","choice":0,"index":`
	if !strings.Contains(got, want) {
		t.Errorf("no chunk that begins\n%s\nin\n%s", want, got[max(0, len(got)-600):])
	}
	if _, rest := told(t, got+read(t, resp)); rest != string(data) {
		t.Error(difference(rest, string(data)))
	}
}

func extraWithNews(s string) bool { return strings.Contains(s, `"finish_reason":null}],"finece"`) }

// TestLogprobsThatNobodyAskedForAreTakenOut again.
func TestLogprobsThatNobodyAskedForAreTakenOut(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, replay(data, bytewise(1000)))
	for _, c := range []struct {
		name, request, upstream string
		strategy                string
		tops                    int // alternatives a token that are left; -1 for no logprobs
	}{
		{"not asked", `{"model":"demo","stream":true}`, `{"model":"demo","stream":true,"logprobs":true,"top_logprobs":1}`, "paragraph", -1},
		{"declined", `{"logprobs": false ,"stream":true}`, `{"logprobs": true ,"stream":true,"top_logprobs":1}`, "paragraph", -1},
		{"no alternatives", `{"stream":true,"logprobs":true,"top_logprobs":0}`, `{"stream":true,"logprobs":true,"top_logprobs":1}`, "paragraph", 0},
		{"for entropy", `{"stream":true}`, `{"stream":true,"logprobs":true,"top_logprobs":5}`, "entropy", -1},
		{"without alternatives", `{"stream":true,"logprobs":true}`, `{"stream":true,"logprobs":true,"top_logprobs":5}`, "entropy", 0},
		{"with one", `{"top_logprobs":1,"stream":true,"logprobs":true}`, `{"top_logprobs":5,"stream":true,"logprobs":true}`, "entropy", 1},
		{"for a trajectory model", `{"stream":true}`, `{"stream":true,"logprobs":true,"top_logprobs":5}`, "trajectory", -1},
		{"with enough", `{"top_logprobs":3,"stream":true,"logprobs":true}`, `{"top_logprobs":3,"stream":true,"logprobs":true}`, "entropy", 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := len(u.bodies)
			s := newGateway(t, u, func(g *gateway.Config) {
				if c.strategy == "trajectory" {
					g.Session.Estimator, g.Session.Trajectory = session.Trajectory, level(nil)
					return
				}
				g.Session = withStrategy(t, c.strategy)
			})
			got := read(t, post(t, s, c.request))
			if u.body(n) != c.upstream {
				t.Errorf("the upstream was asked\n%s, want\n%s", u.body(n), c.upstream)
			}
			all, rest := told(t, got)
			if last := latest(all, 0); len(last) < 5 || last[2].State != session.Final {
				t.Errorf("told %+v", last)
			}
			if want := stripped(t, data, c.tops); rest != want {
				t.Error(difference(rest, want))
			}
		})
	}
}

// TestBytesAfterTheEndPass, also where the end waits for a confidence model.
func TestBytesAfterTheEndPass(t *testing.T) {
	stream := chunkOf(probable("content", "It is 42.")) + finished + ended + ": bye\n\n"
	u := newUpstream(t, replay([]byte(stream), burst))
	clock := gateway.NewFakeClock()
	settle := gateway.DefaultConfig().Settle
	client := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if clock.Waits(settle, r.Context().Done()) { // the end waits for the model
			says(w, "0.7")
		}
	})
	for name, set := range map[string]func(*gateway.Config){"nothing asked": nil, "a model asked": both(asking(client), defaultLimits(clock))} {
		if _, rest := told(t, read(t, post(t, newGateway(t, u, set), ask))); rest != stream {
			t.Errorf("%s: %s", name, difference(rest, stream))
		}
	}
}
