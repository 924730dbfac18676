package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func logit(p float64) float64   { return math.Log(p / (1 - p)) }
func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// truth is the probability that an answer with confidence p is correct.
type truth func(p float64) float64

func calibrated(p float64) float64 { return p }

func shifted(by float64) truth {
	return func(p float64) float64 { return sigmoid(logit(p) + by) }
}

func sloped(by float64) truth { return func(p float64) float64 { return sigmoid(logit(p) * by) } }

// confidences draws from a distribution.
var confidences = map[string]func(r *rand.Rand) float64{
	"uniform":       func(r *rand.Rand) float64 { return r.Float64() },
	"mostly sure":   func(r *rand.Rand) float64 { return 1 - 0.4*r.Float64()*r.Float64() },
	"tenths":        func(r *rand.Rand) float64 { return float64(r.IntN(11)) / 10 },
	"nearly 0 or 1": func(r *rand.Rand) float64 { return math.Abs(float64(r.IntN(2)) - 1e-4*r.Float64()) },
}

const rate = 0.05

// run adds labels; those before change are calibrated. It returns the number of labels at the
// alarm, or 0 if there was none.
func run(r *rand.Rand, draw func(*rand.Rand) float64, change, labels int, after truth) int {
	var t Test
	for i := range labels {
		p := draw(r)
		q := p
		if i >= change {
			q = after(p)
		}
		t.Add(p, r.Float64() < q)
		if t.Alarm(rate) {
			return i + 1
		}
	}
	return 0
}

// TestFalseAlarms: of many maps that hold, at most the share rate ever raises an alarm.
func TestFalseAlarms(t *testing.T) {
	const runs, labels = 800, 800
	for name, draw := range confidences {
		r, alarms := rand.New(rand.NewPCG(7, 11)), 0
		for range runs {
			if run(r, draw, labels, labels, calibrated) > 0 {
				alarms++
			}
		}
		share := float64(alarms) / runs
		t.Logf("%-14s %.4f of %d maps that hold were accused within %d labels, at rate %v", name, share, runs, labels, rate)
		if limit := rate + 3*math.Sqrt(rate*(1-rate)/runs); share > limit {
			t.Errorf("%s: false alarms of %.4f, want at most %v (%.4f with the error of the simulation)", name, share, rate, limit)
		}
	}
}

// TestDetection: a drift is found, at the beginning and after a long time without one,
// and a larger one sooner.
func TestDetection(t *testing.T) {
	const runs, labels = 150, 4000
	for _, c := range []struct {
		name   string
		change int
		after  truth
		most   int // the median number of labels until the alarm
	}{
		{"all right answers count as wrong", 0, func(float64) float64 { return 0 }, 25},
		{"logits 1 too high", 0, shifted(-1), 100},
		{"logits 0.5 too high", 0, shifted(-0.5), 350},
		{"logits 1 too low", 0, shifted(1), 100},
		{"logits twice too far from 0", 0, sloped(0.5), 300},
		{"logits 1 too high, after 2000 calibrated labels", 2000, shifted(-1), 250},
		{"logits 0.5 too high, after 2000 calibrated labels", 2000, shifted(-0.5), 800},
	} {
		r := rand.New(rand.NewPCG(3, 5))
		var delays []int
		before, missed := 0, 0
		for range runs {
			switch at := run(r, confidences["uniform"], c.change, c.change+labels, c.after); {
			case at == 0:
				missed++
			case at <= c.change:
				before++
			default:
				delays = append(delays, at-c.change)
			}
		}
		slices.Sort(delays)
		if len(delays) == 0 {
			t.Fatalf("%s: never found", c.name)
		}
		median, late := delays[len(delays)/2], delays[len(delays)*9/10]
		t.Logf("%-50s found after %d labels (median), %d (90%%); %d of %d never, %d before it began", c.name, median, late, missed, runs, before)
		if median > c.most || missed > 0 {
			t.Errorf("%s: median %d labels, want at most %d; missed %d of %d", c.name, median, c.most, missed, runs)
		}
	}
}

// TestTheEvidenceIsAMartingale: the exact mean of the evidence over both labels is the
// evidence before the label.
func TestTheEvidenceIsAMartingale(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var at Test
	for _, p := range []float64{0.5, 0.9, 0, 1, 1e-9, 0.0005, 1 - 1e-12, 0.3, 0.999} {
		right, wrong := at, at
		right.Add(p, true)
		wrong.Add(p, false)
		mean := p*right.Evidence() + (1-p)*wrong.Evidence()
		if math.Abs(mean-at.Evidence()) > 1e-12*at.Evidence() {
			t.Errorf("p = %v: mean evidence %v after a label, %v before", p, mean, at.Evidence())
		}
		for _, next := range []Test{right, wrong} {
			for i, wealth := range next.entered {
				if !(wealth >= 0) {
					t.Errorf("p = %v: bettor %d has %v", p, i, wealth)
				}
			}
		}
		at.Add(p, r.Float64() < p)
	}
}

func TestStates(t *testing.T) {
	var a Test
	if a.Evidence() != 1 || a.Peak() != 1 || a.Alarm(1e-3) || a.Leaning() != "" {
		t.Errorf("a new test: %+v", a)
	}
	for _, p := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		if a.Add(p, true) || a.N() != 0 {
			t.Errorf("it takes %v", p)
		}
	}
	for range 3000 {
		a.Add(0.999, false)
	}
	if a.Evidence() > most || math.IsInf(a.Evidence(), 0) || !a.Alarm(1e-9) || a.Alarm(0) || a.Leaning() != Over {
		t.Errorf("answers that are all wrong: evidence %v, leaning %q", a.Evidence(), a.Leaning())
	}
	peak := a.Peak()
	for range 3000 {
		a.Add(0.999, true)
	}
	if a.Peak() != peak || !a.Alarm(0.01) {
		t.Error("the alarm has gone away")
	}
	data, err := a.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseTest(data)
	if err != nil || *b != a {
		t.Errorf("read back: %+v, %v; want %+v", b, err, a)
	}
	infinite := slices.Clone(data)
	copy(infinite[17:], []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f})
	for _, bad := range [][]byte{nil, data[:len(data)-1], append(slices.Clone(data), 0), append([]byte{version + 1}, data[1:]...), infinite} {
		if _, err := ParseTest(bad); err == nil {
			t.Errorf("it reads %x", bad)
		}
	}
}

// TestLeaning: the leaning says in which way the map is wrong.
func TestLeaning(t *testing.T) {
	for want, after := range map[Leaning]truth{Over: shifted(-1), Under: shifted(1), Extreme: sloped(0.4), Timid: sloped(2.5)} {
		r := rand.New(rand.NewPCG(2, 9))
		var test Test
		for range 2000 {
			p := r.Float64()
			test.Add(p, r.Float64() < after(p))
		}
		if got := test.Leaning(); got != want || got.Says() == "" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
