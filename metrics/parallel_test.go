package metrics

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestSortPairsIsSort: all processors together give the same result as one.
func TestSortPairsIsSort(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	for _, shape := range shapes {
		conf, correct := simulated(leastForAll+12345, shape.draw)
		for _, broken := range [][]int{nil, {70_000, 60_000}, {3}} {
			conf := slices.Clone(conf)
			for i, at := range broken {
				conf[at] = []float64{2, math.NaN()}[i]
			}
			want, right, invalid := new(sorter).sort(conf, correct)
			s := new(sorter)
			for range 2 { // the second time with memory that is allocated already
				keys, r, in := s.sortPairs(conf, correct)
				if r != right || in != invalid || !slices.IsSortedFunc(keys, func(a, b uint64) int { return cmp.Compare(a>>1, b>>1) }) || sumOf(keys) != sumOf(want) || len(keys) != len(want) {
					t.Errorf("%s, broken %v: %d keys with %d right, first invalid %d; want %d, %d, %d", shape.name, broken, len(keys), r, in, len(want), right, invalid)
				}
				for i := range keys {
					if keys[i]>>1 != want[i]>>1 {
						t.Fatalf("%s, broken %v: key %d is %x, want %x", shape.name, broken, i, keys[i], want[i])
					}
				}
			}
		}
	}
}

// sumOf is a checksum of a set of keys. It does not depend on their order.
func sumOf(keys []uint64) (sum uint64) {
	for _, k := range keys {
		sum += mix(k)
	}
	return sum
}
