package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/baseline"
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
	text   string // the answer up to the position, without white space at its end
	tokens int    // before the position
	whole  bool   // the position is p(z)
}

// scored has an answer's positions under a strategy, including p(0) and p(z), and a
// subject's confidence at each of them.
type scored struct {
	places     []place
	confidence []float64 // NaN if there is none
	cost       []baseline.Cost
	tokens     int // of the answer
}

// score runs an answer through the core, under a strategy. If s is nil, no confidence
// model is asked.
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
	out.cost = f.costs(out.places)
	return out, nil
}

// following is a stream that keeps the first error of a request, and the cost of each
// request.
type following struct {
	*follow.Stream
	failed error
	mu     sync.Mutex
	asked  []asked
}

// asked is a request to a confidence model.
type asked struct {
	texts string // all strings in the request's body
	cost  baseline.Cost
}

// note keeps the texts and the cost of a request.
func (f *following) note(request, reply []byte) {
	var body any
	_ = json.Unmarshal(request, &body) // a request that is not JSON has no texts
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked{strings.Join(stringsIn(body, nil), "\n"), baseline.UsageOf(reply)})
}

// stringsIn appends the strings in a JSON value.
func stringsIn(v any, to []string) []string {
	switch v := v.(type) {
	case string:
		return append(to, v)
	case []any:
		for _, e := range v {
			to = stringsIn(e, to)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			to = stringsIn(v[key], to)
		}
	}
	return to
}

// costs returns the cost of the confidence at each place. A request belongs to the place
// with the longest text among the places whose text the request contains.
func (f *following) costs(places []place) []baseline.Cost {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]baseline.Cost, len(places))
	for _, a := range f.asked {
		at := 0
		for i := range places {
			if len(places[i].text) >= len(places[at].text) && strings.Contains(a.texts, places[i].text) {
				at = i
			}
		}
		out[at].Add(a.cost)
	}
	return out
}

// spent returns the cost of all requests.
func (f *following) spent() baseline.Cost {
	f.mu.Lock()
	defer f.mu.Unlock()
	var sum baseline.Cost
	for _, a := range f.asked {
		sum.Add(a.cost)
	}
	return sum
}

// open starts to follow a stream about a question. The subject, if any, is asked for
// confidences.
func (w *work) open(ctx context.Context, q *grade.Question, c host.Config, s *Subject, take func(record.Record)) (*following, error) {
	f := &follow.Follower{Engine: w.Engine, Limits: model.DefaultLimits()}
	out := &following{}
	if s != nil {
		c.Estimator, c.Model = session.Model, s.Asker.model
		f.Post = func(ctx context.Context, body []byte) ([]byte, error) {
			reply, err := s.Asker.Post(ctx, q.ID, body)
			if err == nil {
				out.note(body, reply)
			}
			return reply, err
		}
	}
	opened, err := f.Open(ctx, c, follow.Handler{Record: take, Failed: func(err error) {
		if out.failed == nil {
			out.failed = err
		}
	}})
	out.Stream = opened
	return out, err
}

// child finds the place in text where the next paragraph after root ends, or the end of
// the text if no paragraph follows. The text begins with root's text. child returns that
// place and its confidence (NaN if there is none), and adds the cost of the requests to
// cost.
func (w *work) child(ctx context.Context, q *grade.Question, root *place, text string, s *Subject, cost *baseline.Cost) (*place, float64, error) {
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
	// The text after root is written byte by byte up to the next paragraph end, so the
	// model is not asked about later paragraphs.
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
	cost.Add(f.spent())
	end := min(int(at.Byte), len(text)) // the core writes bytes that are not UTF-8 as U+FFFD
	return &place{text: text[:end], tokens: int(at.Token), whole: at.Kinds&position.End != 0}, value, f.failed
}
