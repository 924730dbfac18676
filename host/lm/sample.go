package lm

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Alternative is a token that could have been sampled, and the natural logarithm of its
// probability.
type Alternative struct {
	ID      int
	Logprob float64
}

// TokenLogprob is a token, the natural logarithm of its probability given all tokens before
// it, and the most likely tokens at its position, the most likely first. The probability is
// that at temperature 1 without top_p, however the token was sampled. Logprob is NaN for
// the first token of a prompt.
type TokenLogprob struct {
	ID      int
	Logprob float64
	Top     []Alternative
}

// scratch is a worker's memory for sampling.
type scratch struct {
	weights []float32
	order   []int32
}

// sampler draws tokens. Its random numbers depend only on the seed and the completion's
// index.
type sampler struct {
	temperature, topP float64
	source            *rand.ChaCha8
}

func newSampler(seed uint64, index int, temperature, topP float64) sampler {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(index))
	return sampler{temperature, topP, rand.NewChaCha8(key)}
}

// uniform returns a random number in [0,1).
func (s *sampler) uniform() float64 { return float64(s.source.Uint64()>>11) / (1 << 53) }

// next draws a token from softmax(logits/temperature), cut to the smallest set of most
// likely tokens that have at least topP of the probability (nucleus sampling; Holtzman et
// al., arXiv 1904.09751). At temperature 0 it returns the most likely token; of several
// equally likely ones, the first.
func (s *sampler) next(logits []float32, w *scratch) int {
	if s.temperature == 0 {
		return argmax(logits)
	}
	w.weights = append(w.weights[:0], logits...)
	expAll(w.weights, float32(1/s.temperature))
	sum := 0.0
	for _, e := range w.weights {
		sum += float64(e)
	}
	if s.topP < 1 {
		return s.nucleus(w, s.topP*sum)
	}
	left, last := s.uniform()*sum, 0
	for i, e := range w.weights {
		if e > 0 {
			if left -= float64(e); left < 0 {
				return i
			}
			last = i
		}
	}
	return last
}

// nucleus draws from the most likely tokens that together have the given mass. A heap gives
// them in order: sorting the whole vocabulary would take longer than a step.
func (s *sampler) nucleus(w *scratch, mass float64) int {
	h := w.order[:0]
	for i := range w.weights {
		h = append(h, int32(i))
	}
	w.order = h
	before := func(a, b int32) bool {
		return w.weights[a] > w.weights[b] || w.weights[a] == w.weights[b] && a < b
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		sift(h, i, before)
	}
	kept, end := 0.0, len(h)
	for end > 0 {
		kept += float64(w.weights[h[0]])
		end--
		h[0], h[end] = h[end], h[0] // kept tokens are stored after the heap, the most likely last
		if kept >= mass {
			break
		}
		sift(h[:end], 0, before)
	}
	left := s.uniform() * kept
	for i := len(h) - 1; i > end; i-- {
		if left -= float64(w.weights[h[i]]); left < 0 {
			return int(h[i])
		}
	}
	return int(h[end])
}

// sift restores the order of a heap below index i.
func sift(h []int32, i int, before func(a, b int32) bool) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && before(h[c+1], h[c]) {
			c++
		}
		if !before(h[c], h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

func argmax(s []float32) int {
	best := 0
	for i, x := range s {
		if x > s[best] {
			best = i
		}
	}
	return best
}

// logprob returns the log-probability of id, and those of the most likely tokens; top is
// the number of these.
func logprob(logits []float32, id, top int) TokenLogprob {
	greatest, sum := maximum(logits), 0.0
	for _, x := range logits {
		sum += float64(exp32(x - greatest))
	}
	norm := float64(greatest) + math.Log(sum)
	t := TokenLogprob{ID: id, Logprob: min(0, float64(logits[id])-norm)}
	if top == 0 {
		return t
	}
	t.Top = make([]Alternative, 0, top+1)
	for i, x := range logits {
		n := len(t.Top)
		l := float64(x)
		if n == top && l <= t.Top[n-1].Logprob {
			continue
		}
		at := n
		for at > 0 && t.Top[at-1].Logprob < l {
			at--
		}
		t.Top = append(t.Top, Alternative{})
		copy(t.Top[at+1:], t.Top[at:])
		t.Top[at] = Alternative{i, l}
		t.Top = t.Top[:min(len(t.Top), top)]
	}
	for i := range t.Top {
		t.Top[i].Logprob = min(0, t.Top[i].Logprob-norm)
	}
	return t
}
