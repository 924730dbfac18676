package lm

import (
	"container/list"
	"slices"
)

// pageTokens is the number of positions in a page of the key-value cache. Products with a
// page run along its positions, so with shorter pages gonum's kernels would do little work
// per call. 128 positions took the same time as 64, and twice the memory for the ends of
// texts. From 193 positions on, Gemm starts goroutines.
const pageTokens = 64

// page has the keys and values of pageTokens positions in all layers. Each layer has
// KVHeads*HeadDim rows of pageTokens numbers for the keys, and as many for the values. So a
// row of scores is a query times a block of keys, and the attention's output is that row
// times the transpose of a block of values.
//
// A page that has several users, or that the cache knows, is no longer written to.
type page struct {
	data  []float32
	users int // sequences that use the page

	// set while the page is in the cache
	known  bool
	id     uint64        // identifies the contents of this page and of all pages before it
	before uint64        // id of the page before; 0 for none
	tokens []int32       // tokens at its positions; fewer than pageTokens at the end of a text
	idle   *list.Element // its place in pool.idle while it has no users
}

// pool is the bounded memory of the key-value cache. It also keeps pages of former texts.
// Only the engine's loop uses it.
//
// A sequence reserves all pages that it may need before it begins, so it never has to wait
// halfway: inUse + reserved <= limit. The other pages are free or idle. An idle page has no
// users, but a text with the same beginning can use it again. If a page is needed, the idle
// page that was used the longest ago is taken.
type pool struct {
	size     int // numbers in a page
	limit    int // most pages
	made     int // pages allocated so far
	inUse    int // pages with users
	reserved int // pages set aside
	free     []*page
	idle     *list.List
	known    map[uint64][]*page // pages in the cache, by the id of the page before
	last     uint64             // the last id that was given to a page
}

func newPool(c Config, limit int) *pool {
	return &pool{size: c.Layers * 2 * c.kvWidth() * pageTokens, limit: limit, idle: list.New(), known: map[uint64][]*page{}}
}

// reserve sets n pages aside, and reports whether there were enough.
func (p *pool) reserve(n int) bool {
	if p.inUse+p.reserved+n > p.limit {
		return false
	}
	p.reserved += n
	return true
}

// get returns one of the reserved pages, for new contents.
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

// forget removes a page from the cache.
func (p *pool) forget(g *page) {
	siblings := p.known[g.before]
	siblings = slices.DeleteFunc(siblings, func(s *page) bool { return s == g })
	if p.known[g.before] = siblings; len(siblings) == 0 {
		delete(p.known, g.before)
	}
	g.known, g.id, g.before, g.tokens = false, 0, 0, nil
}

// use adds a user to a page.
func (p *pool) use(g *page) {
	if g.users == 0 {
		p.idle.Remove(g.idle)
		g.idle = nil
		p.inUse++
	}
	g.users++
}

// drop removes a user from a page.
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

// dropAll drops the last page first, so ends of texts are evicted before beginnings.
func (p *pool) dropAll(pages []*page) {
	for i := len(pages) - 1; i >= 0; i-- {
		p.drop(pages[i])
	}
}

// publish puts a page with the given tokens into the cache, and returns it. If the cache
// already has a page with the same tokens, publish returns that page instead. Idle pages
// that have only a beginning of the tokens are freed.
func (p *pool) publish(g *page, before uint64, tokens []int32) *page {
	if g.known {
		return g
	}
	for _, s := range p.known[before] {
		if common(s.tokens, tokens) == len(tokens) {
			if len(s.tokens) > len(tokens) {
				return g // the cached page belongs to a longer text; g stays out of the cache
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

// copyFrom copies the first n positions from another page.
func (g *page) copyFrom(o *page, n int) {
	for at := 0; at < len(g.data); at += pageTokens {
		copy(g.data[at:at+n], o.data[at:at+n])
	}
}
