package gateway

import (
	"strconv"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// object appends the members of a JSON object.
type object struct{ b []byte }

func (o *object) key(name string) {
	switch o.b[len(o.b)-1] {
	case '{', '[':
	default:
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) open(bracket byte) {
	if last := o.b[len(o.b)-1]; last == '}' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, bracket)
}

func (o *object) close(bracket byte) { o.b = append(o.b, bracket) }

func (o *object) integer(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *object) number(name string, v float64) {
	o.key(name)
	o.b = jsonscan.AppendFloat(o.b, v)
}

func (o *object) text(name, v string) {
	o.key(name)
	o.b = jsonscan.AppendString(o.b, []byte(v))
}

func (o *object) truth(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

// action is what was done to an answer, in the words of the package comment.
type action struct {
	name       string
	reason     string
	choice     int
	index      int     // of the position, -1 if it was none
	confidence float64 // NaN if it was none
	threshold  float64 // said with confidence
}

func (a *action) append(o *object) {
	o.text("action", a.name)
	if a.index >= 0 {
		o.integer("choice", int64(a.choice))
		o.integer("index", int64(a.index))
	}
	if a.confidence == a.confidence {
		o.number("confidence", a.confidence)
		o.number("threshold", a.threshold)
	}
	o.text("reason", a.reason)
}

// record is the latest confidence of a position.
type record struct {
	place      position.Position
	confidence host.Event
	dirty      bool // not told yet
}

func (r *record) append(o *object) {
	e, p := &r.confidence, &r.place
	o.open('{')
	o.integer("choice", int64(e.Choice))
	o.integer("index", int64(p.Index))
	o.integer("revision", int64(e.Revision))
	o.text("state", e.State.String())
	switch e.State {
	case session.Provisional, session.Final:
		o.number("raw", e.Raw)
		o.number("fused", e.Fused)
		o.text("source", e.Source.String())
	case session.Unavailable:
		o.text("reason", e.Reason.String())
	}
	o.text("kind", p.Kind.String())
	o.text("segment", p.Segment.String())
	o.integer("byte", p.Byte)
	o.integer("utf16", p.UTF16)
	o.integer("token", p.Token)
	o.truth("estimated", p.Estimated)
	o.close('}')
}

// appendTotal appends a choice's length.
func appendTotal(o *object, e *host.Event) {
	answer, reasoning := e.Total[position.Answer], e.Total[position.Reasoning]
	o.open('{')
	o.integer("choice", int64(e.Choice))
	o.integer("tokens", answer.Tokens)
	o.integer("reasoning_tokens", reasoning.Tokens)
	o.truth("estimated", answer.Estimated || reasoning.Estimated)
	if e.Missing != 0 {
		o.text("missing", e.Missing.String())
	}
	o.close('}')
}
