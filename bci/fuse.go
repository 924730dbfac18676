package bci

import (
	"errors"
	"math"
	"strconv"
)

// Params are the parameters of the integration.
type Params struct {
	Alpha float64 // the revision coefficient a, in [0,1]; 1 keeps every confidence
	Depth int     // the fusion depth d: how many steps each node looks ahead
	Width int     // the fusion width w: how many continuations are averaged
}

// Validate returns an error about the first field that is out of range, or nil.
func (p Params) Validate() error {
	switch {
	case !(p.Alpha >= 0 && p.Alpha <= 1):
		return errors.New("bci: Alpha is " + number(p.Alpha) + ": want a number in [0,1]")
	case p.Depth < 0:
		return errors.New("bci: Depth is " + strconv.Itoa(p.Depth) + ": want at least 0")
	case p.Width < 0:
		return errors.New("bci: Width is " + strconv.Itoa(p.Width) + ": want at least 0")
	}
	return nil
}

// depth is the number of steps to look ahead.
func (p Params) depth() int {
	if p.Width == 0 {
		return 0
	}
	return p.Depth
}

// fuse is one step of the integration.
func (p Params) fuse(conf, ahead float64) float64 {
	return float64(p.Alpha*conf) + float64((1-p.Alpha)*ahead)
}

// Tree is a question with its sampled continuations, in flat arrays of one length. There
// may be several roots, and so several trees.
type Tree struct {
	Conf   []float64 // the confidence of each node, in [0,1]; NaN where missing
	Parent []int32   // the index of each node's parent, less than the node's own; -1 for a root
}

// Fuse returns the fused confidence of every node of t, and NaN where Conf is NaN. Each
// node looks Depth steps ahead from itself over its first Width children. The result is
// in dst if dst has the capacity; dst may be t.Conf. If t is not valid (see [Tree]), the
// error names the first wrong node.
func Fuse(dst []float64, t Tree, p Params) ([]float64, error) {
	if len(t.Parent) != len(t.Conf) {
		return nil, errors.New("bci: a tree has " + strconv.Itoa(len(t.Conf)) + " confidences and " +
			strconv.Itoa(len(t.Parent)) + " parents: want as many of each")
	}
	for i, parent := range t.Parent {
		if int64(parent) >= int64(i) || parent < -1 {
			return nil, errors.New("bci: the parent of node " + strconv.Itoa(i) + " is " + strconv.Itoa(int(parent)) +
				": want an earlier node, or -1 for a root")
		}
	}
	return fuse(dst, t, p)
}

// FusePath is [Fuse] on a path: each node is the child of the node before it.
func FusePath(dst, conf []float64, p Params) ([]float64, error) {
	return fuse(dst, Tree{Conf: conf}, p)
}

// fuse computes a tree with valid parents. A tree with Parent nil is a path.
func fuse(dst []float64, t Tree, p Params) ([]float64, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	n := len(t.Conf)
	if n > math.MaxInt32 {
		return nil, errors.New("bci: " + strconv.Itoa(n) + " nodes: want at most 2147483647")
	}
	for i, c := range t.Conf {
		if c < 0 || c > 1 {
			return nil, errors.New("bci: the confidence of node " + strconv.Itoa(i) + " is " + number(c) +
				": want a number in [0,1], or NaN where it is missing")
		}
	}
	if cap(dst) < n {
		dst = make([]float64, n)
	}
	dst = dst[:n]
	conf := t.Conf
	if p.depth() > 0 && n > 0 && &dst[0] == &conf[0] {
		conf = append([]float64(nil), conf...)
	}
	for i, c := range conf {
		dst[i] = max(c, 0) // as in Window: -0 becomes 0
	}
	if p.depth() == 0 {
		return dst, nil
	}
	g := link(t, p.Width)
	sum := make([]float64, n)
	if p.Depth >= g.height {
		// Every node looks ahead up to its endpoints. So the final value of each
		// child is known before that of its parent.
		g.sweep(dst, conf, sum, p, true)
		return dst, nil
	}
	for range p.Depth {
		clear(sum)
		if !g.sweep(dst, conf, sum, p, false) {
			break
		}
	}
	return dst, nil
}

// graph is a tree with the missing nodes taken out.
type graph struct {
	parent []int32 // if the node is among the first Width children, its parent; else -1
	count  []int32 // how many of these children each node has
	height int     // the longest path through these children, in steps
}

const none = -1

func link(t Tree, width int) graph {
	n := len(t.Conf)
	g := graph{parent: make([]int32, n), count: make([]int32, n)}
	// near is the node itself if it has an estimate, or else its nearest ancestor with one.
	near := make([]int32, n)
	for i, c := range t.Conf {
		up := int32(none)
		if t.Parent != nil {
			up = t.Parent[i]
		} else if i > 0 {
			up = int32(i - 1)
		}
		if up >= 0 {
			up = near[up]
		}
		if c != c {
			near[i], g.parent[i] = up, none
			continue
		}
		near[i] = int32(i)
		if up >= 0 && int(g.count[up]) < width {
			g.count[up]++
		} else {
			up = none
		}
		g.parent[i] = up
	}
	heights := near
	clear(heights)
	for i := n - 1; i >= 0; i-- {
		if up := g.parent[i]; up >= 0 {
			heights[up] = max(heights[up], heights[i]+1)
		}
		g.height = max(g.height, int(heights[i]))
	}
	return g
}

// sweep computes F(j,k) from f = F(j,k-1) in place, and reports whether any value changed.
// It visits children before their parents. Each child adds its value from before this
// sweep to its parent's sum; if full is true, it adds its new value instead. sum must
// be all zero.
func (g *graph) sweep(f, conf, sum []float64, p Params, full bool) bool {
	changed := false
	for i := len(f) - 1; i >= 0; i-- {
		before := f[i]
		after := before
		if k := g.count[i]; k > 0 {
			after = p.fuse(conf[i], sum[i]/float64(k))
			f[i] = after
			changed = changed || after != before
		}
		if full {
			before = after
		}
		if up := g.parent[i]; up >= 0 {
			sum[up] += before
		}
	}
	return changed
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
