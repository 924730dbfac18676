package follow

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// ProbeError says why a confidence model gave no confidence to a [Follower.Probe].
type ProbeError struct {
	Reason session.Reason // such as BadReply or Unreachable
	Reply  string         // the beginning of the model's reply, if one came
	Err    error          // of the request, or nil
}

func (e *ProbeError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("the confidence model gave no confidence for a test question: %v", e.Err)
	case e.Reply != "":
		return fmt.Sprintf("the confidence model gave no confidence for a test question (%s); it replied %s", e.Reason, e.Reply)
	}
	return fmt.Sprintf("the confidence model gave no confidence for a test question (%s)", e.Reason)
}

func (e *ProbeError) Unwrap() error { return e.Err }

// excerpt is the number of bytes of a reply that a [ProbeError] quotes.
const excerpt = 300

// Probe asks the confidence model of c about one small question with its answer. A server calls
// it at its start, to find a model that cannot be asked, or that does not reply with a
// confidence, before the first answer. The error is a [*ProbeError] if the model gave no
// confidence.
func (f *Follower) Probe(ctx context.Context, c host.Config) error {
	probe := *f
	post := f.Post
	if post == nil {
		post = f.Client.Post
	}
	var said ProbeError
	var quoting sync.Mutex // the requests of two positions may run at once
	probe.Post = func(ctx context.Context, body []byte) ([]byte, error) {
		reply, err := post(ctx, body)
		quoting.Lock()
		defer quoting.Unlock()
		said.Reply = strings.ToValidUTF8(string(reply[:min(len(reply), excerpt)]), "")
		return reply, err
	}
	c.Format, c.Question = stream.Text, "What is 2 plus 2?"
	c.Positions.Strategy = position.Paragraph
	scored := false
	s, err := probe.Open(ctx, c, Handler{
		Record: func(r record.Record) {
			if r, ok := r.(*record.Confidence); ok {
				scored = scored || r.State == session.Final
				said.Reason = r.Reason
			}
		},
		Failed: func(err error) { said.Err = err },
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Copy(ctx, strings.NewReader("4")); err != nil {
		return err
	}
	if scored {
		return nil
	}
	return &said
}
