package lm

// sequence is tokens with their keys and values: a prompt on its way in, or a
// completion on its way out.
type sequence struct {
	pages  []*page
	chain  uint64  // id of the last full page
	tokens []int32 // whose keys and values are there, and those to come
	n      int     // of tokens, how many have keys and values
	quota  int     // pages reserved and not yet got
}

func pagesFor(tokens int) int { return (tokens + pageTokens - 1) / pageTokens }

// resume puts what is known of the sequence's beginning in its place, and
// reserves pages for all its tokens and spare more. It reports whether there is
// room.
func (s *sequence) resume(p *pool, spare int, known bool) bool {
	var full []*page
	var part *page
	var shared int
	if known {
		full, part, shared = p.find(s.tokens[:len(s.tokens)-1]) // the last token is run for its logits
	}
	need := pagesFor(len(s.tokens)) - len(full)
	ok := p.reserve(need + spare)
	if !ok && part != nil { // which counts as in use, and perhaps was not
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

// room makes sure that there are pages to write the next count positions to, and
// that nobody else knows them.
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

// wrote notes that count more positions are written.
func (s *sequence) wrote(p *pool, count int) {
	for range count {
		if s.n++; s.n%pageTokens == 0 {
			at := s.n/pageTokens - 1
			s.pages[at] = p.publish(s.pages[at], s.chain, s.tokens[s.n-pageTokens:s.n])
			s.chain = s.pages[at].id
		}
	}
}

// publish makes the last page known as far as it is written.
func (s *sequence) publish(p *pool) {
	if at := s.n / pageTokens; s.n%pageTokens > 0 {
		s.pages[at] = p.publish(s.pages[at], s.chain, s.tokens[at*pageTokens:s.n])
	}
}

// release gives everything back.
func (s *sequence) release(p *pool) {
	p.dropAll(s.pages)
	p.reserved -= s.quota
	s.pages, s.quota = nil, 0
}
