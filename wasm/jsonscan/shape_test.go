package jsonscan

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

var entry = NewShape("token", "logprob", "bytes")

var entryKeys = NewKeys("token", "logprob", "bytes")

// entryOf has the values that a walk finds in one object.
type entryOf struct {
	Text, Bytes string
	Logprob     float64
}

// entries walks an array of objects, with the shape if it is given.
func entries(data []byte, shape *Shape, batch int) (list []entryOf, whole bool, err error) {
	var s Scanner
	s.Reset(data)
	if !s.EnterArray() {
		return nil, s.End(), s.Err()
	}
	values := make([]Values, batch)
	for shape != nil && batch > 0 {
		n := s.Shapes(shape, values)
		for _, v := range values[:n] {
			list = append(list, entryOf{string(v.Text), string(v.Array), v.Number})
		}
		if n < batch {
			break
		}
	}
	for s.NextElement() {
		e := entryOf{Logprob: math.Inf(1)}
		match := Unlike
		if shape != nil {
			var v Values
			if match = s.EnterShape(shape, &v); match != Unlike {
				e = entryOf{string(v.Text), string(v.Array), v.Number}
			}
		}
		if match == Whole || match == Unlike && !s.EnterObject() {
			list = append(list, e)
			continue
		}
		for n := s.NextField(entryKeys); n >= 0; n = s.NextField(entryKeys) {
			switch n {
			case 1:
				text, _ := s.Text()
				e.Text = string(text)
			case 2:
				if p, ok := s.Float(); ok {
					e.Logprob = p
				}
			case 3:
				e.Bytes = string(s.Raw())
			default:
				s.Skip()
			}
		}
		list = append(list, e)
	}
	return list, s.End(), s.Err()
}

// checkShapes compares the walk with a shape and the ordinary walk.
func checkShapes(t *testing.T, data []byte) {
	t.Helper()
	want, valid, wantErr := entries(data, nil, 0)
	for batch := range 4 {
		got, ok, err := entries(data, &entry, batch)
		if ok != valid {
			t.Fatalf("%q, batches of %d: valid %v, want %v (%v, %v)", data, batch, ok, valid, err, wantErr)
		}
		if valid && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q, batches of %d:\n%+v, want\n%+v", data, batch, got, want)
		}
		if !valid && err.Error() != wantErr.Error() {
			t.Fatalf("%q, batches of %d: %v, want %v", data, batch, err, wantErr)
		}
	}
}

func TestAShapeIsReadAsTheOrdinaryWalkReadsIt(t *testing.T) {
	pick := rand.New(rand.NewPCG(3, 4))
	one := func(choices ...string) string { return choices[pick.IntN(len(choices))] }
	mostly := func(usual string, others ...string) string {
		if pick.IntN(8) > 0 {
			return usual
		}
		return one(others...)
	}
	text := func() string {
		return one(`" the"`, `""`, `"\n\n"`, `"caf\u00e9"`, `"é"`, `"a rather long token"`, "\"\xff\"", `"\ud83d\ude00"`)
	}
	number := func() string {
		return mostly(fmt.Sprint(-pick.ExpFloat64()), "0", "-0", "-0.0009278989746235311", "1e5", "-9999.0", "01", "-", "1.", "null", "1e999",
			"18446744073709551616.5", "0.00000000000000000000000001234567890123456789")
	}
	naturals := func() string {
		return mostly(one("[32]", "[32,116,104,101]", "[226,128,156]", "[0]", "[1,2,3,4,5,6,7,8,9,10,11,12]"),
			"[]", "null", "[01]", "[1,]", "[,1]", "[1,,2]", "[ 1]", "[1 ,2]", "[-1]", "[1.5]", "[1", `["a"]`, "[0,00]", "[10,0,100]", "[12345678,9]", "[1234567,09]", "[[1]]")
	}
	valid := 0
	for range 200_000 {
		object := mostly(`{`, ` {`, `{ `) + `"token":` + mostly("", " ") + text() + mostly(`,`, ` ,`, `, `) +
			`"logprob":` + number() + mostly(",", " ,", ", ") + `"bytes":` + naturals() +
			mostly("", `,"top_logprobs":[]`, `,"x":1`, ",", " ") + mostly("}", "", " }", "]")
		data := []byte("[" + object + mostly("", ","+object, ", "+object, ","+object+","+object, ",") + mostly("]", "", "}"))
		if json.Valid(data) {
			valid++
		}
		checkShapes(t, data)
	}
	if valid < 20_000 {
		t.Errorf("only %d of the inputs are JSON", valid)
	}
}

func FuzzShapes(f *testing.F) {
	f.Add([]byte(`[{"token":"a","logprob":-0.5,"bytes":[97]},{"token":"b","logprob":-1.5,"bytes":[98],"x":1}]`))
	f.Add([]byte(`[{"token":"\u00e9","logprob":-0.31326165795326233,"bytes":[195,169]}]`))
	f.Fuzz(func(t *testing.T, data []byte) { checkShapes(t, data) })
}

func TestAShapeInsideTooManyContainersIsRefused(t *testing.T) {
	inner := []byte(`{"token":"a","logprob":-0.5,"bytes":[97,98,99,100]}            `)
	for depth := MaxDepth - 3; depth <= MaxDepth; depth++ {
		var s Scanner
		data := make([]byte, 0, 2*depth+len(inner))
		for range depth {
			data = append(data, '[')
		}
		data = append(data, inner...)
		for range depth {
			data = append(data, ']')
		}
		s.Reset(data)
		for range depth {
			if !s.EnterArray() || !s.NextElement() {
				t.Fatal(s.Err())
			}
		}
		var v Values
		if match, fits := s.EnterShape(&entry, &v), depth+2 <= MaxDepth; (match == Whole) != fits {
			t.Errorf("in %d containers: %v", depth, match)
		}
	}
}
