// Package jsonline writes a JSON object with its keys in a given order.
package jsonline

import (
	"encoding/json"
	"math"
	"strconv"
)

// Object is a JSON object that is being written.
type Object struct {
	B []byte
}

func (o *Object) Begin() { o.B = append(o.B, '{') }
func (o *Object) End()   { o.B = append(o.B, '}') }

func (o *Object) Key(name string) {
	if last := o.B[len(o.B)-1]; last != '{' {
		o.B = append(o.B, ',')
	}
	o.B = append(append(append(o.B, '"'), name...), '"', ':')
}

func (o *Object) Integer(name string, v int64) {
	o.Key(name)
	o.B = strconv.AppendInt(o.B, v, 10)
}

// Number writes null for what is no number.
func (o *Object) Number(name string, v float64) {
	o.Key(name)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		o.B = append(o.B, "null"...)
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	o.B = append(o.B, text...)
}

func (o *Object) Text(name, v string) {
	o.Key(name)
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null")
	}
	o.B = append(o.B, text...)
}

func (o *Object) Yes(name string) {
	o.Key(name)
	o.B = append(o.B, "true"...)
}

func (o *Object) Raw(name string, v []byte) {
	o.Key(name)
	o.B = append(o.B, v...)
}
