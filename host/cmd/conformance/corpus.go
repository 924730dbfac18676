package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream/fixture"
)

// testCase is one task for a fresh instance. Engines are compared by the bytes of their answers.
type testCase struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`  // one of kinds
	Input []byte `json:"input"` // of fuse, evaluate or apply; a session's configuration
	Data  []byte `json:"data"`  // a session's stream
	Cuts  []int  `json:"cuts"`  // the lengths of the pieces that it is written in
}

var kinds = []string{"session", "fuse", "evaluate", "apply"}

const demo = "wasm/session/testdata/demo.sse"

func newCorpus(seed uint64, quick bool, streams string) ([]testCase, error) {
	rng := rand.New(rand.NewPCG(seed, 1))
	times := 10
	if quick {
		times = 1
	}
	var corpus []testCase
	files, err := filepath.Glob(filepath.Join(streams, "*.*"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	add := func(name string, data []byte) {
		for range times {
			c := configure(rng)
			corpus = append(corpus, testCase{
				Name: name, Kind: "session", Input: session.AppendConfig(nil, &c), Data: data, Cuts: cut(rng, len(data)),
			})
		}
	}
	for _, f := range fixture.All() {
		add(f.Name, f.Data)
	}
	for _, name := range append([]string{demo}, files...) {
		if filepath.Ext(name) == ".md" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		add(filepath.Base(name), data)
	}
	if len(files) == 0 {
		fmt.Printf("%s is absent: its recordings were not played\n", streams)
	}
	for i := range 20 * times {
		corpus = append(corpus,
			testCase{Name: fmt.Sprint("tree ", i), Kind: "fuse", Input: tree(rng)},
			testCase{Name: fmt.Sprint("pairs ", i), Kind: "evaluate", Input: pairs(rng)},
			testCase{Name: fmt.Sprint("map ", i), Kind: "apply", Input: mapped(rng)})
	}
	return corpus, nil
}

// configure draws a configuration whose estimates come from the stream's log-probabilities.
func configure(rng *rand.Rand) host.Config {
	c := host.DefaultConfig()
	c.Positions.Strategy = position.Kind(1+rng.UintN(15)) << 1 & (position.Paragraph | position.Line | position.Periodic | position.Entropy)
	c.Positions.Every, c.Positions.EntropyThreshold = 1+rng.IntN(60), rng.Float64()
	c.Fusion.Alpha, c.Fusion.Depth = rng.Float64(), rng.IntN(5)
	c.Text = rng.IntN(2) == 0
	if rng.IntN(3) == 0 {
		c.Calibration = drawn(rng)
	}
	if rng.IntN(3) == 0 {
		c.Estimator, c.Trajectory = session.Trajectory, trajectory(rng)
	}
	return c
}

// trajectory draws a model that reads every feature, or none of alternatives.
func trajectory(rng *rand.Rand) *estimate.TrajectoryModel {
	m := &estimate.TrajectoryModel{Boundary: rng.IntN(200)}
	alternatives := rng.IntN(2) == 0
	for _, f := range estimate.AllFeatures() {
		if alternatives || !f.OfAlternatives() {
			m.Features = append(m.Features, f)
			m.Center, m.Scale = append(m.Center, rng.NormFloat64()), append(m.Scale, rng.ExpFloat64()+0.01)
		}
	}
	for p := range m.Parts {
		m.Parts[p].Intercept = rng.NormFloat64()
		for range m.Features {
			m.Parts[p].Weights = append(m.Parts[p].Weights, rng.NormFloat64())
		}
	}
	return m
}

// drawn draws maps of every form.
func drawn(rng *rand.Rand) *calibrate.Calibration {
	x, y := rng.Float64(), rng.Float64()
	forms := []calibrate.Map{
		{Method: calibrate.Temperature, Clip: 1e-6, Parameters: []float64{0.1 + rng.ExpFloat64()}},
		{Method: calibrate.Platt, Clip: 1e-6, Parameters: []float64{rng.ExpFloat64(), rng.NormFloat64()}},
		{Method: calibrate.Beta, Clip: 1e-6, Parameters: []float64{rng.ExpFloat64(), rng.ExpFloat64(), rng.NormFloat64()}},
		{Method: calibrate.Isotonic, X: []float64{0, x, 1}, Y: []float64{y / 2, y, (1 + y) / 2}},
		{Method: calibrate.Histogram, Y: []float64{x, y, rng.Float64()}},
	}
	c := &calibrate.Calibration{Boundary: rng.IntN(200)}
	for b := range c.Maps {
		c.Maps[b] = forms[rng.IntN(len(forms))]
		c.Maps[b].N, c.Maps[b].High = 1, rng.Float64()
	}
	return c
}

func cut(rng *rand.Rand, n int) (cuts []int) {
	most := 1 << rng.IntN(13)
	for n > 0 {
		k := min(1+rng.IntN(most), n)
		cuts = append(cuts, k)
		n -= k
	}
	return cuts
}

func tree(rng *rand.Rand) []byte {
	n := 1 + rng.IntN(200)
	t := bci.Tree{Conf: make([]float64, n), Parent: make([]int32, n)}
	for i := range n {
		t.Conf[i], t.Parent[i] = rng.Float64(), int32(rng.IntN(i+1)-1)
		if rng.IntN(9) == 0 {
			t.Conf[i] = math.NaN()
		}
	}
	return abi.AppendFuseInput(nil, t, bci.Params{Alpha: rng.Float64(), Depth: rng.IntN(4), Width: rng.IntN(5)})
}

func pairs(rng *rand.Rand) []byte {
	conf, correct := make([]float64, rng.IntN(2000)), []bool(nil)
	tenths := rng.IntN(2) == 0
	for i := range conf {
		if conf[i] = rng.Float64(); tenths {
			conf[i] = math.Round(10*conf[i]) / 10
		}
		correct = append(correct, rng.Float64() < conf[i])
	}
	return abi.AppendEvaluateInput(nil, conf, correct, metrics.Binning{Rule: metrics.Rule(rng.IntN(6)), Bins: 1 + rng.IntN(30)})
}

// mapped draws confidences and a calibration for them.
func mapped(rng *rand.Rand) []byte {
	conf := make([]float64, rng.IntN(200))
	for i := range conf {
		conf[i] = 1.2*rng.Float64() - 0.1 // some are not confidences
	}
	config := host.DefaultConfig()
	config.Calibration = drawn(rng)
	return abi.AppendApplyInput(nil, conf, calibrate.Band(rng.IntN(int(calibrate.Bands))), session.AppendConfig(nil, &config))
}
