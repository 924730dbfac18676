package main

import (
	"encoding/json"
	"math"
	"strconv"
)

// object writes a JSON object with its keys in a given order.
type object struct {
	b []byte
}

func (o *object) begin() { o.b = append(o.b, '{') }
func (o *object) end()   { o.b = append(o.b, '}') }

func (o *object) key(name string) {
	if last := o.b[len(o.b)-1]; last != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) integer(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

// number writes null for what is no number.
func (o *object) number(name string, v float64) {
	o.key(name)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		o.b = append(o.b, "null"...)
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	o.b = append(o.b, text...)
}

func (o *object) text(name, v string) {
	o.key(name)
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	o.b = append(o.b, text...)
}

func (o *object) yes(name string) {
	o.key(name)
	o.b = append(o.b, "true"...)
}

func (o *object) raw(name string, v []byte) {
	o.key(name)
	o.b = append(o.b, v...)
}

// place writes the keys that say where a position is.
func (o *object) place(a *answer, p *place) {
	o.integer("index", int64(p.Index))
	o.text("kind", p.Kind.String())
	o.integer("byte", p.Byte)
	o.integer("utf16", p.UTF16)
	o.integer("token", p.Token)
	o.number("ratio", a.ratio(p))
}
