// Package score scores lines of answers: what finece score and finece-beam do with one line.
//
//	s := score.Scorer{Follower: follower, Config: config}
//	defer s.Close()
//	scored, err := s.Score(ctx, layout, line, number)
//	...
//	err = scored.Lines(line, score.Hash(line), func(line []byte, key string, a *follow.Answer) error {
//		out, err := score.Line(line, a, key, settings)
//		...
//	})
//
// A line of output depends on the line of input and on the settings, and on nothing else.
package score

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/session"
)

// Scorer scores answers one after the other, in one session that it reuses. It is not safe
// for concurrent use.
type Scorer struct {
	Follower *follow.Follower
	Config   host.Config

	reader answers.Reader
	stream *follow.Stream // nil before the first answer, and after the core was lost
}

// Scored is what became of a line.
type Scored struct {
	Answer   *answers.Answer // as far as it could be read
	Ledger   follow.Ledger
	Failures []error // of requests to the confidence model
}

// Handler takes the records of a stream.
func (s *Scored) Handler() follow.Handler {
	return follow.Handler{
		Record: s.Ledger.Take,
		Failed: func(err error) { s.Failures = append(s.Failures, err) },
	}
}

// Score scores a line, which has a number in its input. The result is not nil. An error
// says what is wrong with the line, or is that of the session or of ctx.
func (s *Scorer) Score(ctx context.Context, layout *answers.Layout, line []byte, number int) (*Scored, error) {
	s.reader.Layout = layout
	a, err := s.reader.Read(line, number)
	r := &Scored{Answer: a}
	if err != nil {
		return r, err
	}
	return r, s.follow(ctx, r)
}

func (s *Scorer) follow(ctx context.Context, r *Scored) error {
	data, format := r.Answer.Stream()
	c := s.Config
	c.Question = r.Answer.Question
	c.Asked.Generator = r.Answer.Model
	c.Format = format
	if err := s.begin(ctx, c, r.Handler()); err != nil {
		return err
	}
	err := s.stream.Copy(ctx, bytes.NewReader(data))
	if err != nil {
		s.Close()
	}
	if r.Answer.Even {
		approximate(r.Ledger.Answer(0))
	}
	return err
}

// begin begins the stream of an answer, in the session of the last one if there is one.
func (s *Scorer) begin(ctx context.Context, c host.Config, h follow.Handler) (err error) {
	if s.stream != nil {
		if err = s.stream.Reset(ctx, c, h); err == nil {
			return nil
		}
		s.Close()
	}
	s.stream, err = s.Follower.Open(ctx, c, h)
	return err
}

// Close ends the session. The Scorer can be used again.
func (s *Scorer) Close() {
	if s.stream != nil {
		s.stream.Close()
		s.stream = nil
	}
}

// approximate marks the token counts of an answer as estimates.
func approximate(a *follow.Answer) {
	for i := range a.Places {
		a.Places[i].Approximate = true
	}
}

// GivesUp is how many answers in a row may fail because the confidence model cannot be
// reached.
const GivesUp = 8

// Unreachable reports whether the confidence model could not be reached for any position of
// the answer.
func (s *Scored) Unreachable() bool {
	places := s.Ledger.Answer(0).Places
	failed := false
	for i := range places {
		switch places[i].Reason {
		case session.Unreachable:
			failed = true
		case session.NoReason:
			return false
		}
	}
	return failed
}

// ErrNoAnswer is the error of a whole response without an answer.
var ErrNoAnswer = errors.New("the response has no answer")

// Lines visits what becomes a line of output, with its key: the answer of the line or,
// for a whole response, each of its answers. The last one has the hash of the line of
// input as its key: if it is in an output, all are. It returns the first error of visit,
// or ErrNoAnswer.
func (s *Scored) Lines(line []byte, hash string, visit func(line []byte, key string, a *follow.Answer) error) error {
	if !s.Answer.Whole {
		return visit(line, hash, s.Ledger.Answer(0))
	}
	all := s.Ledger.Sorted()
	if len(all) == 0 {
		return ErrNoAnswer
	}
	for i, a := range all {
		of, key := line, ChoiceKey(hash, i)
		if len(all) > 1 {
			var err error
			if of, err = members.Set(line, members.Member{Key: "choice", Value: strconv.AppendInt(nil, int64(a.Choice), 10)}); err != nil {
				return err
			}
		}
		if i == len(all)-1 {
			key = hash
		}
		if err := visit(of, key, a); err != nil {
			return err
		}
	}
	return nil
}

// ChoiceKey is the key of one of several answers of a line or a recorded stream.
func ChoiceKey(hash string, choice int) string {
	return Hash(fmt.Appendf(nil, "%s %d", hash, choice))
}
