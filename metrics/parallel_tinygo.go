//go:build tinygo

package metrics

// finece.wasm has one thread.

func atOnce(n int, f func(int)) {
	for k := range n {
		f(k)
	}
}

func (s *sorter) sortPairs(conf []float64, correct []bool) (keys []uint64, right uint64, invalid int) {
	return s.sort(conf, correct)
}
