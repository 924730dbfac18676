package follow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
	"github.com/finece/finece/wasm/stream/fixture"
)

var engine = sync.OnceValues(func() (*wazero.Engine, error) { return wazero.New(context.Background()) })

func core(t testing.TB) host.Engine {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// config is one under which a stream has all kinds of positions.
func config() host.Config {
	c := host.DefaultConfig()
	c.Question = "What is the profit?"
	c.Positions.Strategy = position.Paragraph | position.Periodic | position.Entropy
	return c
}

// lines collects records as they are written.
type lines struct{ strings.Builder }

func (l *lines) take(r record.Record) { l.Write(append(r.AppendJSON(nil), '\n')) }

// follows returns what a whole stream says, read from r.
func follows(t testing.TB, f *follow.Follower, c host.Config, r io.Reader) string {
	t.Helper()
	var said lines
	s, err := f.Open(t.Context(), c, follow.Handler{
		Record: said.take,
		Text: func(choice int, segment position.Segment, text []byte) {
			fmt.Fprintf(&said, "%d %v %q\n", choice, segment, text)
		},
		Failed: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Copy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return said.String()
}

// withoutText leaves the lines of text out: how text is cut depends on how the
// stream was.
func withoutText(said string) string {
	var kept strings.Builder
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "{") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, f := range fixture.All() {
		all[f.Name] = f.Data
	}
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	all["demo.sse"] = data
	return all
}

const demo = "../../wasm/session/testdata/demo.sse"

// random reads r in pieces of any length.
type random struct {
	r   io.Reader
	rng *rand.Rand
}

func (r random) Read(p []byte) (int, error) {
	return r.r.Read(p[:min(len(p), 1+r.rng.IntN(1<<(1+r.rng.IntN(12))))])
}

// TestRecordsDoNotDependOnTheCutting, nor on the engine.
func TestRecordsDoNotDependOnTheCutting(t *testing.T) {
	native, wasm := &follow.Follower{Engine: host.Native()}, &follow.Follower{Engine: core(t)}
	for name, data := range fixtures(t) {
		want := withoutText(follows(t, native, config(), bytes.NewReader(data)))
		if !strings.Contains(want, `"type":"end"`) {
			t.Errorf("%s: no end in\n%s", name, want)
		}
		cuts := []io.Reader{bytes.NewReader(data), random{bytes.NewReader(data), rand.New(rand.NewPCG(1, 2))}, iotest.DataErrReader(bytes.NewReader(data))}
		if len(data) < 20_000 {
			cuts = append(cuts, iotest.OneByteReader(bytes.NewReader(data)))
		}
		for i, r := range cuts {
			if got := withoutText(follows(t, wasm, config(), r)); got != want {
				t.Errorf("%s, cut %d: other records than natively on the whole: %s", name, i, difference(got, want))
			}
		}
	}
}

func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// judge is a confidence model that answers at once with a number that depends on
// what it is asked alone.
func judge(t testing.TB, answer func(w http.ResponseWriter, asked string)) *model.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		answer(w, string(body))
	}))
	t.Cleanup(server.Close)
	c, err := model.New(once(server.URL + "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func says(w io.Writer, text string) {
	content, _ := json.Marshal(text)
	fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}]}`, content)
}

// asking is a configuration with a confidence model and text as the stream.
func asking() host.Config {
	c := host.DefaultConfig()
	c.Question, c.Format, c.Estimator, c.Fusion.Depth = "What is 6 times 7?", stream.Text, session.Model, 0
	return c
}

const threeParagraphs = "Six sevens.\n\nThat is 42.\n\nSo 42."

// finals are the settled confidences, in the order of their positions.
func finals(t testing.TB, said string) []string {
	t.Helper()
	var all []*record.Confidence
	for line := range strings.Lines(said) {
		r, err := record.Read([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := r.(*record.Confidence); ok && (c.State == session.Final || c.State == session.Unavailable) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *record.Confidence) int { return a.Index - b.Index })
	var out []string
	for _, c := range all {
		out = append(out, fmt.Sprintf("%d %v %.2f%v", c.Index, c.State, c.Fused, c.Reason))
	}
	return out
}

func TestAConfidenceModelIsAsked(t *testing.T) {
	client := judge(t, func(w http.ResponseWriter, asked string) {
		says(w, fmt.Sprintf("0.%d", 10+strings.Count(asked, "42")))
	})
	for _, engine := range []host.Engine{host.Native(), core(t)} {
		f := &follow.Follower{Engine: engine, Client: client, Limits: model.DefaultLimits()}
		said := withoutText(follows(t, f, asking(), strings.NewReader(threeParagraphs)))
		want := []string{"0 final 0.10", "1 final 0.10", "2 final 0.11", "3 final 0.12"}
		if got := finals(t, said); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v in\n%s", engine.Name(), got, want, said)
		}
	}
}

func TestRequestsThatFailAreReported(t *testing.T) {
	client := judge(t, func(w http.ResponseWriter, asked string) { http.Error(w, "out of memory", http.StatusNotFound) })
	f := &follow.Follower{Engine: core(t), Client: client, Limits: model.DefaultLimits()}
	var said lines
	failed := 0
	s, err := f.Open(t.Context(), asking(), follow.Handler{Record: said.take, Failed: func(err error) {
		if failed++; model.ReasonOf(err) != session.EndpointError {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Copy(t.Context(), strings.NewReader(threeParagraphs)); err != nil {
		t.Fatal(err)
	}
	got := finals(t, said.String())
	if failed != 4 || len(got) != 4 || got[1] != "1 unavailable NaNendpoint-error" {
		t.Errorf("%d failures, %q", failed, got)
	}
}

// TestWhoDoesNotWaitAbandons: a model that never answers costs a stream no more
// than the caller is ready to wait.
func TestWhoDoesNotWaitAbandons(t *testing.T) {
	gone := make(chan struct{})
	client := judge(t, func(http.ResponseWriter, string) { <-gone })
	defer close(gone)
	f := &follow.Follower{Engine: core(t), Client: client, Limits: model.Limits{Flying: 1, Waiting: math.MaxInt}}
	var said lines
	s, err := f.Open(t.Context(), asking(), follow.Handler{Record: said.take})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Write([]byte(threeParagraphs)); err != nil {
		t.Fatal(err)
	}
	if err := s.End(); err != nil || s.Pending() != 4 {
		t.Fatalf("%d are pending, want 4, %v", s.Pending(), err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Drain(over, session.Timeout); err != nil || s.Pending() != 0 {
		t.Errorf("%d are pending, %v", s.Pending(), err)
	}
	for i, got := range finals(t, said.String()) {
		if want := fmt.Sprintf("%d unavailable NaNtimeout", i); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if err := s.Write(nil); !errors.Is(err, session.ErrEnded) || s.Lost() != nil {
		t.Errorf("a write after the end: %v, lost: %v", err, s.Lost())
	}
}

// TestALostCoreMakesWhatIsOpenUnavailable, with a real trap.
func TestALostCoreMakesWhatIsOpenUnavailable(t *testing.T) {
	small, err := wazero.New(t.Context(), wazero.WithMemoryLimit(320<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	for _, client := range []*model.Client{nil, judge(t, func(w http.ResponseWriter, _ string) { says(w, "0.5") })} {
		f := &follow.Follower{Engine: small, Client: client, Limits: model.DefaultLimits()}
		c := config()
		if client != nil {
			c.Estimator = session.Model
		}
		var all follow.Ledger
		s, err := f.Open(t.Context(), c, follow.Handler{Record: all.Take})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(data[:len(data)/2]); err != nil {
			t.Fatal(err)
		}
		enormous := append([]byte(`data: {"id":"`), bytes.Repeat([]byte("x"), 300<<10)...)
		if err := s.Write(enormous); !errors.Is(err, host.ErrLost) || !errors.Is(s.Lost(), host.ErrLost) {
			t.Fatalf("an event beyond the memory limit: %v, lost: %v", err, s.Lost())
		}
		lost := 0
		for _, p := range all.Answer(0).Places {
			if p.State != session.Final && p.State != session.Unavailable {
				t.Errorf("position %d is %v for ever", p.Index, p.State)
			}
			if p.Reason == session.CoreLost {
				lost++
			}
		}
		if lost == 0 {
			t.Error("no position says that the core was lost")
		}
		for _, err := range []error{s.End(), s.Write([]byte("x")), s.Drain(t.Context(), session.Timeout), s.Abandon(session.Cancelled), s.Reset(t.Context(), c, follow.Handler{Record: all.Take})} {
			if !errors.Is(err, host.ErrLost) {
				t.Errorf("a call after the loss: %v", err)
			}
		}
		if s.Pending() != 0 || s.Replies() != nil {
			t.Errorf("%d requests are pending after the loss", s.Pending())
		}
		s.Close()
	}
}

