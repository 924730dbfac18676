package session

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
)

// modelOf returns a trajectory model with random weights for these features.
func modelOf(r *rand.Rand, features ...estimate.Feature) *estimate.TrajectoryModel {
	m := &estimate.TrajectoryModel{Features: features, Boundary: r.IntN(60)}
	for range features {
		m.Center, m.Scale = append(m.Center, r.Float64()), append(m.Scale, 1+r.Float64())
	}
	for p := range m.Parts {
		w := &m.Parts[p]
		w.N, w.Intercept = 1, r.NormFloat64()
		for range features {
			w.Weights = append(w.Weights, r.NormFloat64())
		}
	}
	return m
}

// TestATrajectoryIsThatOfTheTokensBefore computes each confidence again from the tokens before its
// position. The session computes it while it reads the stream.
func TestATrajectoryIsThatOfTheTokensBefore(t *testing.T) {
	values := 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 4))
		c := randomConfig(r)
		c.Estimator = Trajectory
		c.Trajectory = modelOf(r, estimate.AllFeatures()[:estimate.Entropy]...)
		input, carried := randomStream(r)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rec := scoreCuts(t, c, input)
			for choice, segments := range carried {
				last := rec.last(choice)
				for i, e := range rec.of(Positioned, choice) {
					p := e.Position
					if p.Kind == position.Question || p.Token == 0 || last[i].State == Unavailable {
						continue
					}
					var follows estimate.Trajectory
					for _, lp := range segments[p.Segment].logprobs[:p.Token] {
						follows.Token(lp, math.NaN())
					}
					var features [estimate.Features]float64
					follows.Read(&features, 1)
					want := c.Trajectory.Confidence(c.Trajectory.PhaseAt(p.Kind&position.End != 0, p.Token), &features)
					if got := last[i]; got.Raw != want || got.Source.Estimator != Trajectory || got.Source.Method != 0 {
						t.Errorf("choice %d, position %d at token %d: raw %v of %v, want %v", choice, i, p.Token, got.Raw, got.Source, want)
					}
					values++
				}
			}
		})
	}
	if values < 500 {
		t.Errorf("only %d values were compared", values)
	}
}

// someTokens returns an answer of n tokens. With top, each has an alternative.
func someTokens(n int, top bool) string {
	var b strings.Builder
	for i := range n {
		tk := token{text: " word", logprob: -0.1 - float64(i%5)}
		if top {
			tk.top = []float64{tk.logprob, -0.05}
		}
		b.WriteString(chunk(0, "content", tk.text, tk))
	}
	return b.String() + finish(0, "stop") + doneMarker
}

func following(m *estimate.TrajectoryModel) Config {
	c := DefaultConfig()
	c.Estimator, c.Trajectory = Trajectory, m
	return c
}

func TestWhyATrajectoryHasNoConfidence(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	own, alternatives := modelOf(r, estimate.Mean, estimate.Run), modelOf(r, estimate.Mean, estimate.Entropy)
	for _, c := range []struct {
		name   string
		model  *estimate.TrajectoryModel
		input  string
		reason Reason
	}{
		{"no model", nil, someTokens(10, true), NoTrajectory},
		{"of the tokens alone", own, someTokens(10, false), NoReason},
		{"alternatives", alternatives, someTokens(10, true), NoReason},
		{"no alternatives", alternatives, someTokens(10, false), NoLogprobs},
		{"no log-probabilities", own, chunk(0, "content", "words") + finish(0, "stop") + doneMarker, NoLogprobs},
		{"no text", own, finish(0, "stop") + doneMarker, NoText},
	} {
		e := scoreCuts(t, following(c.model), c.input).endOf(0)
		if e.Reason != c.reason || (e.State == Final) != (c.reason == NoReason) {
			t.Errorf("%s: %s, %q, want %q", c.name, e.State, e.Reason, c.reason)
		}
	}
	// The question has no log-probabilities.
	c := following(own)
	c.Question = "What?"
	if e := scoreCuts(t, c, someTokens(3, true)).last(0)[0]; e.Reason != NoText {
		t.Errorf("the question: %q", e.Reason)
	}
}

