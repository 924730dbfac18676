package metrics

import "math"

// The state of an accumulator as bytes. Workers on different machines exchange these to
// merge their accumulators. Numbers are LEB128 varints in their shortest form, unless a
// length is given. Equal states give equal bytes.
//
//	"FCM" version(1)=1 rule(1) regime(1) bins rejected
//	regime 0, exact: count, then count times, ascending
//	    confidence (8, float64, little-endian) right wrong
//	regime 1, folded:
//	    for each slot: right wrong, and the sums conf confRight square
//	    the sums conf, brier and nll; clipped
//	    number of cells with pairs, then for each of them, ascending
//	        its index minus the previous index (-1 at first), minus 1; right wrong
//	a sum: number of words without leading zero words (1), number of trailing
//	    zero words (1), the words between, lowest first (8 each, little-endian)
const (
	codecMagic   = "FCM"
	codecVersion = 1
	regimeExact  = 0
	regimeFolded = 1
)

// AppendBinary appends the state to buf. The error is always nil; the method has one to be
// an encoding.BinaryAppender.
func (a *Accumulator) AppendBinary(buf []byte) ([]byte, error) {
	buf = append(buf, codecMagic...)
	regime := byte(regimeExact)
	if a.folded != nil {
		regime = regimeFolded
	}
	buf = append(buf, codecVersion, byte(a.binning.Rule), regime)
	buf = appendUint(buf, uint64(a.binning.Bins))
	buf = appendUint(buf, a.rejected)
	if a.folded != nil {
		return a.folded.append(buf), nil
	}
	groups := a.exact.sorted(nil)
	buf = appendUint(buf, uint64(len(groups)))
	for _, g := range groups {
		buf = appendFixed(buf, math.Float64bits(g.conf))
		buf = appendUint(buf, g.right)
		buf = appendUint(buf, g.wrong)
	}
	return buf, nil
}

func (f *folded) append(buf []byte) []byte {
	for i := range f.slots {
		s := &f.slots[i]
		buf = appendUint(buf, s.right)
		buf = appendUint(buf, s.wrong)
		buf = s.conf.append(buf)
		buf = s.confRight.append(buf)
		buf = s.square.append(buf)
	}
	buf = f.conf.append(buf)
	buf = f.brier.append(buf)
	buf = f.nll.append(buf)
	buf = appendUint(buf, f.clipped)
	used := uint64(0)
	for _, c := range f.cells {
		if c.right+c.wrong > 0 {
			used++
		}
	}
	buf = appendUint(buf, used)
	before := -1
	for i, c := range f.cells {
		if c.right+c.wrong == 0 {
			continue
		}
		buf = appendUint(buf, uint64(i-before-1))
		buf = appendUint(buf, c.right)
		buf = appendUint(buf, c.wrong)
		before = i
	}
	return buf
}

func (s *sum) append(buf []byte) []byte {
	length := sumWords
	for length > 0 && s[length-1] == 0 {
		length--
	}
	skip := 0
	for skip < length && s[skip] == 0 {
		skip++
	}
	buf = append(buf, byte(length), byte(skip))
	for _, w := range s[skip:length] {
		buf = appendFixed(buf, w)
	}
	return buf
}

func appendUint(buf []byte, v uint64) []byte {
	for v >= 0x80 {
		buf = append(buf, byte(v)|0x80)
		v >>= 7
	}
	return append(buf, byte(v))
}

func appendFixed(buf []byte, v uint64) []byte {
	for i := range 8 {
		buf = append(buf, byte(v>>(8*i)))
	}
	return buf
}

