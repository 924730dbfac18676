package score

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// TestLines scores lines one after the other in one session. Each gives what it gives by
// itself.
func TestLines(t *testing.T) {
	one := `{"id":"a","answer":"It is 42.","logprobs":[-0.5,-0.1]}`
	two := `{"custom_id":"b","response":{"status_code":200,"body":{"object":"chat.completion","choices":[` +
		`{"index":0,"message":{"content":"So."},"logprobs":{"content":[{"token":"So.","logprob":-0.1}]},"finish_reason":"stop"},` +
		`{"index":1,"message":{"content":"No."},"logprobs":{"content":[{"token":"No.","logprob":-0.9}]},"finish_reason":"stop"}]}}}`
	s := newScorer(position.Paragraph)
	defer s.Close()
	for range 2 {
		for _, line := range []string{one, two, one} {
			got, keys := linesOf(t, s, line)
			alone := newScorer(position.Paragraph)
			want, _ := linesOf(t, alone, line)
			alone.Close()
			if !slices.Equal(got, want) {
				t.Errorf("%s\ngives %s\nand by itself %s", line, got, want)
			}
			choices := 1 + strings.Count(line, `"index":1`)
			if len(got) != choices || keys[choices-1] != Hash([]byte(line)) || choices == 2 && keys[0] != ChoiceKey(keys[1], 0) {
				t.Errorf("%s: %d lines with the keys %s", line, len(got), keys)
			}
			for i, out := range got {
				var m struct {
					Choice     *int
					Confidence *float64
				}
				if err := json.Unmarshal([]byte(out), &m); err != nil || m.Confidence == nil || choices == 2 && (m.Choice == nil || *m.Choice != i) {
					t.Errorf("line %d is %s: %v", i, out, err)
				}
			}
		}
		s.Close() // it can be used again
	}
}

func linesOf(t *testing.T, s *Scorer, line string) (out, keys []string) {
	t.Helper()
	r, err := s.Score(t.Context(), layoutOf(line), []byte(line), 1)
	if err != nil || len(r.Failures) > 0 {
		t.Fatalf("%s: %v, %v", line, err, r.Failures)
	}
	err = r.Lines([]byte(line), Hash([]byte(line)), func(of []byte, key string, a *follow.Answer) error {
		text, err := Line(of, a, key, "settings")
		out, keys = append(out, string(text)), append(keys, key)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return out, keys
}

// layoutOf is the layout of a file that begins with this line.
func layoutOf(line string) *answers.Layout {
	layout, _ := answers.Usual().Of([]byte(line))
	return layout
}

// TestALineThatCannotBeScored says what is wrong with it.
func TestALineThatCannotBeScored(t *testing.T) {
	layout := answers.Usual()
	s := newScorer(position.Paragraph)
	defer s.Close()
	if r, err := s.Score(t.Context(), layout, []byte(`{"id":7,"answer":`), 3); err == nil || r == nil {
		t.Errorf("a broken line: %v, %v", r, err)
	}
	line := []byte(`{"answer":"It is 42.","logprobs":[-0.5]}`)
	r, err := s.Score(t.Context(), layout, line, 5)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Lines(line, Hash(line), func([]byte, string, *follow.Answer) error { return errStop })
	if !errors.Is(err, errStop) {
		t.Errorf("the visit's error: %v", err)
	}
}

var errStop = errors.New("stop")

// TestUnreachable tells a confidence model that cannot be reached from one that replies.
func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"choices":[{"message":{"content":"0.7"},"finish_reason":"stop"}]}`))
	}))
	defer server.Close()
	config := host.DefaultConfig()
	config.Estimator = session.Model
	config.Model.Name = "m"
	for _, c := range []struct {
		url  string
		want bool
	}{{server.URL, false}, {"http://127.0.0.1:1", true}} {
		client := model.DefaultConfig(c.url + "/v1")
		client.Retries = 0
		asked, err := model.NewFor(&config.Model, client)
		if err != nil {
			t.Fatal(err)
		}
		s := Scorer{Follower: &follow.Follower{Engine: host.Native(), Client: asked, Limits: model.DefaultLimits()}, Config: config}
		r, err := s.Score(t.Context(), answers.Usual(), []byte(`{"question":"What?","answer":"It is 42."}`), 1)
		s.Close()
		if err != nil || r.Unreachable() != c.want || (len(r.Failures) > 0) != c.want {
			t.Errorf("%s: unreachable %t, failures %v, %v", c.url, r.Unreachable(), r.Failures, err)
		}
	}
}
