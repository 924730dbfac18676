//go:build !tinygo

package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// With leastForAll pairs or more, all processors sort.
const leastForAll = 1 << 16

// atOnce calls f with 0 to n-1 at the same time.
func atOnce(n int, f func(int)) {
	var all sync.WaitGroup
	for k := 1; k < n; k++ {
		all.Go(func() { f(k) })
	}
	f(0)
	all.Wait()
}

// sortPairs is sort on all processors. Each processor first spreads a part of the pairs over
// the buckets, and then sorts buckets until none is left. Within a bucket the parts keep
// their order, so the result is the same as that of sort.
func (s *sorter) sortPairs(conf []float64, correct []bool) (keys []uint64, right uint64, invalid int) {
	n := min(runtime.GOMAXPROCS(0), 16)
	if len(conf) < leastForAll || n == 1 {
		return s.sort(conf, correct)
	}
	return s.sortParts(conf, correct, n)
}

func (s *sorter) sortParts(conf []float64, correct []bool, n int) (keys []uint64, right uint64, invalid int) {
	for len(s.others) < n {
		s.others = append(s.others, new(sorter))
	}
	parts := s.others[:n]
	border := func(k int) int { return k * len(conf) / n }
	invalids, rights := make([]int, n), make([]uint64, n)
	atOnce(n, func(k int) { invalids[k] = parts[k].count(conf[border(k):border(k+1)]) })
	invalid = len(conf)
	for k := n - 1; k >= 0; k-- {
		if at := border(k) + invalids[k]; at < border(k+1) {
			invalid = at
		}
	}
	ends, largest := sharedOffsets(parts)
	total := int(ends[buckets-1])
	if cap(s.keys) < total {
		s.keys = make([]uint64, total)
	}
	keys = s.keys[:total]
	atOnce(n, func(k int) {
		rights[k] = parts[k].spread(conf[border(k):border(k+1)], correct[border(k):border(k+1)], keys)
	})
	var next atomic.Int32
	atOnce(n, func(k int) {
		p := parts[k]
		if cap(p.spare) < largest {
			p.spare = make([]uint64, largest)
		}
		for b := next.Add(1) - 1; b < buckets; b = next.Add(1) - 1 {
			from := uint32(0)
			if b > 0 {
				from = ends[b-1]
			}
			p.sortBucket(keys[from:ends[b]])
		}
	})
	for _, r := range rights {
		right += r
	}
	return keys, right, invalid
}

// sharedOffsets turns the counts of parts into the positions where their shares of the
// buckets start. It returns where the buckets end.
func sharedOffsets(parts []*sorter) (ends *[buckets]uint32, largest int) {
	ends = new([buckets]uint32)
	at := uint32(0)
	for b := range ends {
		from := at
		for _, p := range parts {
			count := p.first[b]
			p.first[b] = at
			at += count
		}
		ends[b] = at
		largest = max(largest, int(at-from))
	}
	return ends, largest
}