// ParseAccumulator reads a state that AppendBinary wrote. data must contain nothing else. The
// error is [ErrFormat] for other bytes. With hostile bytes, memory is bounded by their number,
// and the figures of an accepted state are in their ranges.
func ParseAccumulator(data []byte) (*Accumulator, error) {
	r := reader{data: data}
	for i := range len(codecMagic) {
		r.require(r.byte() == codecMagic[i])
	}
	r.require(r.byte() == codecVersion)
	rule, regime := Rule(r.byte()), r.byte()
	r.require(regime <= regimeFolded)
	bins := r.uint()
	// A slot takes at least 8 bytes, so a folded state of many bins is long.
	r.require(bins >= 1 && bins <= MaxBins && (regime == regimeExact || bins <= uint64(len(data))/8))
	rejected := r.uint()
	if r.failed || rejected > maxPairs {
		return nil, ErrFormat
	}
	a, err := NewAccumulator(Binning{rule, int(bins)})
	if err != nil {
		return nil, ErrFormat
	}
	a.rejected = rejected
	if regime == regimeExact {
		r.readExact(a)
	} else {
		r.readFolded(a)
	}
	if r.failed || len(r.data) != 0 {
		return nil, ErrFormat
	}
	return a, nil
}

// reader consumes data; after a failure it reads zeros.
type reader struct {
	data   []byte
	failed bool
}

func (r *reader) require(ok bool) {
	if !ok {
		r.failed = true
		r.data = nil
	}
}

func (r *reader) byte() byte {
	if len(r.data) == 0 {
		r.failed = true
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

// uint reads a varint of at most 2^56-1 in its shortest form.
func (r *reader) uint() (v uint64) {
	for shift := uint(0); shift < 56; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			r.require(b != 0 || shift == 0)
			return v
		}
	}
	r.require(false)
	return 0
}

func (r *reader) fixed() (v uint64) {
	for i := range 8 {
		v |= uint64(r.byte()) << (8 * i)
	}
	return v
}

// pairs reads two counts and adds them to the totals, which stay within maxPairs.
func (r *reader) pairs(totalRight, totalWrong *uint64) (right, wrong uint64) {
	right, wrong = r.uint(), r.uint()
	*totalRight += right
	*totalWrong += wrong
	r.require(right <= maxPairs && wrong <= maxPairs && *totalRight+*totalWrong <= maxPairs)
	return right, wrong
}

func (r *reader) readExact(a *Accumulator) {
	count := r.uint()
	r.require(count <= MaxDistinct)
	before := -1.0
	for i := uint64(0); i < count && !r.failed; i++ {
		b := r.fixed()
		conf := math.Float64frombits(b)
		r.require(conf > before && conf <= 1 && b>>63 == 0)
		right, wrong := r.pairs(&a.right, &a.wrong)
		r.require(right+wrong > 0)
		if r.failed {
			return
		}
		a.exact.add(conf, right, wrong)
		before = conf
	}
}

func (r *reader) readFolded(a *Accumulator) {
	f := newFolded(a.binning)
	a.folded, a.exact = f, distinct{}
	for i := range f.slots {
		if r.failed {
			return
		}
		s := &f.slots[i]
		s.right, s.wrong = r.pairs(&a.right, &a.wrong)
		r.sum(&s.conf, s.size())
		r.sum(&s.confRight, s.right)
		r.sum(&s.square, s.size())
	}
	n := a.N()
	r.require(n > MaxDistinct)
	r.sum(&f.conf, n)
	r.sum(&f.brier, n)
	r.sum(&f.nll, n*64)
	f.clipped = r.uint()
	used := r.uint()
	r.require(f.clipped <= n && used <= cellCount)
	var right, wrong uint64
	next := uint64(0)
	for ; used > 0 && !r.failed; used-- {
		next += r.uint()
		if next >= cellCount {
			r.require(false)
			return
		}
		c := &f.cells[next]
		c.right, c.wrong = r.pairs(&right, &wrong)
		r.require(c.right+c.wrong > 0)
		next++
	}
	r.require(right == a.right && wrong == a.wrong)
}

// sum reads a sum of at most limit.
func (r *reader) sum(s *sum, limit uint64) {
	length, skip := int(r.byte()), int(r.byte())
	r.require(length <= sumWords && skip <= length && (skip < length || length == 0))
	for i := skip; i < length && !r.failed; i++ {
		s[i] = r.fixed()
	}
	if length > 0 && !r.failed {
		r.require(s[length-1] != 0 && s[skip] != 0)
	}
	r.require(s.value() <= float64(limit))
}
