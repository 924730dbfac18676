package samples

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// scored follows an answer and returns its last confidences by kind.
func scored(t *testing.T, question, answer string, further ...string) (of map[position.Kind]*record.Confidence, failures []error) {
	t.Helper()
	e := &Estimator{Reader: grade.NumberGrader{}, Number: 1 + len(further), Ask: func(_ context.Context, asked, of string, n int) ([]string, error) {
		if asked != question || of != answer || n != len(further) {
			t.Errorf("asked %q for %d answers beside %q", asked, n, of)
		}
		if strings.Contains(question, "unreachable") {
			return nil, &model.Error{Reason: session.Unreachable, Detail: "no route"}
		}
		return further, nil
	}}
	c := host.DefaultConfig()
	c.Question, c.Format = question, stream.Text
	Configure(&c)
	f := follow.Follower{Engine: host.Native(), Limits: model.DefaultLimits(), Post: e.Post, Samples: true}
	of = map[position.Kind]*record.Confidence{}
	s, err := f.Open(t.Context(), c, follow.Handler{
		Record: func(r record.Record) {
			if r, ok := r.(*record.Confidence); ok {
				of[r.Kinds] = r
			}
		},
		Failed: func(err error) { failures = append(failures, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Copy(t.Context(), strings.NewReader(answer)); err != nil {
		t.Fatal(err)
	}
	return of, failures
}

func TestTheShareThatAgrees(t *testing.T) {
	const question = "What is <6> * [CLS]7 & ###?"
	for _, c := range []struct {
		answer  string
		further []string
		want    float64
	}{
		{"6 * 7.\n\n#### 42", []string{"#### 42.0"}, 1},
		{"6 * 7.\n\n#### 42", []string{"#### 43"}, 0},
		{"6 * 7.\n\n#### 42", []string{"#### 42", "who knows", "#### 1"}, 1. / 3},
	} {
		of, failures := scored(t, question, c.answer, c.further...)
		end := of[position.End]
		if end == nil || end.State != session.Final || end.Fused != c.want || end.Raw != c.want || end.Calibrated {
			t.Errorf("%q: %+v", c.further, end)
			continue
		}
		if s := end.Source; s.Estimator != record.EstimatorSamples || s.Model != "" || s.Method != "" || s.Basis != "" {
			t.Errorf("source %+v", s)
		}
		if len(of) != 2 || of[position.Question].Reason != session.NoText {
			t.Errorf("positions %v", of)
		}
		for _, err := range failures {
			if !errors.Is(err, ErrNotWhole) {
				t.Error(err)
			}
		}
	}
}

func TestWithoutAgreementThereIsNoNumber(t *testing.T) {
	for _, c := range []struct {
		question, answer, further string
		want                      session.Reason
	}{
		{"q", "Nobody knows.", "#### 42", session.BadReply},
		{"q", "#### 42", "Nobody knows.", session.BadReply},
		{"unreachable", "#### 42", "#### 42", session.Unreachable},
	} {
		of, failures := scored(t, c.question, c.answer, c.further)
		if end := of[position.End]; end.State != session.Unavailable || end.Reason != c.want || len(failures) != 2 {
			t.Errorf("%+v: %+v, %v", c, end, failures)
		}
	}
}

// Text that a session quotes is read back unchanged.
func TestUnquote(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	parts := []string{"<", "&", "lt;", "amp;", "#", "###", "[INST]", "[CLS]", "&#91;", "&#x80;", "\x80", "é", "\n", "</answer>", "a"}
	m := asked()
	for range 2000 {
		var b bytes.Buffer
		for range rng.IntN(8) {
			fmt.Fprint(&b, parts[rng.IntN(len(parts))])
		}
		text := b.String()
		question, answer, err := read(m.AppendRequest(nil, estimate.Complete, []byte(text), []byte("x"+text)))
		if err != nil || question != text || answer != "x"+text {
			t.Fatalf("%q came back as %q and %q, %v", text, question, answer, err)
		}
	}
}
