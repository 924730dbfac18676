package plan

import (
	"math"
	"strings"
	"testing"
)

func usual() Input {
	return Input{Answers: 10_000_000, Rate: 5000, In: 1000, Out: 1500, Workers: 10, Cores: 4, Shard: 8e6, CoreHour: 0.05, Transfer: 0.01}
}

// TestByHand: a plan without noise and losses is what can be counted by hand.
func TestByHand(t *testing.T) {
	in := usual()
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	// 1250 shards of 8000 answers, 1.6 s each, on 40 cores: 32 rounds, as 1250/40 is 31.25.
	if p.Shards != 1250 || math.Abs(p.Simulated-32*1.6) > 1e-9 || math.Abs(p.Paper-50) > 1e-9 || p.Bottleneck != "cores" || p.Repeated != 0 {
		t.Errorf("%+v", p)
	}
	if want := 51.2*40/3600*0.05 + 25*0.01; math.Abs(p.Cost-want) > 1e-9 || math.Abs(p.Million-want/10) > 1e-9 {
		t.Errorf("cost %v, want %v", p.Cost, want)
	}
	in.Start = 30
	if p, err = Make(in); err != nil || math.Abs(p.Simulated-81.2) > 1e-9 {
		t.Errorf("with a start: %+v, %v", p, err)
	}
}

// TestTheStore: the store bounds the time, whatever the workers.
func TestTheStore(t *testing.T) {
	in := usual()
	for _, c := range []struct {
		read, write float64
		want        string
		seconds     float64
	}{{1e8, 0, "read", 100}, {0, 1e8, "write", 150}, {2e8, 5e7, "write", 300}} {
		in.Read, in.Write = c.read, c.write
		p, err := Make(in)
		if err != nil || p.Bottleneck != c.want || p.Simulated < c.seconds || p.Simulated > c.seconds*1.1 {
			t.Errorf("%+v: %+v, %v", c, p, err)
		}
	}
	if _, err := WorkersWithin(in, 200, 1000); err == nil || !strings.Contains(err.Error(), "the store alone takes 300 s (write)") {
		t.Errorf("%v", err)
	}
}

// TestLosses: shards of lost workers are scored again, and all answers are scored.
func TestLosses(t *testing.T) {
	in := usual()
	in.Answers, in.Spread, in.Lost, in.Start = 1_000_000_000, 0.3, 2, 20
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	// 10 workers are lost twice in each of about 1.4 hours, with the shards of 4 cores.
	if p.Repeated < 40 || p.Repeated > 250 || p.Simulated < p.Paper || p.Simulated > 1.1*p.Paper || p.Busy > 1 || p.Busy < 0.9 {
		t.Errorf("%+v", p)
	}
	again, _ := Make(in)
	if *again != *p {
		t.Error("the same seed gives another plan")
	}
}

func TestWorkersWithin(t *testing.T) {
	in := usual()
	n, err := WorkersWithin(in, 60, 1000)
	if err != nil || n != 9 { // 36 cores take 35 rounds of 1.6 s, which is 56 s, and 32 cores 64 s
		t.Errorf("%d workers, %v", n, err)
	}
	if _, err := WorkersWithin(in, 1, 1000); err == nil || !strings.Contains(err.Error(), "make shards smaller") {
		t.Errorf("%v", err)
	}
}

func TestWrongInputs(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"no answers": func(in *Input) { in.Answers = 0 }, "no rate": func(in *Input) { in.Rate = math.NaN() }, "a negative price": func(in *Input) { in.CoreHour = -1 },
		"too many shards": func(in *Input) { in.Answers, in.Shard = 1e12, 1 }, "workers that never end": func(in *Input) { in.Lost = 1e6 },
	} {
		in := usual()
		change(&in)
		if _, err := Make(in); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := WorkersWithin(in, 60, 10); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
