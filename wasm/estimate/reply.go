package estimate

import (
	"bytes"
	"math"
	"strconv"

	"github.com/finece/finece/metrics/portable"
	"github.com/finece/finece/wasm/jsonscan"
)

// Basis is the part of a reply from which a confidence was read.
type Basis uint8

const (
	Expectation Basis = iota // the expected value of the number, from the probabilities of its tokens
	Parsed                   // the number that the model wrote
	Class                    // the probability of a class
	Score                    // a head's output
)

var basisNames = [...]string{"expectation", "parsed", "class", "score"}

// String returns the basis in lower case.
func (b Basis) String() string { return nameOf(basisNames[:], int(b)) }

// Bases returns every basis, in the order of their numbers.
func Bases() []Basis { return all[Basis](len(basisNames)) }

// Reading is the result of reading a reply.
type Reading struct {
	Confidence float64 // probability of a correct answer, in [0,1]
	Basis      Basis
	Mass       float64 // Expectation: the total probability of the replies that were counted, in (0,1]; else NaN
}

// MaxReply is the maximum length of a reply in bytes, 1 MiB. A reply with a number has some
// hundred bytes.
const MaxReply = 1 << 20

// ReadReply reads the body of a reply. The error is a [*ReplyError].
//
// The model must have written one number and nothing else, see [Failure]. This is also
// required if the confidence is an expected value from log-probabilities. Log-probabilities
// that do not fit the text are ignored. If the reply was cut at MaxTokens, other text must
// follow the number; otherwise the number may be incomplete. Reasoning is left out, in a field
// of its own or before </think>.
func (m *Model) ReadReply(body []byte) (Reading, error) {
	if len(body) > MaxReply {
		return Reading{}, &ReplyError{TooLarge, MaxReply, "", "want at most " + strconv.Itoa(MaxReply) + " bytes"}
	}
	r := reply{model: m}
	r.scan.Reset(body)
	if r.scan.Kind() == jsonscan.Array && m.Adapter == Reward {
		r.labels(maxNesting)
	} else if r.scan.EnterObject() {
		for r.scan.NextKey() {
			r.member(r.scan.Key())
		}
	}
	if !r.scan.End() {
		offset := r.scan.Offset()
		return Reading{}, &ReplyError{Malformed, offset, excerpt(body, offset), r.scan.Err().Error()}
	}
	reading, err := r.read()
	if err != nil {
		return Reading{}, err
	}
	return reading, nil
}

// reply has the parts of a body.
type reply struct {
	scan  jsonscan.Scanner
	model *Model

	failed  bool
	message []byte // the text of an error

	found      bool   // there was a choice or a data item
	text       []byte // the text of the first choice
	refusal    []byte
	finish     []byte
	tokens     []token
	candidates []candidate

	scores  []float64 // the output of a head
	labeled bool      // Model.Label was found
}

// member reads a member of the body.
func (r *reply) member(key []byte) {
	s := &r.scan
	switch string(key) {
	case "error", "detail":
		r.problem(string(key) == "error")
	case "message":
		if text, ok := s.Text(); ok && r.message == nil {
			r.message = text
		}
	case "object":
		if text, ok := s.Text(); ok && string(text) == "error" {
			r.failed = true
		}
	case "choices":
		r.first(r.choice)
	case "data":
		r.first(r.item)
	default:
		s.Skip()
	}
}

// problem reads a server's error: a text, or an object with a message. If certain is false,
// the value may also be something else.
func (r *reply) problem(certain bool) {
	s := &r.scan
	switch s.Kind() {
	case jsonscan.Null, jsonscan.False:
		s.Skip()
	case jsonscan.String:
		r.message, _ = s.Text()
		r.failed = r.failed || certain && len(r.message) > 0
	case jsonscan.Object:
		r.failed = r.failed || certain
		s.EnterObject()
		for s.NextKey() {
			if string(s.Key()) != "message" {
				s.Skip()
			} else if text, ok := s.Text(); ok {
				r.message = text
			}
		}
	default:
		r.message = s.Raw()
		r.failed = r.failed || certain
	}
}

