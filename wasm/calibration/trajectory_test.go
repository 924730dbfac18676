package calibration

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/estimate"
)

// documentedTrajectory is the third example of the package comment.
const documentedTrajectory = `{
  "finece_trajectory": 1,
  "source": "answers.jsonl",
  "features": ["mean", "recent", "entropy"],
  "center": [0.1, 0.2, 0.3], "scale": [1, 0.5, 0.25],
  "boundary": 12,
  "parts": {
    "early": {"n": 900, "intercept": -0.7, "weights": [-0.5, 0, -0.25]},
    "late":  {"n": 850, "intercept": -0.7, "weights": [-0.5, 0, -0.25]},
    "end":   {"n": 400, "intercept": -1.5, "weights": [-0.25, -2, 0]}
  },
  "card": {"finece_card": 1, "labels": 400, "range": [0.02, 0.93]},
  "report": {}
}`

func TestTheDocumentedTrajectoryHolds(t *testing.T) {
	m, report, err := ParseTrajectory([]byte(documentedTrajectory))
	want := &estimate.TrajectoryModel{
		Source: "answers.jsonl", Features: []estimate.Feature{estimate.Mean, estimate.Recent, estimate.Entropy},
		Center: []float64{0.1, 0.2, 0.3}, Scale: []float64{1, 0.5, 0.25}, Boundary: 12,
		Parts: [estimate.Phases]estimate.Weights{
			{N: 900, Intercept: -0.7, Weights: []float64{-0.5, 0, -0.25}},
			{N: 850, Intercept: -0.7, Weights: []float64{-0.5, 0, -0.25}},
			{N: 400, Intercept: -1.5, Weights: []float64{-0.25, -2, 0}},
		},
		Card: &calibrate.Card{Labels: 400, Low: 0.02, High: 0.93},
	}
	if err != nil || !reflect.DeepEqual(m, want) || string(report) != "{}" {
		t.Errorf("%+v, %s, %v", m, report, err)
	}
}

func TestATrajectoryIsReadBitForBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		want := &estimate.TrajectoryModel{Source: "a \"b\"\n", Boundary: rng.IntN(math.MaxInt32)}
		for _, f := range estimate.AllFeatures() {
			if rng.IntN(2) == 0 {
				want.Features = append(want.Features, f)
				want.Center, want.Scale = append(want.Center, rng.NormFloat64()), append(want.Scale, rng.ExpFloat64())
			}
		}
		for p := range want.Parts {
			w := &want.Parts[p]
			w.N, w.Intercept = rng.IntN(math.MaxInt32), rng.NormFloat64()
			for range want.Features {
				w.Weights = append(w.Weights, rng.NormFloat64())
			}
		}
		text := AppendTrajectory(nil, want, []byte(`{"x":[1]}`))
		got, report, err := ParseTrajectory(text)
		if err != nil || !reflect.DeepEqual(got, want) || string(report) != `{"x":[1]}` || !json.Valid(text) {
			t.Fatalf("%v, %s\n got %+v\nwant %+v\n%s", err, report, got, want, text)
		}
	}
}

func TestErrorsInTrajectoriesSayWhere(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(documentedTrajectory, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(documentedTrajectory, old, new, 1)
	}
	for text, want := range map[string]string{
		`[]`:   "trajectory: the input is not a JSON object",
		`{}`:   `"finece_trajectory": want version 1`,
		"null": "not a JSON object",
		with(`"finece_trajectory": 1`, `"finece_trajectory": 2`):     "want version 1",
		with(`"entropy"]`, `"mode"]`):                                `features: unknown name "mode"`,
		with(`["mean", "recent", "entropy"]`, `"mean"`):              `"features": want an array of names`,
		with(`"end":`, `"whole":`):                                   `unknown setting "parts.whole"`,
		with(`[-0.25, -2, 0]`, `[-0.25, -2]`):                        "end: want an intercept and a weight for each feature",
		with(`"scale": [1, 0.5, 0.25]`, `"scale": [1, 0.5]`):         "center, scale: want a number",
		with(`"scale": [1, 0.5, 0.25]`, `"scale": [1, 0.5, 0]`):      "scales above 0",
		with(`"intercept": -1.5`, `"intercept": "-1.5"`):             `"parts.end.intercept": want a number`,
		with(`"intercept": -1.5`, `"offset": -1.5`):                  `unknown setting "parts.end.offset"`,
		with(`"labels": 400`, `"labels": 0`):                         "card: labels",
		with(`"card"`, `"licence"`):                                  `unknown setting "licence"`,
		with(`"boundary": 12`, `"boundary": -12`):                    `"boundary": want a whole number`,
		with(`"center": [0.1, 0.2, 0.3]`, `"center": [0.1,0.2,1e9]`): "center, scale: want numbers",
	} {
		m, _, err := ParseTrajectory([]byte(text))
		if err == nil || m != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.90s: %v, want an error that says %q", text, err, want)
		}
	}
}

func FuzzParseTrajectory(f *testing.F) {
	f.Add([]byte(documentedTrajectory))
	f.Add([]byte(`{"finece_trajectory":1,"features":["mean","mean"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, report, err := ParseTrajectory(data)
		if err != nil {
			return
		}
		again, report2, err := ParseTrajectory(AppendTrajectory(nil, m, report))
		if err != nil || string(AppendTrajectory(nil, again, report2)) != string(AppendTrajectory(nil, m, report)) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, again, m)
		}
	})
}