func TestACardMakesATrajectoryAProbability(t *testing.T) {
	for _, c := range []struct {
		name    string
		card    *calibrate.Card
		asked   calibrate.Asked
		outside calibrate.Outside
		want    bool
	}{
		{"no card", nil, calibrate.Asked{}, 0, false},
		{"covered", &calibrate.Card{Generator: "a", Kinds: position.End, Labels: 9, High: 1}, calibrate.Asked{Generator: "a"}, 0, true},
		{"another model", &calibrate.Card{Generator: "a", Labels: 9, High: 1}, calibrate.Asked{Generator: "b"}, calibrate.OutsideGenerator, false},
		{"another kind", &calibrate.Card{Kinds: position.Paragraph, Labels: 9, High: 1}, calibrate.Asked{}, calibrate.OutsideKind, false},
		{"beyond the range", &calibrate.Card{Labels: 9, High: 1e-6}, calibrate.Asked{}, calibrate.OutsideRange, true},
	} {
		config := following(modelOf(rand.New(rand.NewPCG(1, 1)), estimate.Mean))
		config.Trajectory.Card, config.Asked = c.card, c.asked
		e := scoreCuts(t, config, someTokens(10, true)).endOf(0)
		if e.Calibrated != c.want || e.Source.Outside != c.outside || e.Source.Map != calibrate.None {
			t.Errorf("%s: calibrated %v, outside %v, want %v, %v", c.name, e.Calibrated, e.Source.Outside.Names(), c.want, c.outside.Names())
		}
		if c.outside == calibrate.OutsideRange && e.Fused != 1e-6 {
			t.Errorf("%s: fused %v", c.name, e.Fused)
		}
	}
	// The card of a confidence model is not about a trajectory model.
	config := following(modelOf(rand.New(rand.NewPCG(1, 1)), estimate.Mean))
	config.Card = &calibrate.Card{Labels: 9, High: 1}
	if e := scoreCuts(t, config, someTokens(10, true)).endOf(0); e.Calibrated {
		t.Error("calibrated by a card of another model")
	}
}

func TestTrajectoriesInConfigurations(t *testing.T) {
	c := following(modelOf(rand.New(rand.NewPCG(1, 1)), estimate.Mean, estimate.Passed))
	text := string(AppendConfig(nil, &c))
	got, err := ParseConfig([]byte(text))
	if err != nil || got.Estimator != Trajectory || string(AppendConfig(nil, &got)) != text {
		t.Errorf("%v, %s", err, AppendConfig(nil, &got))
	}
	for text, want := range map[string]string{
		`{"trajectory":1}`:  `"trajectory": want an object`,
		`{"trajectory":{}}`: `"trajectory.finece_trajectory": want version 1`,
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c.Trajectory.Scale[0] = 0
	if _, _, err := Open(c); err == nil || !strings.Contains(err.Error(), "scales above 0") {
		t.Errorf("a scale of 0: %v", err)
	}
}

// TestObserveSeesWhatTheModelReads: Observe, which is used to fit a model, is called once for each
// estimate.
func TestObserveSeesWhatTheModelReads(t *testing.T) {
	var means []float64
	m := &estimate.TrajectoryModel{Observe: func(_ *position.Position, f *[estimate.Features]float64) { means = append(means, f[estimate.Mean]) }}
	c := following(m)
	c.Positions.Strategy, c.Positions.Every = position.Periodic, 2
	r := score(t, c, someTokens(5, true), whole)
	if len(means) != 3 || !nearly(means[0], math.Sqrt(0.6)) || !nearly(means[2], math.Sqrt(2.1)) || r.endOf(0).Raw != 0.5 {
		t.Errorf("%v, %v", means, r.endOf(0))
	}
}
