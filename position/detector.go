package position

import "math"

// maxHeld is how many positions can wait for a paragraph end before them.
const maxHeld = 16

// Detector finds positions in one answer while it streams. It is not safe for
// concurrent use.
type Detector struct {
	o     Options
	lines Kind // the strategies of o that end paragraphs or lines
	texts [segments]text
	cur   Segment // the segment of the last text
	next  int     // the next index
	known bool    // the entropy of at least one token was known
	ended bool
}

// New returns a Detector, or the error of [Options.Validate].
func New(o Options) (*Detector, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	d := &Detector{o: o, lines: o.Strategy & (Paragraph | Line)}
	d.Reset()
	return d, nil
}

// Reset makes d ready for another answer. It keeps its buffers.
func (d *Detector) Reset() {
	old := d.texts
	*d = Detector{o: d.o, lines: d.lines, next: 1}
	for i := range d.texts {
		s := &d.texts[i]
		s.segment = Segment(i)
		for k := range s.draws {
			s.draws[k].top = old[i].draws[k].top
			s.draws[k].forget()
		}
		s.item = -1
		s.periodic = math.MaxInt64
		s.entropy = math.MaxInt64
		if s.segment == Refusal {
			continue
		}
		if d.o.Strategy&Periodic != 0 {
			s.periodic = int64(d.o.Every)
		}
		if d.o.Strategy&Entropy != 0 {
			s.entropy = 0
		}
	}
}

// Question returns p(0), the question alone. It is the same for every answer.
func (d *Detector) Question() Position {
	return Position{Kind: Question, EntropyLo: math.NaN(), EntropyHi: math.NaN()}
}

// Feed takes the next token. It appends to out the positions that are known now. It
// allocates only to grow out and, in the beginning, for its copies of Top. A token of an
// unknown segment is ignored, and so is any token after End.
func (d *Detector) Feed(t *Token, out []Position) []Position {
	if d.ended || t.Segment >= segments {
		return out
	}
	if t.Segment != d.cur && len(t.Text) > 0 {
		out = d.leave(out)
		d.cur = t.Segment
	}
	s := &d.texts[t.Segment]
	if !t.Counted {
		if len(t.Text) == 0 {
			return out
		}
		s.estimated = true
		s.next().forget()
		return d.release(s, d.scan(s, t.Text, false, out))
	}

	s.est = 0
	if s.tokens >= s.periodic { // after text that was estimated
		out = d.firePeriodic(s, s.bytes, out)
	}
	s.tokens++
	s.next().set(t)
	out = d.scan(s, t.Text, true, out)
	if s.tokens >= s.periodic {
		out = d.firePeriodic(s, s.bytes, out)
	}
	if due := s.tokens >= s.entropy && s.last > 0; due || !d.known {
		lo, _ := s.draws[s.now].bounds()
		d.known = d.known || lo == lo
		if due && lo > d.o.EntropyThreshold {
			s.entropy = s.tokens + int64(d.o.MinGap)
			out = d.hold(s, s.candidate(Entropy, s.bytes), out)
		}
	}
	return d.release(s, out)
}

// End says that the answer is complete. It appends the end of a reasoning paragraph that
// is still open, and the positions that were held back. The last one is p(z), of kind
// [End], at the end of segment Answer, which may be empty. Calling End again appends
// nothing.
func (d *Detector) End(out []Position) []Position {
	if d.ended {
		return out
	}
	if d.cur == Reasoning {
		out = d.leave(out)
	}
	s := &d.texts[Answer]
	out = d.finishLine(s, out)
	out = d.emitBefore(s, s.last, out)
	d.ended = true
	return d.emit(s.candidate(End, s.bytes), out)
}

// Total returns the number of tokens of segment s so far, and whether it is an
// estimate.
func (d *Detector) Total(s Segment) (tokens int64, estimated bool) {
	if s >= segments {
		return 0, false
	}
	return d.texts[s].tokens, d.texts[s].estimated
}

