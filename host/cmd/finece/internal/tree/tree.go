// Package tree reads the JSON input of `finece fuse`, and writes it with the fused confidences
// added.
//
// A value is a path, an array such as [0.2, null, 0.9], or a tree of nodes such
// as {"conf": 0.2, "next": [{"conf": 0.5}, {"conf": null}]}; null is a missing
// estimate. A tree is otherwise unchanged, byte for byte: the result is the input with "fused"
// inserted in every node.
//
// The reader has a stack of its own, so a tree may be as deep as memory allows. Values of other
// keys may be nested jsonscan.MaxDepth deep.
package tree

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/finece/finece/bci"
)

// Error says what is wrong with the input, and where.
type Error struct {
	Path   string // such as $.next[1].conf
	Offset int    // in bytes
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (byte %d): %s", e.Path, e.Offset, e.Detail)
}

// Fuse appends the fused form of each JSON value in data, one line for each. The error is an
// [*Error] or about p. The result also has the values before an error.
func Fuse(dst, data []byte, p bci.Params) ([]byte, error) {
	r := reader{data: data}
	r.space()
	for {
		begin := r.at
		r.tree = bci.Tree{}
		r.edits = r.edits[:0]
		isPath := r.peek() == '['
		var err error
		if isPath {
			err = r.path()
		} else {
			err = r.nodes()
		}
		if err != nil {
			return dst, err
		}
		fused, err := fuse(r.tree, p, isPath)
		if err != nil {
			return dst, err
		}
		if isPath {
			dst = appendPath(dst, fused)
		} else {
			dst = r.appendEdited(dst, begin, fused)
		}
		dst = append(dst, '\n')
		if r.space(); r.at == len(r.data) {
			return dst, nil
		}
	}
}

func fuse(t bci.Tree, p bci.Params, isPath bool) ([]float64, error) {
	if isPath {
		return bci.FusePath(nil, t.Conf, p)
	}
	return bci.Fuse(nil, t, p)
}

// appendEdited appends the tree that begins at begin, with its fused values.
func (r *reader) appendEdited(dst []byte, begin int, fused []float64) []byte {
	at := begin
	for _, e := range r.edits {
		dst = append(dst, r.data[at:e.from]...)
		if e.insert {
			dst = append(dst, `,"fused":`...)
		}
		dst = appendNumber(dst, fused[e.node])
		at = e.to
	}
	return append(dst, r.data[at:r.at]...)
}

func appendPath(dst []byte, fused []float64) []byte {
	dst = append(dst, '[')
	for i, v := range fused {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendNumber(dst, v)
	}
	return append(dst, ']')
}

// appendNumber appends v as JSON, NaN as null.
func appendNumber(dst []byte, v float64) []byte {
	if math.IsNaN(v) {
		return append(dst, "null"...)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, text...)
}
