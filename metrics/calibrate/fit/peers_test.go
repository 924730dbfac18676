package fit

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// peerCase is a sample and the fits of other libraries, from testdata/peers.py.
type peerCase struct {
	Name        string
	P           []float64
	Y           []int
	Temperature float64
	Platt       [2]float64
	Beta        struct {
		Betacal []float64
		Loss    float64 `json:"scipy_loss"`
	}
	IsotonicX []float64  `json:"isotonic_x"`
	IsotonicY []float64  `json:"isotonic_y"`
	Centred   []*float64 // null outside of the first and last knot
	Histogram []float64
}

func peers(t *testing.T) (cases []peerCase, grid []float64) {
	data, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Grid  []float64
		Clip  float64
		Cases []peerCase
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 || file.Clip != Clip {
		t.Fatalf("%d cases, clip %g", len(file.Cases), file.Clip)
	}
	return file.Cases, file.Grid
}

func (c *peerCase) rows() []Row {
	rows := make([]Row, len(c.P))
	for i := range rows {
		rows[i] = Row{Confidence: c.P[i], Correct: c.Y[i], N: 1, Group: i, Tokens: -1}
	}
	return rows
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.12g, want %.12g within %g", what, got, want, tolerance)
	}
}

func mapOf(t *testing.T, method calibrate.Method, rows []Row) calibrate.Map {
	t.Helper()
	m, err := Fit(method, rows, Bins{metrics.DefaultBins, 1})
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return m
}

func TestAgreesWithPeers(t *testing.T) {
	cases, grid := peers(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			rows := c.rows()
			falling := c.Name == "reversed"
			m := mapOf(t, calibrate.Temperature, rows)
			near(t, "temperature", m.Parameters[0], c.Temperature, 1e-4*c.Temperature) // scipy's bounded search

			m = mapOf(t, calibrate.Platt, rows)
			if falling { // scikit-learn reverses the order then; this package does not
				near(t, "slope", m.Parameters[0], 0, 0)
			} else {
				near(t, "slope", m.Parameters[0], c.Platt[0], 1e-5)
				near(t, "intercept", m.Parameters[1], c.Platt[1], 1e-5)
			}

			m = mapOf(t, calibrate.Beta, rows)
			near(t, "loss of beta", lossOf(&m, rows), c.Beta.Loss, 1e-7)
			for i, p := range grid {
				// betacal stops at a looser tolerance than that of the loss above. If both
				// slopes are below 0, it keeps one of them.
				if !falling {
					near(t, "beta", m.Apply(p), c.Beta.Betacal[i], 2e-3)
				}
			}

			d, err := pointsOf(rows)
			if err != nil {
				t.Fatal(err)
			}
			compareIsotonic(t, rising(d.steps(1), (*block).share), &c, grid)

			m = mapOf(t, calibrate.Histogram, rows)
			n := map[int]float64{}
			for _, p := range c.P {
				n[calibrate.Bin(p, metrics.DefaultBins)]++
			}
			for i, want := range c.Histogram {
				if n := n[calibrate.Bin(grid[i], metrics.DefaultBins)]; n > 0 { // an empty bin is merged here
					least := 0.5 / (n + 1)
					near(t, "histogram", m.Apply(grid[i]), min(max(want, least), 1-least), 1e-12)
				}
			}
		})
	}
}

func lossOf(m *calibrate.Map, rows []Row) float64 {
	loss := 0.0
	for _, r := range rows {
		p := m.Apply(r.Confidence)
		loss -= float64(r.Correct)*math.Log(p) + float64(r.N-r.Correct)*math.Log(1-p)
	}
	return loss
}

// compareIsotonic compares pooled blocks with scikit-learn, and the lines between their
// centres with cir-model.
func compareIsotonic(t *testing.T, blocks []block, c *peerCase, grid []float64) {
	values := map[float64]bool{}
	for _, y := range c.IsotonicY {
		values[math.Round(1e9*y)] = true
	}
	for i := range blocks {
		if y := blocks[i].share(); !values[math.Round(1e9*y)] {
			t.Errorf("isotonic: the value %v is none of scikit-learn's", y)
		}
	}
	if len(blocks) != len(values) {
		t.Errorf("isotonic: %d blocks, scikit-learn has %d", len(blocks), len(values))
	}
	compared := 0
	for i, p := range grid {
		at := 0
		for at < len(blocks)-1 && blocks[at+1].centre() <= p {
			at++
		}
		if c.Centred[i] == nil || at == len(blocks)-1 || p < blocks[0].centre() {
			continue
		}
		lo, hi := &blocks[at], &blocks[at+1]
		share := (p - lo.centre()) / (hi.centre() - lo.centre())
		// cir-model rounds to 3 digits, and leaves blocks of 0 and 1 level.
		if lo.share() > 0 && hi.share() < 1 {
			compared++
			near(t, "centred isotonic", lo.share()+share*(hi.share()-lo.share()), *c.Centred[i], 6e-4)
		}
	}
	if compared == 0 && c.Name != "reversed" {
		t.Error("nothing of cir-model was compared")
	}
}

func TestTheLikelihoodIsAtItsMaximum(t *testing.T) {
	cases, _ := peers(t)
	for _, c := range cases {
		rows := c.rows()
		for _, method := range []calibrate.Method{calibrate.Temperature, calibrate.Beta} {
			m := mapOf(t, method, rows)
			at := lossOf(&m, rows)
			for k := range m.Parameters {
				for _, by := range []float64{1 - 1e-4, 1 + 1e-4} {
					moved := m
					moved.Parameters = append([]float64(nil), m.Parameters...)
					moved.Parameters[k] *= by
					if v := lossOf(&moved, rows); v < at-1e-9 && m.Parameters[k] < 99.9 {
						t.Errorf("%s, %s: parameter %d times %v lowers the loss by %g", c.Name, method, k, by, at-v)
					}
				}
			}
		}
	}
}

func TestRanking(t *testing.T) {
	cases, _ := peers(t)
	for _, c := range cases {
		rows := c.rows()
		correct := make([]bool, len(rows))
		for i := range rows {
			correct[i] = rows[i].Correct == 1
		}
		want, err := metrics.AUROC(c.P, correct)
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range []calibrate.Method{calibrate.Identity, calibrate.Temperature, calibrate.Platt, calibrate.Beta, calibrate.Isotonic} {
			if c.Name == "reversed" && (method == calibrate.Platt || method == calibrate.Beta) {
				continue // constant: their slopes are held at 0
			}
			m := mapOf(t, method, rows)
			values := make([]float64, len(rows))
			for i := range rows {
				values[i] = m.Apply(c.P[i])
			}
			if got, err := metrics.AUROC(values, correct); err != nil || got != want {
				t.Errorf("%s, %s: AUROC %v, was %v (%v)", c.Name, method, got, want, err)
			}
		}
	}
}
