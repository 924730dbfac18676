package gateway

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// request is a client's request for an answer that is scored.
type request struct {
	surface    surface
	config     *Config // how the answer is handled
	stream     bool
	usage      bool // the client asked for a chunk with usage
	json       bool // the client asked for JSON
	tools      bool // the client offers tools
	includes   bool // Responses: the client's array include has elements
	n          int  // choices
	model      string
	messages   follow.Conversation
	contestant *contestant                                             // of a contest; nil: the answer is the only one
	another    func(context.Context, variant, string) (*sequel, error) // Escalate: asks for an answer that follows this one; nil: no answer follows
	sample     sample                                                  // samples continuations of the answer; nil: none are sampled
	further    *further                                                // the further answers of Config.Samples; nil: none were asked for
	sum        *stream.Usage                                           // the usage of all answers, for a stream's end that the gateway writes; nil: the upstream's usage
	unscored   string                                                  // why the answer cannot be scored; "" if it can
	asked      asked

	logprobs, top edit // where the body asks for log-probabilities and alternatives; zero if it does not

	original []byte // the client's body
	body     []byte // the body for the upstream

	deadline func(time.Time) // sets the deadline of the next write to the client
}

// alternatives is the number of alternatives per token that the upstream is asked for
// if entropy is needed and the client asked for fewer than two.
const alternatives = "5"

// readRequest reads a request's body. ok is false if the body is not a JSON object.
func readRequest(on surface, body []byte, c *Config) (r *request, ok bool) {
	r = &request{surface: on, config: c, original: body, body: body, n: 1}
	r.stream = on.format() == stream.Ollama // unless the body says otherwise
	s := &jsonscan.Scanner{}
	s.Reset(body)
	if s.Kind() != jsonscan.Object {
		return r, false
	}
	s.EnterObject()
	for s.NextKey() {
		switch key := string(s.Key()); key {
		case "stream":
			r.stream, _ = s.Bool()
		case "model":
			name, _ := s.Text()
			r.model = string(name)
		case "tools", "functions":
			r.tools = s.Holds()
			s.Skip()
		default:
			if !on.member(r, s, key) {
				s.Skip()
			}
		}
	}
	end := s.Offset() - 1
	if !s.End() {
		return r, false
	}
	r.config = c.of(on, r.model)
	if on.format() == stream.Ollama && r.config.Carrier == Comment { // its lines have no comments
		same := *r.config
		same.Carrier = Field
		r.config = &same
	}
	r.ask(r.config, end)
	if r.config.Session.Estimator == session.Model && len(r.messages.Question()) > maxQuestion {
		r.unscored = questionTooLarge
	}
	return r, true
}

// maxQuestion is the longest question, in bytes, that a confidence model is asked about. The
// session stores the question several times, and a longer one would exhaust the memory of its
// instance.
const maxQuestion = 1 << 20

// questionTooLarge is the reason of an answer whose question is longer.
const questionTooLarge = "question-too-large"

// tell sets the question in a session's configuration. The built-in estimators do not read the
// text of the question, so its first KiB is enough for them.
func (r *request) tell(c *host.Config, conversationTokens int) {
	c.Asked.Generator = r.model
	r.messages.Ask(c, conversationTokens)
	if c.Estimator == session.Builtin && len(c.Question) > 1<<10 {
		c.Question = strings.ToValidUTF8(c.Question[:1<<10], "")
	}
}

func valueAt(s *jsonscan.Scanner) int {
	s.Kind()
	return s.Offset()
}

// readTop reads how many alternatives a token the client asked for.
func (r *request) readTop(s *jsonscan.Scanner) {
	r.top.from = valueAt(s)
	n, _ := s.Int()
	r.asked.top = int(max(n, 0))
	r.top.to = s.Offset()
}

// ask changes the body so that it asks for the log-probabilities that scoring needs. end is the
// offset of the object's closing brace.
func (r *request) ask(c *Config, end int) {
	alternatives := c.Session.Positions.Strategy&position.Entropy != 0
	if m := c.Session.Trajectory; c.Session.Estimator == session.Trajectory && m != nil {
		alternatives = alternatives || m.OfAlternatives()
	}
	needed := alternatives || c.Session.Estimator != session.Model || c.Session.Fallback && c.breaker.isOpen()
	if c.KeepRequest || !needed || c.refusals.has(r.asking()) {
		return
	}
	var made changes
	r.surface.ask(r, alternatives, &made)
	if len(made.edits) == 0 && len(made.members) == 0 {
		return
	}
	r.asked.more = true
	if string(bytes.TrimSpace(r.original[:end])) == "{" {
		return // an empty object: the upstream says what is missing
	}
	r.body = made.apply(r.original, end)
}
