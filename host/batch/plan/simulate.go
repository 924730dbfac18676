package plan

import (
	"container/heap"
	"math"
	"math/rand/v2"
)

// simulation is cores that take shards one after the other. A core reads a shard, scores it
// and writes its lines. The store serves one request after the other, at its full speed.
type simulation struct {
	in          *Input
	rng         *rand.Rand
	cores       cores
	losses      [][]float64 // of each worker, when it is lost; as far as needed
	read, write float64     // when the store is free
}

// core is when a core of a worker is free.
type core struct {
	free   float64
	worker int
}

type cores []core

func (c cores) Len() int           { return len(c) }
func (c cores) Less(i, j int) bool { return c[i].free < c[j].free }
func (c cores) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cores) Push(x any)        { *c = append(*c, x.(core)) }
func (c *cores) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

func newSimulation(in *Input) *simulation {
	s := &simulation{in: in, rng: rand.New(rand.NewPCG(in.Seed, 1)), losses: make([][]float64, in.Workers)}
	for w := range in.Workers {
		for range in.Cores {
			s.cores = append(s.cores, core{in.Start, w})
		}
	}
	return s
}

// run returns when the last shard is done, and how many shards were scored again.
func (s *simulation) run() (end float64, repeated int64) {
	in := s.in
	left := float64(in.Answers)
	again := []float64(nil) // answers of shards that were lost
	for left > 0 || len(again) > 0 {
		c := heap.Pop(&s.cores).(core)
		var n float64
		if len(again) > 0 {
			n, again = again[len(again)-1], again[:len(again)-1]
		} else {
			n = math.Min(left, in.perShard())
			left -= n
		}
		begin := c.free
		done := begin
		if in.Read > 0 {
			s.read = math.Max(s.read, begin) + n*in.In/in.Read
			done = s.read
		}
		done += n * in.answerSeconds() * s.noise()
		lost := s.lostAfter(c.worker, begin)
		if done < lost && in.Write > 0 {
			s.write = math.Max(s.write, done) + n*in.Out/in.Write
			done = s.write
		}
		if done >= lost {
			again = append(again, n)
			repeated++
			c.free = lost + in.Start
		} else {
			c.free = done
			end = math.Max(end, done)
		}
		heap.Push(&s.cores, c)
	}
	return end, repeated
}

// noise is a factor with mean 1 and the spread of the input (log-normal).
func (s *simulation) noise() float64 {
	if s.in.Spread == 0 {
		return 1
	}
	variance := math.Log1p(s.in.Spread * s.in.Spread)
	return math.Exp(math.Sqrt(variance)*s.rng.NormFloat64() - variance/2)
}

// lostAfter is when a worker is lost next, after some time. It is lost with all its cores.
func (s *simulation) lostAfter(worker int, after float64) float64 {
	if s.in.Lost == 0 {
		return math.Inf(1)
	}
	all := s.losses[worker]
	for len(all) == 0 || all[len(all)-1] <= after {
		last := 0.0
		if len(all) > 0 {
			last = all[len(all)-1]
		}
		all = append(all, last+s.rng.ExpFloat64()/s.in.Lost*3600)
	}
	s.losses[worker] = all
	for i := len(all) - 1; ; i-- {
		if i == 0 || all[i-1] <= after {
			return all[i]
		}
	}
}
