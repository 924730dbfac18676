package lm

import (
	"container/list"
	"slices"
)

// pageTokens is how many positions a page of the key-value cache holds. Products
// with a page run along its positions, so shorter pages would leave gonum's
// kernels more calls than work; 128 took the same time as 64 and twice the
// memory for the ends of texts, and from 193 on Gemm starts goroutines.
const pageTokens = 64

// page is the keys and values of pageTokens positions in all layers: for each
// layer KVHeads*HeadDim rows of pageTokens numbers with the keys, then as many
// with the values. So a row of scores is a query times a block of the keys, and
// the attention's output is that row times the transpose of a block of the
// values.
//
// What several use, or what the cache knows, is not written to any more.
type page struct {
	data  []float32
	users int

	// of what the cache knows
	known  bool
	id     uint64        // of its contents and all before it
	before uint64        // id of the page before it; 0 for none
	tokens []int32       // at its positions; fewer than pageTokens at the end of a text
	idle   *list.Element // its place in pool.idle, while it has no users
}

// pool is the memory of a key-value cache, bounded, and what is in it of former
// texts. Only the engine's loop uses it.
//
// A sequence reserves all pages that it may need before it begins, so it
// never has to wait half-way: inUse + reserved <= limit. The other pages are
// free, or idle: nobody uses them, and the next text with the same beginning
// finds them. The idle page that was used the longest ago is the next to go.
type pool struct {
	size     int // numbers in a page
	limit    int // pages
	made     int
	inUse    int // pages with users
	reserved int
	free     []*page
	idle     *list.List
	known    map[uint64][]*page // by the id of the page before
	last     uint64             // id given
}

func newPool(c Config, limit int) *pool {
	return &pool{size: c.Layers * 2 * c.kvWidth() * pageTokens, limit: limit, idle: list.New(), known: map[uint64][]*page{}}
}

// reserve reports whether n more pages can be had, and sets them aside.
func (p *pool) reserve(n int) bool {
	if p.inUse+p.reserved+n > p.limit {
		return false
	}
	p.reserved += n
	return true
}

// get is a page for new contents, of those reserved.
func (p *pool) get() *page {
	var got *page
	switch {
	case len(p.free) > 0:
		got = p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
	case p.made < p.limit:
		got = &page{data: make([]float32, p.size)}
		p.made++
	default:
		got = p.idle.Remove(p.idle.Front()).(*page)
		got.idle = nil
		p.forget(got)
	}
	got.users = 1
	p.reserved--
	p.inUse++
	return got
}

func (p *pool) forget(g *page) {
	siblings := p.known[g.before]
	siblings = slices.DeleteFunc(siblings, func(s *page) bool { return s == g })
	if p.known[g.before] = siblings; len(siblings) == 0 {
		delete(p.known, g.before)
	}
	g.known, g.id, g.before, g.tokens = false, 0, 0, nil
}

func (p *pool) use(g *page) {
	if g.users == 0 {
		p.idle.Remove(g.idle)
		g.idle = nil
		p.inUse++
	}
	g.users++
}

func (p *pool) drop(g *page) {
	if g.users--; g.users > 0 {
		return
	}
	p.inUse--
	if !g.known {
		p.free = append(p.free, g)
		return
	}
	g.idle = p.idle.PushBack(g)
}

// dropAll drops the last page first: of what is idle, the ends of texts go
// before their beginnings.
func (p *pool) dropAll(pages []*page) {
	for i := len(pages) - 1; i >= 0; i-- {
		p.drop(pages[i])
	}
}

// publish makes a page known, with the tokens at its positions, and returns it;
// or the page that is known already with the same. What it makes superfluous, idle
// pages with a beginning of it, is freed.
func (p *pool) publish(g *page, before uint64, tokens []int32) *page {
	if g.known {
		return g
	}
	for _, s := range p.known[before] {
		if common(s.tokens, tokens) == len(tokens) {
			if len(s.tokens) > len(tokens) {
				return g // stays as it is: the other is somebody else's text
			}
			p.use(s)
			p.drop(g)
			return s
		}
	}
	for _, s := range slices.Clone(p.known[before]) {
		if s.users == 0 && common(s.tokens, tokens) == len(s.tokens) {
			p.idle.Remove(s.idle)
			s.idle = nil
			p.forget(s)
			p.free = append(p.free, s)
		}
	}
	p.last++
	g.known, g.id, g.before, g.tokens = true, p.last, before, slices.Clone(tokens)
	p.known[before] = append(p.known[before], g)
	return g
}

// find returns the longest prefix of tokens that the pool has: full pages, and the page that begins
// with part of the tokens after them, or nil. It counts one more user for each of these pages.
func (p *pool) find(tokens []int32) (full []*page, part *page, shared int) {
	var before uint64
	for {
		part, shared = nil, 0
		for _, s := range p.known[before] {
			if n := common(s.tokens, tokens); n > shared {
				part, shared = s, n
			}
		}
		if part == nil {
			return full, nil, 0
		}
		p.use(part)
		if shared < pageTokens {
			return full, part, shared
		}
		full, before, tokens = append(full, part), part.id, tokens[pageTokens:]
	}
}

func common(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// copyFrom copies the first n positions of another page.
func (g *page) copyFrom(o *page, n int) {
	for at := 0; at < len(g.data); at += pageTokens {
		copy(g.data[at:at+n], o.data[at:at+n])
	}
}
