package experiment

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// place is a position of an answer.
type place struct {
	text   string // the answer up to it, without white space at its end
	tokens int
	whole  bool
}

// scored is an answer's positions under a strategy, including p(0) and p(z), with a
// subject's confidence at each of them.
type scored struct {
	places     []place
	confidence []float64 // NaN where there is none
	tokens     int       // of the answer
}

// score follows an answer. If s is nil, no confidence model is asked.
func (w *work) score(ctx context.Context, q *grade.Question, a *openai.Completion, by *strategy, s *Subject) (*scored, error) {
	data, err := chunks(a)
	if err != nil {
		return nil, err
	}
	c := by.session(q.Text)
	c.Format = stream.OpenAIChat
	var all follow.Ledger
	f, err := w.open(ctx, q, c, s, all.Take)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Copy(ctx, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	if f.failed != nil {
		return nil, f.failed
	}
	answer := all.Answer(0)
	out := &scored{}
	if answer.End != nil {
		out.tokens = int(answer.End.Tokens)
	}
	for i := range answer.Places {
		p := &answer.Places[i]
		text := strings.TrimRight(a.Text[:min(int(p.Byte), len(a.Text))], " \n\t")
		at := place{text: text, tokens: int(p.Token), whole: p.Kinds&position.End != 0}
		out.places = append(out.places, at)
		out.confidence = append(out.confidence, p.Raw)
	}
	return out, nil
}

// following is a stream whose first failed request is an error.
type following struct {
	*follow.Stream
	failed error
}

// open begins to follow a stream about a question, asking a subject.
func (w *work) open(ctx context.Context, q *grade.Question, c host.Config, s *Subject, take func(record.Record)) (*following, error) {
	f := &follow.Follower{Engine: w.Engine, Limits: model.DefaultLimits()}
	if s != nil {
		c.Estimator, c.Model = session.Model, s.Asker.model
		f.Post = func(ctx context.Context, body []byte) ([]byte, error) { return s.Asker.Post(ctx, q.ID, body) }
	}
	out := &following{}
	opened, err := f.Open(ctx, c, follow.Handler{Record: take, Failed: func(err error) {
		if out.failed == nil {
			out.failed = err
		}
	}})
	out.Stream = opened
	return out, err
}

// child follows a text from the end of root, which it begins with, to the end of the
// next paragraph, or to its own end if no paragraph follows. It returns that place
// with its confidence, NaN if there is none.
func (w *work) child(ctx context.Context, q *grade.Question, root *place, text string, s *Subject) (*place, float64, error) {
	by := w.strategies()[0] // paragraphs
	c := by.session(q.Text)
	c.Format = stream.Text
	var at *record.Position
	value := math.NaN()
	f, err := w.open(ctx, q, c, s, func(r record.Record) {
		switch r := r.(type) {
		case *record.Position:
			if at == nil && (r.Byte > int64(len(root.text)) || r.Kinds&position.End != 0) {
				at = r
			}
		case *record.Confidence:
			if at != nil && r.Index == at.Index {
				value = r.Raw
			}
		}
	})
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	if err := f.Write([]byte(root.text)); err != nil {
		return nil, 0, err
	}
	// Byte by byte from there on, so that no later paragraph is asked about.
	for i := len(root.text); i < len(text) && at == nil; i++ {
		if err := f.Write([]byte{text[i]}); err != nil {
			return nil, 0, err
		}
	}
	if at == nil {
		if err := f.End(); err != nil {
			return nil, 0, err
		}
	}
	if err := f.Drain(ctx, session.Cancelled); err != nil {
		return nil, 0, err
	}
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	if at == nil { // the core finds p(z) in every answer
		return nil, 0, errors.New("experiment: an answer without an end")
	}
	end := min(int(at.Byte), len(text)) // the core writes bytes that are no UTF-8 as U+FFFD
	return &place{text: text[:end], tokens: int(at.Token), whole: at.Kinds&position.End != 0}, value, f.failed
}