// Missing returns the requested strategies that have had no data so far. This can
// only be Entropy: Missing returns it if there was text, but no token with a known
// entropy.
func (d *Detector) Missing() Kind {
	if d.known || d.texts[Answer].bytes == 0 && d.texts[Reasoning].bytes == 0 {
		return 0
	}
	return d.o.Strategy & Entropy
}

// leave ends the open paragraph of the current segment when text of another segment
// begins. The end of a reasoning paragraph is emitted at once. A paragraph of the answer
// may be the last one, so its end waits for more text.
func (d *Detector) leave(out []Position) []Position {
	s := &d.texts[d.cur]
	if d.cur == Refusal {
		return out
	}
	s.est = 0
	if s.tokens >= s.periodic {
		out = d.firePeriodic(s, s.bytes, out)
	}
	out = d.finishLine(s, out)
	s.line, s.blocks = line{}, noBlocks
	s.breakAt(d.lines, d.o.MinLength)
	if d.cur == Reasoning {
		if s.brk != 0 {
			out = d.confirm(s, out)
		}
		out = d.emitBefore(s, s.last+1, out)
		s.held.n, s.open = 0, false
	}
	return out
}

// emit gives p its index and appends it.
func (d *Detector) emit(p Position, out []Position) []Position {
	p.Index = d.next
	d.next++
	d.texts[p.Segment].emitted = p.Byte
	return append(out, p)
}

func (d *Detector) firePeriodic(s *text, at int64, out []Position) []Position {
	s.periodic += int64(d.o.Every)
	return d.hold(s, s.candidate(Periodic, at), out)
}

// hold keeps p, which lies at the end of the text so far, until text follows p. It
// drops p if the text has no characters yet, or if p's offset has a position already.
// It also drops p if maxHeld positions wait for an undecided paragraph end.
func (d *Detector) hold(s *text, p Position, out []Position) []Position {
	out = d.release(s, out)
	if s.last > 0 && p.Byte > s.emitted {
		s.held.add(p)
	}
	return out
}

// release emits the held positions that text follows, unless the end of an undecided
// paragraph may come before them.
func (d *Detector) release(s *text, out []Position) []Position {
	if s.held.n == 0 {
		return out
	}
	limit := s.last
	if s.brk != 0 || s.line.undecided {
		limit = min(limit, s.end.Byte)
	}
	return d.emitBefore(s, limit, out)
}

// emitBefore emits the held positions with offsets below limit.
func (d *Detector) emitBefore(s *text, limit int64, out []Position) []Position {
	n := 0
	for n < s.held.n && s.held.p[n].Byte < limit {
		out = d.emit(s.held.p[n], out)
		n++
	}
	s.held.drop(n)
	return out
}

// confirm emits the position at the end of the paragraph, merged with the positions held
// in the white space after the paragraph.
func (d *Detector) confirm(s *text, out []Position) []Position {
	p := s.end
	p.Kind = s.brk
	out = d.emitBefore(s, p.Byte, out)
	n := 0
	for n < s.held.n && (s.gap < 0 || s.held.p[n].Byte <= s.gap) {
		p.meet(&s.held.p[n])
		n++
	}
	s.held.drop(n)
	s.brk, s.open = 0, false
	return d.emit(p, out)
}

// held is a short queue of positions in the order of their offsets.
type held struct {
	p [maxHeld]Position
	n int
}

func (h *held) add(p Position) {
	if h.n > 0 && h.p[h.n-1].Byte == p.Byte {
		last := &h.p[h.n-1]
		last.Token = p.Token
		last.meet(&p)
	} else if h.n < maxHeld {
		h.p[h.n] = p
		h.n++
	}
}

func (h *held) drop(n int) {
	if n > 0 {
		h.n = copy(h.p[:], h.p[n:h.n])
	}
}

// meet adds the kinds of q to p, and the entropy of q if q is an Entropy position.
func (p *Position) meet(q *Position) {
	p.Kind |= q.Kind
	if q.Kind&Entropy != 0 {
		p.EntropyLo, p.EntropyHi = q.EntropyLo, q.EntropyHi
	}
}
