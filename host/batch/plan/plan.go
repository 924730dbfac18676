// Package plan says what a large batch takes on many workers: on paper, and by a simulation
// of the shards that workers take one after the other.
//
// On paper there are three limits: what the cores can score, and what the store can read
// and write. The slowest one is the bottleneck. The simulation adds what paper leaves out:
// shards that take longer than others, the last shards of a job, for which most workers
// wait, and workers that are lost, whose shards are scored again.
package plan

import (
	"errors"
	"fmt"
	"math"
)

// Input is what a plan is made of. All fields are needed, except those that may be 0.
type Input struct {
	Answers int64   // how many
	Rate    float64 // answers a second on a core
	Spread  float64 // standard deviation of a shard's time, as a share of its mean; may be 0
	In, Out float64 // bytes of an answer as it is read, and of a line of output

	Workers int
	Cores   int     // of a worker
	Shard   float64 // bytes that a core reads at a time
	Read    float64 // bytes a second that the store gives to all workers together; 0 is no limit
	Write   float64 // bytes a second that it takes; 0 is no limit
	Start   float64 // seconds until a worker begins
	Lost    float64 // how often an hour a worker is lost; may be 0

	CoreHour float64 // price of an hour of a core
	Transfer float64 // price of 1e9 bytes, read or written

	Seed uint64
}

// mostShards bounds the simulation.
const mostShards = 20_000_000

// Validate says what is wrong, or nil.
func (in *Input) Validate() error {
	positive := func(v float64) bool { return v > 0 && !math.IsInf(v, 0) }
	atLeast0 := func(v float64) bool { return v >= 0 && !math.IsInf(v, 0) }
	switch {
	case in.Answers < 1 || in.Workers < 1 || in.Cores < 1:
		return errors.New("plan: there has to be at least one answer, worker and core")
	case !positive(in.Rate) || !positive(in.In) || !positive(in.Shard):
		return errors.New("plan: the rate, the bytes of an answer and those of a shard have to be greater than 0")
	case !atLeast0(in.Out) || !atLeast0(in.Spread) || !atLeast0(in.Read) || !atLeast0(in.Write) || !atLeast0(in.Start) || !atLeast0(in.Lost) || !atLeast0(in.CoreHour) || !atLeast0(in.Transfer):
		return errors.New("plan: no number may be less than 0")
	case in.shards() > mostShards:
		return fmt.Errorf("plan: %.0f shards: want at most %d; make them larger", in.shards(), mostShards)
	case in.Lost*(in.perShard()*in.answerSeconds()+in.Start) > 3600:
		return errors.New("plan: a worker is lost before it has scored a shard; make shards smaller")
	}
	return nil
}

func (in *Input) perShard() float64      { return math.Max(1, math.Floor(in.Shard/in.In)) }
func (in *Input) shards() float64        { return math.Ceil(float64(in.Answers) / in.perShard()) }
func (in *Input) answerSeconds() float64 { return 1 / in.Rate } // of a core

// Limits are the seconds that each limit alone would take.
type Limits struct {
	Cores float64 `json:"cores"`
	Read  float64 `json:"read"`
	Write float64 `json:"write"`
}

// Plan is what a batch takes.
type Plan struct {
	Limits     Limits  `json:"limits_s"`
	Bottleneck string  `json:"bottleneck"` // cores, read or write
	Paper      float64 `json:"paper_s"`    // the largest limit, and the start
	Simulated  float64 `json:"simulated_s"`
	Shards     int64   `json:"shards"`
	Repeated   int64   `json:"repeated_shards"` // scored again, because a worker was lost
	CoreHours  float64 `json:"core_hours"`      // of all workers from the start to the end
	Busy       float64 `json:"busy"`            // the share of these in which cores scored what was kept
	Bytes      float64 `json:"bytes"`           // read and written
	Cost       float64 `json:"cost"`
	Million    float64 `json:"cost_a_million"`
}

// Limits is the plan on paper.
func (in *Input) Limits() (l Limits, bottleneck string) {
	n := float64(in.Answers)
	l.Cores = n / (in.Rate * float64(in.Workers) * float64(in.Cores))
	if in.Read > 0 {
		l.Read = n * in.In / in.Read
	}
	if in.Write > 0 {
		l.Write = n * in.Out / in.Write
	}
	switch {
	case l.Cores >= l.Read && l.Cores >= l.Write:
		return l, "cores"
	case l.Read >= l.Write:
		return l, "read"
	}
	return l, "write"
}

// Make makes the plan.
func Make(in Input) (*Plan, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	p := &Plan{Shards: int64(in.shards())}
	p.Limits, p.Bottleneck = in.Limits()
	p.Paper = in.Start + max(p.Limits.Cores, p.Limits.Read, p.Limits.Write)
	s := newSimulation(&in)
	p.Simulated, p.Repeated = s.run()
	p.CoreHours = p.Simulated * float64(in.Workers) * float64(in.Cores) / 3600
	p.Busy = float64(in.Answers) / in.Rate / 3600 / p.CoreHours
	p.Bytes = float64(in.Answers)*(in.In+in.Out) + float64(p.Repeated)*in.perShard()*in.In
	p.Cost = p.CoreHours*in.CoreHour + p.Bytes/1e9*in.Transfer
	p.Million = p.Cost / float64(in.Answers) * 1e6
	return p, nil
}

// WorkersWithin is the smallest number of workers with which the simulation ends within
// some seconds, at most most. The error says what stands in the way.
func WorkersWithin(in Input, seconds float64, most int) (int, error) {
	in.Workers = most
	if err := in.Validate(); err != nil {
		return 0, err
	}
	if l, of := in.Limits(); max(l.Read, l.Write)+in.Start > seconds {
		return 0, fmt.Errorf("plan: the store alone takes %.0f s (%s): more workers do not help", max(l.Read, l.Write)+in.Start, of)
	}
	low, high := 1, most
	for low < high {
		in.Workers = low + (high-low)/2
		if took, _ := newSimulation(&in).run(); took <= seconds {
			high = in.Workers
		} else {
			low = in.Workers + 1
		}
	}
	in.Workers = low
	if took, _ := newSimulation(&in).run(); took > seconds {
		return 0, fmt.Errorf("plan: %d workers take %.0f s: a single shard or the start of a worker takes too long; make shards smaller", most, took)
	}
	return low, nil
}
