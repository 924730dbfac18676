package metrics

import (
	"math"
	"math/bits"

	"github.com/finece/finece/metrics/portable"
)

// pointBlock is how many pairs pointsOfKeys takes at a time. They stay in the processor's cache.
const pointBlock = 1 << 10

// pointsOfKeys adds sorted pairs to the tally, the Brier score and the NLL. It takes each pair on
// its own. Tied groups would give the same sums, because these are exact. It does not branch on
// whether a pair is correct, because a processor cannot predict that.
func (t *together) pointsOfKeys(keys []uint64, brier, nll *sum) {
	var terms [pointBlock]float64
	for len(keys) > 0 {
		block := keys[:min(len(keys), pointBlock)]
		keys = keys[len(block):]
		some := terms[:len(block)]
		if keyConf(block[0]) < NLLEpsilon || keyConf(block[len(block)-1]) > 1-NLLEpsilon {
			for _, k := range block {
				t.clipped += addNLL(nll, &group{keyConf(k), k & 1, 1 - k&1})
			}
		} else {
			for i, k := range block {
				v := keyConf(k)
				some[i] = -portable.Log(either(k, v, 1-v))
			}
			nll.addAll(some)
		}
		for i, k := range block {
			v := keyConf(k)
			d := either(k, 1-v, v)
			some[i] = d * d
		}
		brier.addAll(some)
		t.tally.addSortedMoments(block, some)
	}
}

// either returns right if the pair of a key is correct, else wrong.
func either(k uint64, right, wrong float64) float64 {
	isRight := -(k & 1)
	return math.Float64frombits(math.Float64bits(right)&isRight | math.Float64bits(wrong)&^isRight)
}

// addSortedMoments is addSorted with the moments. buffer has as many places as there are keys.
func (t *tally) addSortedMoments(keys []uint64, buffer []float64) {
	for guess := 0; len(keys) > 0; {
		i, v := t.placeFrom(guess, keyConf(keys[0]))
		guess = i
		s := &t.slots[i]
		if !t.fixedFrom(i, v) {
			right := keys[0] & 1
			t.add(i, v, right, 1-right)
			s.addMoments(v, right, 1-right)
			keys = keys[1:]
			continue
		}
		// As run, which has no moments.
		limit := t.last(i)
		var conf, confRight uint128
		var right, carry uint64
		n := 0
		for _, k := range keys {
			if k > limit {
				break
			}
			v := keyConf(k)
			buffer[n] = v * v
			n++
			right += k & 1
			m := fixedOf(k)
			conf.lo, carry = bits.Add64(conf.lo, m, 0)
			conf.hi += carry
			confRight.lo, carry = bits.Add64(confRight.lo, m&-(k&1), 0)
			confRight.hi += carry
		}
		s.right += right
		s.wrong += uint64(n) - right
		s.conf.addFixed(conf)
		s.confRight.addFixed(confRight)
		s.square.addAll(buffer[:n])
		keys = keys[n:]
	}
}

// addAll adds each number once. It first adds up the significands of each exponent, which takes
// less time than add.
func (s *sum) addAll(all []float64) {
	const (
		least = 1023 - 56            // exponent of 2^-56; the last one is that of 2^7
		most  = 1 << (63 - mantBits) // so many significands do not overflow
	)
	for len(all) > 0 {
		some := all[:min(len(all), most)]
		all = all[len(some):]
		var significands [64]uint64
		for _, x := range some {
			b := math.Float64bits(x)
			e := b>>mantBits - least
			if e >= uint64(len(significands)) {
				s.add(x, 1)
				continue
			}
			significands[e] += b&mantMask | 1<<mantBits
		}
		for e, m := range significands {
			if m != 0 {
				s.add(math.Float64frombits(uint64(e+least-mantBits)<<mantBits), m)
			}
		}
	}
}
