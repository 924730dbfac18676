package construct

import (
	"context"
	"errors"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/openai"
)

// Counts counts the outcomes of questions. It is sent as JSON.
type Counts struct {
	Done    int             `json:"questions"`
	States  int             `json:"states"`
	Bad     int             `json:"bad,omitempty"`     // questions that could not be read, graded or used
	Failed  int             `json:"failed,omitempty"`  // questions whose requests failed
	Failure string          `json:"failure,omitempty"` // the last of these failures
	Tally   construct.Tally `json:"tally"`

	inARow int // failed questions
}

// givesUp is the number of failed questions in a row that ends a run.
const givesUp = 8

// Count counts a question. bad says why the question cannot be used. news is a failure of its
// requests, if it differs from that of the question before. An error, which has an exit code,
// ends the run.
func (c *Counts) Count(result *construct.Result) (bad, news error, _ error) {
	if result.Err == nil {
		c.inARow = 0
		c.Done++
		c.States += len(result.States)
		c.Tally.Add(result.Tally)
		return nil, nil, nil
	}
	if errors.Is(result.Err, openai.ErrStore) {
		return nil, nil, exit.With(exit.IO, result.Err)
	}
	var server *openai.ServerError
	if !errors.As(result.Err, &server) {
		c.Bad++
		return result.Err, nil, nil
	}
	c.Failed++
	if text := result.Err.Error(); text != c.Failure { // a server that is down fails for every question
		c.Failure, news = text, result.Err
	}
	if c.inARow++; c.inARow == givesUp {
		return nil, news, exit.Errorf(exit.IO, "gave up: %d questions in a row have failed; run the same command again to resume", givesUp)
	}
	return nil, news, nil
}

// Add adds o to c.
func (c *Counts) Add(o *Counts) {
	c.Done += o.Done
	c.States += o.States
	c.Bad += o.Bad
	c.Failed += o.Failed
	if c.Failure == "" {
		c.Failure = o.Failure
	}
	c.Tally.Add(o.Tally)
}

// run builds the data of the questions that are not in the output yet.
func (r *construction) run(ctx context.Context) error {
	c := &r.flags.config
	r.bar = newSampling(r.cmd, len(r.questions), len(r.questions)*c.Completions())
	c.Observe = r.bar.observe
	if r.saved != nil {
		c.Store = r.saved
		if err := r.unlike(); err != nil {
			return err
		}
	}
	r.announce()
	err := construct.Run(ctx, *c, r.questions, func(result *construct.Result) error {
		r.bar.question()
		bad, news, err := r.Count(result)
		switch {
		case bad != nil:
			r.say("question %s: %v", result.Question.ID, bad)
		case news != nil:
			r.say("question %s: %v", result.Question.ID, news)
		}
		if err != nil || result.Err != nil {
			return err
		}
		r.checkContinuation("question "+result.Question.ID, &result.Tally, 1)
		return r.write(result)
	})
	r.bar.Done()
	switch {
	case ctx.Err() != nil:
		r.say("interrupted; %d questions were done", r.Done)
		if r.out != nil {
			r.say("run the same command again to resume")
		}
		return exit.Silently(exit.Interrupted)
	case err != nil:
		if exit.HasCode(err) {
			return err
		}
		return exit.With(exit.IO, err)
	}
	r.summary()
	return r.verdict()
}