// TestAStreamIsReset: the next stream says what it would say on its own, and a
// reply to the one before changes nothing in it.
func TestAStreamIsReset(t *testing.T) {
	client := judge(t, func(w http.ResponseWriter, _ string) { says(w, "0.5") })
	all := fixtures(t)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, asks := range []bool{false, true} {
		f := &follow.Follower{Engine: core(t), Limits: model.DefaultLimits()}
		c := config()
		if asks {
			f.Client, c.Estimator, c.Fusion.Depth = client, session.Model, 0
		}
		used, err := f.Open(t.Context(), c, follow.Handler{Record: func(record.Record) {}})
		if err != nil {
			t.Fatal(err)
		}
		defer used.Close()
		for i, name := range names {
			var said lines
			if err := used.Reset(t.Context(), c, follow.Handler{Record: said.take}); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 { // leave one in the middle
				if err := used.Write(all[name][:len(all[name])/2]); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := used.Copy(t.Context(), bytes.NewReader(all[name])); err != nil {
				t.Fatal(err)
			}
			want := withoutText(follows(t, f, c, bytes.NewReader(all[name])))
			if asks { // the order of replies is free
				if !slices.Equal(finals(t, said.String()), finals(t, want)) {
					t.Errorf("%s: %v, want %v", name, finals(t, said.String()), finals(t, want))
				}
			} else if said.String() != want {
				t.Errorf("%s after others: %s", name, difference(said.String(), want))
			}
		}
	}
}

func TestAReaderThatFailsEndsTheStream(t *testing.T) {
	broken := errors.New("the disk is gone")
	f := &follow.Follower{Engine: host.Native()}
	c := host.DefaultConfig()
	c.Format = stream.Text
	var said lines
	s, err := f.Open(t.Context(), c, follow.Handler{Record: said.take})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Copy(t.Context(), io.MultiReader(strings.NewReader("One.\n\nTwo."), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !strings.Contains(said.String(), `"type":"end"`) {
		t.Errorf("%v: %s", err, said.String())
	}
}

func TestOpenRefusesAConfiguration(t *testing.T) {
	f := &follow.Follower{Engine: host.Native()}
	c := host.DefaultConfig()
	c.MaxEvent = -1
	if _, err := f.Open(t.Context(), c, follow.Handler{Record: func(record.Record) {}}); err == nil {
		t.Error("a limit of -1 bytes is allowed")
	}
	s, err := f.Open(t.Context(), host.DefaultConfig(), follow.Handler{Record: func(record.Record) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(t.Context(), c, follow.Handler{Record: func(record.Record) {}}); err == nil {
		t.Error("a reset to a limit of -1 bytes is allowed")
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, asked string)
		want   string // in the error; "" for none
	}{
		{"a confidence", func(w http.ResponseWriter, _ string) { says(w, "0.7") }, ""},
		{"prose", func(w http.ResponseWriter, _ string) { says(w, "Very sure!") }, "(bad-reply); it replied"},
		{"no model", func(w http.ResponseWriter, _ string) { http.Error(w, "no such model", http.StatusNotFound) }, "no such model"},
	} {
		f := &follow.Follower{Engine: host.Native(), Client: judge(t, c.answer), Limits: model.DefaultLimits()}
		err := f.Probe(t.Context(), asking())
		var failed *follow.ProbeError
		if got := fmt.Sprint(err); (c.want == "") != (err == nil) || err != nil && (!errors.As(err, &failed) || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// once is a model that is asked once, without retries.
func once(url string) model.Config {
	c := model.DefaultConfig(url)
	c.Retries = 0
	return c
}
