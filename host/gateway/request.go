package gateway

import (
	"bytes"
	"time"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// request is a client's request for a chat completion.
type request struct {
	stream   bool
	usage    bool // the client asked for a chunk with usage
	json     bool // the client asked for JSON
	n        int  // choices
	model    string
	question string // the text of the last message of the user
	turns    int    // messages of the user
	asked    asked

	original []byte // its body
	body     []byte // the body that is sent on

	deadline func(time.Time) // sets the deadline of the next write to the client
}

// alternatives is the number of alternatives per token that the upstream is asked for
// if entropy is needed and the client asked for fewer than two.
const alternatives = "5"

// readRequest reads a request's body. ok is false if the body is not a JSON object.
func readRequest(body []byte, c *Config) (r *request, ok bool) {
	r = &request{original: body, body: body, n: 1}
	s := &jsonscan.Scanner{}
	s.Reset(body)
	if s.Kind() != jsonscan.Object {
		return r, false
	}
	var logprobs, top edit
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "stream":
			r.stream, _ = s.Bool()
		case "n":
			n, _ := s.Int()
			r.n = int(max(n, 1))
		case "model":
			name, _ := s.Text()
			r.model = string(name)
		case "messages":
			r.question, r.turns = follow.Messages(s)
		case "stream_options":
			r.options(s)
		case "response_format":
			each(s, "type", func() {
				kind, _ := s.Text()
				r.json = string(kind) != "text"
			})
		case "logprobs":
			logprobs.from = valueAt(s)
			r.asked.logprobs, _ = s.Bool()
			logprobs.to = s.Offset()
		case "top_logprobs":
			top.from = valueAt(s)
			n, _ := s.Int()
			r.asked.top = int(max(n, 0))
			top.to = s.Offset()
		default:
			s.Skip()
		}
	}
	end := s.Offset() - 1
	if !s.End() {
		return r, false
	}
	r.ask(c, logprobs, top, end)
	return r, true
}

func valueAt(s *jsonscan.Scanner) int {
	s.Kind()
	return s.Offset()
}

// ask changes the body so that it asks for the log-probabilities that are needed.
// logprobs and top are where the body has values for them, zero if it has none.
func (r *request) ask(c *Config, logprobs, top edit, end int) {
	entropy := c.Session.Positions.Strategy&position.Entropy != 0
	needed := entropy || c.Session.Estimator == session.Builtin
	if c.KeepRequest || !needed {
		return
	}
	var edits []edit
	var members []byte
	set := func(name, value string, at edit) {
		if at.to > 0 {
			edits = append(edits, edit{at.from, at.to, value})
			return
		}
		if len(members) > 0 {
			members = append(members, ',')
		}
		members = append(append(append(append(members, '"'), name...), `":`...), value...)
	}
	if !r.asked.logprobs {
		r.asked.more = true
		set("logprobs", "true", logprobs)
	}
	if entropy && r.asked.top < 2 {
		r.asked.more = true
		set("top_logprobs", alternatives, top)
	}
	if !r.asked.more {
		return
	}
	if len(edits) == 2 && edits[0].from > edits[1].from {
		edits[0], edits[1] = edits[1], edits[0]
	}
	if string(bytes.TrimSpace(r.original[:end])) == "{" {
		return // an empty object: the upstream says what is missing
	}
	r.body = appendEdited(nil, r.original, edits, end, members)
}

func (r *request) options(s *jsonscan.Scanner) {
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) == "include_usage" {
			r.usage, _ = s.Bool()
		} else {
			s.Skip()
		}
	}
}
