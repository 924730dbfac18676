package record

import (
	"strconv"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// writer appends the members of a JSON object. Keys need no escapes.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *writer) whole(name string, v int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writer) number(name string, v float64) {
	w.key(name)
	w.b = jsonscan.AppendFloat(w.b, v)
}

func (w *writer) truth(name string, v bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) text(name, v string) {
	w.key(name)
	w.b = jsonscan.AppendString(w.b, []byte(v))
}

func (w *writer) texts(name string, list []string) {
	w.key(name)
	w.b = append(w.b, '[')
	for i, v := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = jsonscan.AppendString(w.b, []byte(v))
	}
	w.b = append(w.b, ']')
}

// kinds appends the names of the kinds in k as an array.
func (w *writer) kinds(name string, k position.Kind) {
	w.key(name)
	w.b = append(w.b, '[')
	separator := ""
	for ; k != 0; k &= k - 1 {
		w.b = append(append(w.b, separator...), '"')
		w.b = append(append(w.b, (k&-k).String()...), '"')
		separator = ","
	}
	w.b = append(w.b, ']')
}