// first reads the first element of an array, an object. It calls member for each key.
func (r *reply) first(member func(key []byte)) {
	s := &r.scan
	if !s.EnterArray() {
		return
	}
	for i := 0; s.NextElement(); i++ {
		if i > 0 || s.Kind() != jsonscan.Object {
			s.Skip()
			continue
		}
		r.found = true
		s.EnterObject()
		for s.NextKey() {
			member(s.Key())
		}
	}
}

// read returns the reading, from the parts of the body.
func (r *reply) read() (Reading, *ReplyError) {
	if r.failed || !r.found && r.message != nil {
		return Reading{}, &ReplyError{ProviderError, -1, excerpt(r.message, 0), ""}
	}
	if !r.found {
		return Reading{}, &ReplyError{WrongShape, -1, "", "want the reply that " + r.model.Adapter.String() + " servers send at " + r.model.Adapter.Path()}
	}
	if r.model.Adapter == Chat || r.model.Adapter == Completions {
		return r.readText()
	}
	return r.readScore()
}

func (r *reply) readText() (Reading, *ReplyError) {
	switch {
	case len(r.refusal) > 0:
		return Reading{}, &ReplyError{Refused, -1, excerpt(r.refusal, 0), ""}
	case string(r.finish) == "content_filter":
		return Reading{}, &ReplyError{Refused, -1, "finish_reason content_filter", ""}
	}
	cut := string(r.finish) == "length"
	text, ok := visible(r.text)
	if !ok || cut && len(text) == 0 {
		return Reading{}, &ReplyError{Unfinished, len(r.text), excerpt(r.text, len(r.text)), "the reasoning has no end: raise MaxTokens or turn the model's reasoning off"}
	}
	n, failure, offset := scanNumber(text)
	switch {
	case failure == Empty && cut, failure == 0 && (n.open > 0 || cut && !n.closed):
		return Reading{}, &ReplyError{Unfinished, len(text), excerpt(text, len(text)), "raise MaxTokens"}
	case failure != 0:
		return Reading{}, &ReplyError{failure, offset, excerpt(text, offset), "want one number between 0 and 1 and nothing else, such as 0.85"}
	}
	if value, mass, ok := expectation(bytes.TrimRight(text, " \t\r\n"), n, r.tokens, r.candidates); ok {
		return Reading{value, Expectation, mass}, nil
	}
	return Reading{n.value, Parsed, math.NaN()}, nil
}

func (r *reply) readScore() (Reading, *ReplyError) {
	m := r.model
	score, basis := 0.0, Score
	switch {
	case len(r.scores) == 0:
		return Reading{}, &ReplyError{WrongShape, -1, "", "want a number for each output of the model's head"}
	case m.Adapter == Reward && m.Label != "" && !r.labeled:
		return Reading{}, &ReplyError{WrongShape, -1, "", "the reply has no label " + excerpt([]byte(m.Label), 0) + ": set Label to one that the model has"}
	case m.Adapter == Reward && m.Label == "" && len(r.scores) > 1:
		return Reading{}, &ReplyError{WrongShape, -1, "", "the reply has several labels: set Label to the one for correct answers"}
	case len(r.scores) == 1 || m.Adapter == Reward:
		score = r.scores[0]
	case m.Class >= len(r.scores):
		return Reading{}, &ReplyError{WrongShape, -1, "", "the reply has too few outputs: set Class to the number of the one for correct answers, from 0"}
	default:
		score = r.scores[m.Class]
	}
	if m.Adapter != Pooling {
		basis = Class
	}
	if m.Activation == Sigmoid {
		// e^-x may overflow to +Inf. The reciprocal is then 0, the right limit.
		score = 1 / (1 + portable.Exp(-score))
	}
	if !(score >= 0 && score <= 1) {
		return Reading{}, &ReplyError{OutOfRange, -1, string(jsonscan.AppendFloat(nil, score)), "if this is a logit, set Activation to sigmoid"}
	}
	return Reading{score, basis, math.NaN()}, nil
}
