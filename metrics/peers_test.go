package metrics

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// peerCase is one sample and the results of other libraries, which were run on it.
// testdata/peers.json names the libraries and their versions.
type peerCase struct {
	Name    string
	Conf    []float64
	Correct []int

	AUROC *float64 `json:"sklearn_auroc"`
	AP    *float64 `json:"sklearn_ap"`
	Brier float64  `json:"sklearn_brier"`
	Skill *float64 `json:"sklearn_d2_brier"`
	NLL   float64  `json:"sklearn_nll"`
	Curve []struct {
		Bins                 int
		Accuracy, Confidence []float64
	} `json:"curves"`
	Netcal []struct {
		Bins     int
		ECE, MCE float64
	}
	Torchmetrics []struct {
		Bins         int
		ECE, MCE, L2 float64
	}
	Kumar []struct {
		Bins          int
		Debiased, ECE float64
	}
	SmoothECE float64 `json:"relplot_smece"`
	Width     float64 `json:"relplot_width"`
}

func peerCases(t testing.TB) []peerCase {
	data, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []peerCase }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases in testdata/peers.json")
	}
	return file.Cases
}

func (c *peerCase) labels() []bool {
	y := make([]bool, len(c.Correct))
	for i, v := range c.Correct {
		y[i] = v == 1
	}
	return y
}

func (c *peerCase) sample(t testing.TB) *Sample {
	s, err := NewSample(c.Conf, c.labels())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// near compares with an absolute tolerance; the figures are of order one.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.17g, want %.17g within %g", what, got, want, tolerance)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return v
	}
}

func TestAgreesWithPeers(t *testing.T) {
	const rounding = 1e-13 // the peers add naively in float64
	for _, c := range peerCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			s, number := c.sample(t), must[float64](t)
			if c.AUROC != nil {
				near(t, "AUROC", number(s.AUROC()), *c.AUROC, rounding)
				near(t, "Brier skill", number(s.BrierSkill()), *c.Skill, rounding)
			}
			if c.AP != nil { // also if all are correct
				near(t, "average precision", number(s.AveragePrecision()), *c.AP, rounding)
			}
			near(t, "Brier", number(s.Brier()), c.Brier, rounding)
			nll, _, err := s.NLL()
			if err != nil {
				t.Fatal(err)
			}
			near(t, "NLL", nll, c.NLL, 1e-12)
			for _, p := range c.Curve {
				compareCurve(t, must[[]Bin](t)(s.Reliability(Binning{Sklearn, p.Bins})), p.Accuracy, p.Confidence)
			}
			for _, p := range c.Netcal {
				near(t, "netcal ECE", number(s.ECE(Binning{Netcal, p.Bins})), p.ECE, rounding)
				near(t, "netcal MCE", number(s.MCE(Binning{Netcal, p.Bins})), p.MCE, rounding)
			}
			for _, p := range c.Torchmetrics {
				near(t, "torchmetrics ECE", number(s.ECE(Binning{Torchmetrics, p.Bins})), p.ECE, rounding)
				near(t, "torchmetrics MCE", number(s.MCE(Binning{Torchmetrics, p.Bins})), p.MCE, rounding)
				near(t, "torchmetrics l2", number(s.RMSCE(Binning{Torchmetrics, p.Bins})), p.L2, rounding)
			}
			for _, p := range c.Kumar {
				near(t, "right-closed ECE", number(s.ECE(Binning{Bins: p.Bins})), p.ECE, rounding)
				// A square root near 0 magnifies rounding.
				near(t, "debiased ECE", number(s.DebiasedECE(Binning{Bins: p.Bins})), p.Debiased, 1e-8)
			}
			smooth, width, err := s.SmoothECE()
			if err != nil {
				t.Fatal(err)
			}
			if width != c.Width {
				t.Errorf("smooth ECE width = %v, relplot has %v", width, c.Width)
			}
			near(t, "smooth ECE", smooth, c.SmoothECE, 1e-12)
		})
	}
}

// TestAgreesWithGuo compares with results of the code of Guo et al., run on float32; see
// testdata/guo.py. The counts of bins are equal, and so are the six digits of the ECE.
func TestAgreesWithGuo(t *testing.T) {
	data, err := os.ReadFile("testdata/guo.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			peerCase
			Guo []struct {
				Bins   int
				Counts []uint64
				ECE    float64
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, c := range file.Cases {
		s := c.sample(t)
		for _, p := range c.Guo {
			compared++
			b := Binning{Guo, p.Bins}
			for i, bin := range must[[]Bin](t)(s.Reliability(b)) {
				if bin.Count != p.Counts[i] {
					t.Errorf("%s: bin %d of %d has %d, Guo's code has %d", c.Name, i, p.Bins, bin.Count, p.Counts[i])
				}
			}
			near(t, c.Name+": ECE", must[float64](t)(s.ECE(b)), p.ECE, 1e-6)
			one, err := ECE(c.Conf, c.labels(), b)
			if err != nil {
				t.Fatal(err)
			}
			near(t, c.Name+": ECE in one pass", one, p.ECE, 1e-6)
		}
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

func compareCurve(t *testing.T, bins []Bin, accuracy, confidence []float64) {
	t.Helper()
	k := 0
	for _, b := range bins {
		if b.Count == 0 {
			continue
		}
		if k == len(accuracy) {
			t.Fatalf("%d bins: more bins in use than sklearn has (%d)", len(bins), len(accuracy))
		}
		near(t, "bin accuracy", b.Accuracy, accuracy[k], 1e-14)
		near(t, "bin confidence", b.Confidence, confidence[k], 1e-14)
		k++
	}
	if k != len(accuracy) {
		t.Errorf("%d bins: %d in use, sklearn has %d", len(bins), k, len(accuracy))
	}
}
