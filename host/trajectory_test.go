package host_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream/fixture"
)

// trajectory is a model with random weights of every feature.
func trajectory(rng *rand.Rand) *estimate.TrajectoryModel {
	m := &estimate.TrajectoryModel{Features: estimate.AllFeatures(), Boundary: rng.IntN(40), Card: &calibrate.Card{Labels: 1, High: 1}}
	for range m.Features {
		m.Center, m.Scale = append(m.Center, rng.Float64()), append(m.Scale, rng.ExpFloat64()+0.1)
	}
	for p := range m.Parts {
		m.Parts[p].Intercept = rng.NormFloat64()
		for range m.Features {
			m.Parts[p].Weights = append(m.Parts[p].Weights, rng.NormFloat64())
		}
	}
	return m
}

// TestATrajectoryHasTheSameBitsOnBothEngines scores every fixture with all features.
func TestATrajectoryHasTheSameBitsOnBothEngines(t *testing.T) {
	wazero := newWazero(t)
	rng := rand.New(rand.NewPCG(3, 3))
	calibrated := 0
	for _, f := range fixture.All() {
		c := host.DefaultConfig()
		c.Estimator, c.Trajectory = session.Trajectory, trajectory(rng)
		c.Positions.Strategy, c.Positions.Every = position.Paragraph|position.Periodic, 5
		want := run(t, host.Native(), c, f.Data, func() int { return 1 << 20 })
		if got := run(t, wazero, c, f.Data, func() int { return 1 + rng.IntN(500) }); !bytes.Equal(got, want) {
			t.Errorf("%s: other events through wazero than natively", f.Name)
		}
		s, _, err := host.Native().Open(c)
		if err != nil {
			t.Fatal(err)
		}
		events := clone(nil, must(t)(s.Write(f.Data)))
		for _, e := range append(events, must(t)(s.End())...) {
			if e.Kind == session.Confidence && e.Calibrated {
				calibrated++
			}
		}
		s.Close()
	}
	if calibrated < 50 {
		t.Errorf("only %d confidences had a value", calibrated)
	}
}

// BenchmarkTrajectory compares the cost of decoding with a statistic and with a model of
// all features, on the demonstration with five alternatives to each token.
func BenchmarkTrajectory(b *testing.B) {
	data, err := os.ReadFile(demo)
	if err != nil {
		b.Fatal(err)
	}
	input := bytes.TrimSuffix(data, []byte("data: [DONE]\n\n"))
	input = bytes.Repeat(input, 20)
	wazero := newWazero(b)
	for _, engine := range []host.Engine{host.Native(), wazero} {
		for _, estimator := range []session.Estimator{session.Builtin, session.Trajectory} {
			c := host.DefaultConfig()
			c.Estimator, c.Trajectory = estimator, trajectory(rand.New(rand.NewPCG(1, 1)))
			b.Run(engine.Name()+"/"+[]string{"perplexity", "", "trajectory"}[estimator], func(b *testing.B) {
				b.SetBytes(int64(len(input)))
				for b.Loop() {
					s, _, err := engine.Open(c)
					if err != nil {
						b.Fatal(err)
					}
					for at := 0; at < len(input); at += 32 << 10 {
						if _, err := s.Write(input[at:min(at+32<<10, len(input))]); err != nil {
							b.Fatal(err)
						}
					}
					s.Close()
				}
			})
		}
	}
}
