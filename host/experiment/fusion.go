package experiment

import (
	"math"

	"github.com/finece/finece/bci"
)

// DefaultAlpha is the revision coefficient of the tables.
const DefaultAlpha = 0.5

// Fusion is the quality of the fused confidences at p(1), for one revision coefficient
// (Alpha), depth and width.
type Fusion struct {
	Alpha        float64
	Depth, Width int
	Quality      Quality
	Scored       float64 // scored nodes, on average, including the position's own
	Sampled      float64 // sampled continuations, on average
}

// largest returns the depth and the width of the largest trees.
func largest(records []*Record) (depth, width int) {
	for _, r := range records {
		for i := range r.Points {
			if t := r.Points[i].Tree; t != nil {
				d, w := t.shape()
				depth, width = max(depth, d), max(width, w)
			}
		}
	}
	return depth, width
}

func (d *Domain) fusions(records []*Record, seed uint64) error {
	deepest, widest := largest(records)
	if deepest == 0 {
		return nil
	}
	shapes := [][2]int{{0, 0}}
	for depth := range deepest {
		for width := 2; width < widest; width += 2 {
			shapes = append(shapes, [2]int{depth + 1, width})
		}
		shapes = append(shapes, [2]int{depth + 1, widest})
	}
	for _, s := range shapes {
		f, err := fusion(records, bci.Params{Alpha: DefaultAlpha, Depth: s[0], Width: s[1]}, seed)
		if err != nil {
			return err
		}
		d.Fusions = append(d.Fusions, *f)
	}
	for alpha := range 11 {
		f, err := fusion(records, bci.Params{Alpha: float64(alpha) / 10, Depth: deepest, Width: widest}, seed)
		if err != nil {
			return err
		}
		d.Alphas = append(d.Alphas, *f)
	}
	return nil
}

// fusion measures the integrated confidences of p(1) at the points that have a tree.
func fusion(records []*Record, params bci.Params, seed uint64) (*Fusion, error) {
	f := &Fusion{Alpha: params.Alpha, Depth: params.Depth, Width: params.Width}
	n := 0
	read := fused(params)
	p := pairs(records, At{ByParagraph, First}, func(p *Point) (float64, bool) {
		v, ok := read(p)
		if ok {
			scored, sampled := p.Tree.within(params.Depth, params.Width)
			f.Scored += float64(scored)
			f.Sampled += float64(sampled)
			n++
		}
		return v, ok
	})
	f.Scored /= float64(max(n, 1))
	f.Sampled /= float64(max(n, 1))
	var err error
	f.Quality, err = p.quality(seed)
	return f, err
}

// fused reads the integrated confidence of a point with a tree. There is none if package
// bci refuses the tree.
func fused(params bci.Params) reading {
	return func(p *Point) (float64, bool) {
		if p.Tree == nil {
			return 0, false
		}
		all, err := bci.Fuse(nil, bci.Tree{Conf: p.Tree.Confidence, Parent: p.Tree.Parent}, params)
		if err != nil || math.IsNaN(all[0]) {
			return 0, false
		}
		return all[0], true
	}
}

// shape returns the tree's depth and the most children of a node.
func (t *Tree) shape() (depth, width int) {
	depths := make([]int, len(t.Parent))
	children := make([]int, len(t.Parent))
	for i, parent := range t.Parent {
		if parent >= 0 {
			depths[i] = depths[parent] + 1
			children[parent]++
			width = max(width, children[parent])
		}
		depth = max(depth, depths[i])
	}
	return depth, width
}

// within returns how many nodes of the tree are within a depth and a width, and how many
// of these were sampled: all but the root.
func (t *Tree) within(depth, width int) (scored, sampled int) {
	depths := make([]int, len(t.Parent))
	children := make([]int, len(t.Parent))
	in := make([]bool, len(t.Parent))
	for i, parent := range t.Parent {
		if parent < 0 {
			in[i] = true
			scored++
			continue
		}
		depths[i] = depths[parent] + 1
		children[parent]++
		if in[i] = in[parent] && depths[i] <= depth && children[parent] <= width; in[i] {
			scored++
			sampled++
		}
	}
	return scored, sampled
}
