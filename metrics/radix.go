package metrics

import (
	"math"
	"math/bits"
)

// A key has one pair in one word: the bits of the confidence, and in the lowest bit whether
// the answer is correct. The bits of numbers in [0,1] have the same order as the numbers,
// and their top bit is free.
func makeKey(conf float64, correct bool) uint64 {
	k := math.Float64bits(conf+0) << 1 // -0 + 0 is 0
	if correct {
		k |= 1
	}
	return k
}

func keyConf(k uint64) float64 { return math.Float64frombits(k >> 1) }

const (
	// The pass that fills 512 buckets has them all in the processor's cache. With 2048
	// buckets it takes a quarter longer.
	firstBits  = 9
	secondBits = 12
	buckets    = 1 << firstBits
	subBuckets = 1 << secondBits
	radixBits  = 11 // bits of a digit in sortBits
	// Up to smallBucket keys, an insertion sort is the fastest. From largeBucket keys on,
	// the second digit leaves too many keys together.
	smallBucket = 16
	largeBucket = 1 << 16
)

// digits maps a confidence to two digits. Rounding and truncation are monotone, so digits is
// monotone, too. The digits only guide the sort. At the end, it compares the confidences
// themselves.
func digits(conf float64) int { return int(conf * (1<<(firstBits+secondBits) - 1)) }

// sorter holds the scratch space of sort.
type sorter struct {
	keys, spare []uint64
	first       [buckets]uint32
	second      [subBuckets]uint32
	others      []*sorter // one for each processor, see sortPairs
}

// sort returns the keys of the valid pairs in ascending order of confidence, the number of
// correct ones, and the index of the first confidence that is not valid. Pairs of the same
// confidence may have any order.
//
// Time is linear. One pass spreads the pairs over buckets by the first digit. Each bucket is
// then spread by the second digit, in the processor's cache. An insertion sort puts the keys
// of equal digits in order. A bucket that is too full for this is radix-sorted by all bits.
func (s *sorter) sort(conf []float64, correct []bool) (keys []uint64, right uint64, invalid int) {
	invalid = s.count(conf)
	total, largest := offsets(s.first[:])
	if cap(s.keys) < total {
		s.keys = make([]uint64, total)
	}
	if cap(s.spare) < largest {
		s.spare = make([]uint64, largest)
	}
	keys = s.keys[:total]
	right = s.spread(conf, correct, keys)
	start := uint32(0)
	for _, end := range s.first[:] { // where each bucket now ends; no copy of the array
		s.sortBucket(keys[start:end])
		start = end
	}
	return keys, right, invalid
}

// count counts the pairs of each bucket. It returns the index of the first confidence that is
// not valid, or len(conf).
func (s *sorter) count(conf []float64) (invalid int) {
	clear(s.first[:])
	invalid = len(conf)
	for i, v := range conf {
		if valid(v) {
			s.first[digits(v)>>secondBits%buckets]++
		} else {
			invalid = min(invalid, i)
		}
	}
	return invalid
}

// spread puts the keys of the valid pairs in their buckets. It returns how many pairs are
// correct.
func (s *sorter) spread(conf []float64, correct []bool, keys []uint64) (right uint64) {
	for i, v := range conf {
		if valid(v) {
			at := &s.first[digits(v)>>secondBits%buckets]
			k := makeKey(v, correct[i])
			right += k & 1
			keys[*at] = k
			*at++
		}
	}
	return right
}

func valid(v float64) bool { return v >= 0 && v <= 1 }

// offsets turns counts into the positions where the buckets start.
func offsets(count []uint32) (total, largest int) {
	at := uint32(0)
	for i, c := range count {
		count[i] = at
		at += c
		largest = max(largest, int(c))
	}
	return int(at), largest
}

func (s *sorter) sortBucket(keys []uint64) {
	if len(keys) <= smallBucket {
		insertionSort(keys, len(keys)*len(keys))
		return
	}
	spare := s.spare[:len(keys)]
	if len(keys) < largeBucket {
		// The upper bits of the second digit, for about as many cells as keys.
		used := min(bits.Len(uint(len(keys))), secondBits)
		shift := uint(secondBits-used) & 31
		count := s.second[:1<<used]
		clear(count)
		for _, k := range keys {
			count[digits(keyConf(k))%subBuckets>>shift]++
		}
		offsets(count)
		for _, k := range keys {
			at := &count[digits(keyConf(k))%subBuckets>>shift]
			spare[*at] = k
			*at++
		}
		copy(keys, spare)
		if insertionSort(keys, 8*len(keys)) {
			return
		}
	}
	s.sortBits(keys, spare)
}

// sortBits is a radix sort by all bits of the keys.
func (s *sorter) sortBits(keys, spare []uint64) {
	from, to := keys, spare
	count := s.second[:1<<radixBits] // no longer in use
	for shift := uint(0); shift < 64; shift += radixBits {
		clear(count)
		for _, k := range from {
			count[k>>(shift&63)%(1<<radixBits)]++
		}
		if _, largest := offsets(count); largest == len(from) {
			continue // all keys share this digit
		}
		for _, k := range from {
			at := &count[k>>(shift&63)%(1<<radixBits)]
			to[*at] = k
			*at++
		}
		from, to = to, from
	}
	copy(keys, from)
}

// insertionSort sorts nearly sorted keys by confidence. After about budget moves it gives up
// and returns false.
func insertionSort(keys []uint64, budget int) bool {
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		if keys[i-1]>>1 <= k>>1 {
			continue
		}
		j := i
		for ; j > 0 && keys[j-1]>>1 > k>>1; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
		if budget -= i - j; budget < 0 {
			return false
		}
	}
	return true
}
