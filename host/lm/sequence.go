package lm

// sequence has tokens with their keys and values: a prompt that is being read, or a
// completion that is being written.
type sequence struct {
	pages  []*page
	chain  uint64 // id of the last full page
	tokens []int32
	n      int // the first n tokens have keys and values in pages
	quota  int // pages that are reserved and not used yet
}

func pagesFor(tokens int) int { return (tokens + pageTokens - 1) / pageTokens }

// resume takes the beginning of the sequence from the cache (if known is true), and
// reserves pages for its other tokens and spare further pages. It reports whether there
// is room.
func (s *sequence) resume(p *pool, spare int, known bool) bool {
	var full []*page
	var part *page
	var shared int
	if known {
		full, part, shared = p.find(s.tokens[:len(s.tokens)-1]) // the last token is always computed, for its logits
	}
	need := pagesFor(len(s.tokens)) - len(full)
	ok := p.reserve(need + spare)
	if !ok && part != nil { // part counts as in use now, and was perhaps idle
		p.drop(part)
		part = nil
		ok = p.reserve(need + spare)
	}
	if !ok {
		p.dropAll(full)
		return false
	}
	s.pages, s.quota, s.n = full, need, len(full)*pageTokens
	if len(full) > 0 {
		s.chain = full[len(full)-1].id
	}
	if part != nil {
		s.room(p, 1)
		s.pages[len(full)].copyFrom(part, shared)
		s.n += shared
		p.drop(part)
	}
	return true
}

// room makes sure that there are pages for the next count positions. The first of them is
// copied if another sequence or the cache uses it.
func (s *sequence) room(p *pool, count int) {
	first := s.n / pageTokens
	if first < len(s.pages) && (s.pages[first].users > 1 || s.pages[first].known) {
		s.quota--
		own, g := p.get(), s.pages[first]
		own.copyFrom(g, s.n%pageTokens)
		p.drop(g)
		s.pages[first] = own
	}
	for len(s.pages) < pagesFor(s.n+count) {
		s.quota--
		s.pages = append(s.pages, p.get())
	}
}

// wrote notes that count more positions have keys and values. Full pages go to the cache.
func (s *sequence) wrote(p *pool, count int) {
	for range count {
		if s.n++; s.n%pageTokens == 0 {
			at := s.n/pageTokens - 1
			s.pages[at] = p.publish(s.pages[at], s.chain, s.tokens[s.n-pageTokens:s.n])
			s.chain = s.pages[at].id
		}
	}
}

// publish puts the written part of the last page into the cache.
func (s *sequence) publish(p *pool) {
	if at := s.n / pageTokens; s.n%pageTokens > 0 {
		s.pages[at] = p.publish(s.pages[at], s.chain, s.tokens[at*pageTokens:s.n])
	}
}

// release gives all pages and reservations back.
func (s *sequence) release(p *pool) {
	p.dropAll(s.pages)
	p.reserved -= s.quota
	s.pages, s.quota = nil, 0
}
