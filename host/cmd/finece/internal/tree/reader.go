package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/wasm/jsonscan"
)

// reader reads the input. at is its position.
type reader struct {
	data  []byte
	at    int
	scan  jsonscan.Scanner
	tree  bci.Tree
	edits []edit
	open  []frame // the nodes that are open, from the root down
}

// frame is an open node.
type frame struct {
	node     int32
	child    int // its number among its siblings
	last     int // where its last member ends; 0 before the first
	children int // read so far
	conf     bool
	next     bool
	fused    bool
}

// edit replaces data[from:to] by the value of a node. With insert it adds a whole member
// instead.
type edit struct {
	from, to int
	node     int32
	insert   bool
}

func (r *reader) space() {
	for r.at < len(r.data) && bytes.IndexByte([]byte(" \t\r\n"), r.data[r.at]) >= 0 {
		r.at++
	}
}

// peek returns the next byte that is not white space, or 0 at the end.
func (r *reader) peek() byte {
	if r.space(); r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

// take consumes c if c is next.
func (r *reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) path() error {
	r.at++
	for first := true; !r.take(']'); first = false {
		where := func() string { return fmt.Sprintf("$[%d]", len(r.tree.Conf)) }
		if !first && !r.take(',') {
			return r.fail(where(), "want a comma or the end of the array")
		}
		v, err := r.confidence(where)
		if err != nil {
			return err
		}
		r.tree.Conf = append(r.tree.Conf, v)
	}
	return nil
}

// confidence reads a number in [0,1], or null as NaN.
func (r *reader) confidence(where func() string) (float64, error) {
	r.space()
	begin := r.at
	raw, kind, err := r.value(where)
	if err != nil {
		return 0, err
	}
	switch kind {
	case jsonscan.Null:
		return math.NaN(), nil
	case jsonscan.Number:
		v, err := strconv.ParseFloat(string(raw), 64)
		if err == nil && v >= 0 && v <= 1 {
			return v, nil
		}
	}
	r.at = begin
	return 0, r.fail(where(), "want a number from 0 to 1, or null where it is missing, not "+short(raw))
}

// value reads one value of any kind.
func (r *reader) value(where func() string) ([]byte, jsonscan.Kind, error) {
	r.space()
	r.scan.Reset(r.data[r.at:])
	kind := r.scan.Kind()
	raw := r.scan.Raw()
	if err := r.scan.Err(); err != nil {
		detail := err.Error()
		if syntax := (*jsonscan.SyntaxError)(nil); errors.As(err, &syntax) {
			detail = "want " + syntax.Want
		}
		if kind == jsonscan.Invalid && r.at < len(r.data) {
			return nil, kind, r.fail(where(), detail+", not "+short(r.data[r.at:]))
		}
		r.at += r.scan.Offset()
		return nil, kind, r.fail(where(), detail)
	}
	r.at += len(raw)
	return raw, kind, nil
}

func (r *reader) fail(where, detail string) error {
	if r.at >= len(r.data) {
		detail += ", but the input ends here"
	}
	return &Error{where, r.at, detail}
}

// where returns the path of the innermost open node.
func (r *reader) where() string {
	const shown = 4
	var b strings.Builder
	b.WriteByte('$')
	for i := 1; i < len(r.open); i++ {
		if i == shown+1 && len(r.open) > 2*shown+2 {
			i = len(r.open) - shown
			fmt.Fprintf(&b, "...(%d more)...", i-shown-1)
		}
		fmt.Fprintf(&b, ".next[%d]", r.open[i].child)
	}
	return b.String()
}

func (r *reader) member(key string) func() string {
	return func() string { return r.where() + "." + key }
}

// nodes reads a tree.
func (r *reader) nodes() error {
	r.open = r.open[:0]
	if r.peek() != '{' {
		return r.fail("$", "want a path such as [0.2, 0.9], or a tree such as {\"conf\": 0.2, \"next\": [{\"conf\": 0.5}]}")
	}
	r.begin(0)
	for len(r.open) > 0 {
		if err := r.step(); err != nil {
			return err
		}
	}
	return nil
}

// begin enters the node whose brace is next.
func (r *reader) begin(child int) {
	r.at++
	parent := int32(-1)
	if n := len(r.open); n > 0 {
		parent = r.open[n-1].node
	}
	r.open = append(r.open, frame{node: int32(len(r.tree.Conf)), child: child})
	r.tree.Conf = append(r.tree.Conf, math.NaN())
	r.tree.Parent = append(r.tree.Parent, parent)
}

// step reads the next member of the innermost node, or leaves the node at its end. If the member
// is "next", it enters the first child.
func (r *reader) step() error {
	f := &r.open[len(r.open)-1]
	if r.peek() == '}' {
		return r.leave()
	}
	if f.last > 0 && !r.take(',') {
		return r.fail(r.where(), "want a comma or the end of the node")
	}
	if r.peek() != '"' {
		return r.fail(r.where(), "want a key")
	}
	raw, _, err := r.value(r.where)
	if err != nil {
		return err
	}
	var key string
	if err := json.Unmarshal(raw, &key); err != nil {
		return r.fail(r.where(), "want a key: "+err.Error())
	}
	if !r.take(':') {
		return r.fail(r.where(), "want a colon after "+short(raw))
	}
	r.space()
	switch key {
	case "conf":
		err = r.conf(f)
	case "next":
		var entered bool
		if entered, err = r.next(f); entered {
			return err
		}
	default:
		begin := r.at
		_, _, err = r.value(r.member(key))
		if key == "fused" && err == nil {
			if f.fused {
				return r.fail(r.where(), `two "fused"`)
			}
			f.fused = true
			r.edits = append(r.edits, edit{begin, r.at, f.node, false})
		}
	}
	f.last = r.at
	return err
}

func (r *reader) conf(f *frame) (err error) {
	if f.conf {
		return r.fail(r.where(), `two "conf"`)
	}
	f.conf = true
	r.tree.Conf[f.node], err = r.confidence(r.member("conf"))
	return err
}

// next enters the array of children and its first node. If the array is empty or null, entered
// is false.
func (r *reader) next(f *frame) (entered bool, err error) {
	if f.next {
		return true, r.fail(r.where(), `two "next"`)
	}
	f.next = true
	if r.peek() != '[' {
		raw, kind, err := r.value(r.member("next"))
		if err == nil && kind != jsonscan.Null {
			err = r.fail(r.member("next")(), "want an array of nodes, not "+short(raw))
		}
		return false, err
	}
	r.at++
	if r.take(']') {
		return false, nil
	}
	return true, r.child(f)
}

func (r *reader) child(f *frame) error {
	if r.peek() != '{' {
		where := fmt.Sprintf("%s.next[%d]", r.where(), f.children)
		return r.fail(where, "want a node such as {\"conf\": 0.5}, not "+short(r.data[r.at:]))
	}
	f.children++
	r.begin(f.children - 1)
	return nil
}

// leave ends the innermost node and enters its next sibling, if there is one.
func (r *reader) leave() error {
	f := r.open[len(r.open)-1]
	if !f.conf {
		return r.fail(r.where(), `no "conf": give null where it is missing`)
	}
	if !f.fused {
		r.edits = append(r.edits, edit{f.last, f.last, f.node, true})
	}
	r.at++
	r.open = r.open[:len(r.open)-1]
	if len(r.open) == 0 {
		return nil
	}
	parent := &r.open[len(r.open)-1]
	switch {
	case r.take(','):
		return r.child(parent)
	case r.take(']'):
		parent.last = r.at
		return nil
	}
	return r.fail(r.where()+".next", "want a comma or the end of the array")
}

// short shows a piece of the input.
func short(raw []byte) string {
	const limit = 24
	if len(raw) == 0 {
		return "the end"
	}
	if i := bytes.IndexAny(raw, "\r\n"); i >= 0 {
		raw = raw[:i]
	}
	if len(raw) > limit {
		return strconv.Quote(string(raw[:limit])) + "..."
	}
	return strconv.Quote(string(raw))
}
