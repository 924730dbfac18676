package calibration

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
)

// documented is the example of the package comment.
const documented = `{
  "finece_calibration": 1,
  "source": "perplexity of qwen2.5-0.5b on GSM8K",
  "boundary": 57,
  "maps": {
    "question": {"method": "temperature", "n": 400, "support": [0.1, 0.9], "clip": 1e-6, "parameters": [1.4]},
    "early":    {"method": "platt", "n": 812, "support": [0.2, 1], "clip": 1e-6, "parameters": [0.7, -0.2]},
    "late":     {"method": "isotonic", "n": 90, "support": [0.4, 1], "x": [0, 0.4, 1], "y": [0.1, 0.2, 0.9],
                 "counts": [30, 30, 60], "lower": [0.1, 0.1, 0.8], "upper": [0.4, 0.4, 0.95]}
  },
  "card": {"finece_card": 1, "labels": 400, "range": [0.1, 1]},
  "report": {}
}`

func TestTheDocumentedExampleHolds(t *testing.T) {
	c, report, err := Parse([]byte(documented))
	want := &calibrate.Calibration{
		Source: "perplexity of qwen2.5-0.5b on GSM8K", Boundary: 57,
		Maps: [calibrate.Bands]calibrate.Map{
			{Method: calibrate.Temperature, N: 400, Low: 0.1, High: 0.9, Clip: 1e-6, Parameters: []float64{1.4}},
			{Method: calibrate.Platt, N: 812, Low: 0.2, High: 1, Clip: 1e-6, Parameters: []float64{0.7, -0.2}},
			{Method: calibrate.Isotonic, N: 90, Low: 0.4, High: 1, X: []float64{0, 0.4, 1}, Y: []float64{0.1, 0.2, 0.9},
				Counts: []int{30, 30, 60}, Lower: []float64{0.1, 0.1, 0.8}, Upper: []float64{0.4, 0.4, 0.95}},
		},
		Card: &calibrate.Card{Labels: 400, Low: 0.1, High: 1},
	}
	if err != nil || !reflect.DeepEqual(c, want) || string(report) != "{}" {
		t.Errorf("%+v, %s, %v", c, report, err)
	}
}

// documentedCard is the second example of the package comment.
const documentedCard = `{
  "finece_card": 1,
  "name": "confidence", "generator": "qwen2.5-0.5b", "domain": "GSM8K",
  "bands": ["question", "early", "late"], "kinds": ["question", "paragraph", "end"],
  "conversation": false,
  "labels": 4800, "range": [0.02, 0.98],
  "figures": {"ece": 0.031, "auroc": 0.87}
}`

func TestTheDocumentedCardHolds(t *testing.T) {
	c, err := ParseCard([]byte(documentedCard))
	want := &calibrate.Card{
		Name: "confidence", Generator: "qwen2.5-0.5b", Domain: "GSM8K", Bands: calibrate.AllBands(),
		Kinds: position.Question | position.Paragraph | position.End, Conversation: calibrate.OneTurn,
		Labels: 4800, Low: 0.02, High: 0.98, Figures: []calibrate.Figure{{Name: "ece", Value: 0.031}, {Name: "auroc", Value: 0.87}},
	}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Fatalf("%+v, %v", c, err)
	}
	again, err := ParseCard(AppendCard(nil, c))
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("written and read: %+v, %v", again, err)
	}
}

func TestErrorsInCardsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                "not a JSON object",
		`{}`:                `"finece_card": want version 1`,
		`{"finece_card":1}`: "labels: want the number of labelled answers",
		`{"finece_card":1,"labels":3,"range":[0.5]}`:      "range: want",
		`{"finece_card":1,"labels":3,"range":[0.5,2]}`:    "range: want",
		`{"finece_card":1,"labels":3,"kinds":["z"]}`:      `kinds: unknown name "z"`,
		`{"finece_card":1,"labels":3,"bands":["mid"]}`:    `bands: unknown name "mid"`,
		`{"finece_card":1,"labels":3,"bands":"late"}`:     `"bands": want an array of names`,
		`{"finece_card":1,"labels":3,"figures":{"a":""}}`: `"figures.a": want a number`,
		`{"finece_card":1,"labels":3,"licence":"MIT"}`:    `unknown setting "licence"`,
	} {
		if c, err := ParseCard([]byte(text)); err == nil || c != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that says %q", text, err, want)
		}
	}
}

func FuzzParseCard(f *testing.F) {
	f.Add([]byte(documentedCard))
	f.Add([]byte(`{"finece_card":1,"labels":2,"conversation":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCard(data)
		if err != nil {
			return
		}
		again, err := ParseCard(AppendCard(nil, c))
		if err != nil || string(AppendCard(nil, again)) != string(AppendCard(nil, c)) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, again, c)
		}
	})
}

func TestWhatIsWrittenIsReadBitForBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		a, b := rng.Float64(), rng.Float64()
		maps := []calibrate.Map{
			{Method: calibrate.Identity},
			{Method: calibrate.Temperature, Clip: rng.Float64() / 3, Parameters: []float64{math.Exp(8 * rng.NormFloat64())}},
			{Method: calibrate.Platt, Clip: 1e-12, Parameters: []float64{rng.ExpFloat64(), rng.NormFloat64()}},
			{Method: calibrate.Beta, Clip: 1e-6, Parameters: []float64{rng.ExpFloat64(), 0, rng.NormFloat64()}},
			{Method: calibrate.Isotonic, X: []float64{0, a, 1}, Y: []float64{b / 2, b, (1 + b) / 2}},
			{Method: calibrate.Histogram, Y: []float64{rng.Float64(), 0, 1, rng.Float64()}},
			{Method: calibrate.Histogram, Y: []float64{0.5, 0.5}, Counts: []int{1 + rng.IntN(1<<30), 3},
				Lower: []float64{min(a, b), 0}, Upper: []float64{max(a, b), 1}},
		}
		want := calibrate.Calibration{Source: "a \"b\"\n\u00e9", Boundary: rng.IntN(math.MaxInt32)}
		for i := range want.Maps {
			want.Maps[i] = maps[rng.IntN(len(maps))]
			want.Maps[i].N, want.Maps[i].Low, want.Maps[i].High = 1+rng.IntN(1<<30), min(a, b), max(a, b)
		}
		if rng.IntN(3) == 0 {
			want.Maps[1], want.Maps[2] = want.Maps[0], want.Maps[0]
		}
		if want.Validate() != nil {
			continue // it would be a temperature out of range
		}
		text := Append(nil, &want, []byte(`{"x":[1]}`))
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		got, report, err := Parse(text)
		if err != nil || !reflect.DeepEqual(*got, want) || string(report) != `{"x":[1]}` {
			t.Fatalf("%v, %s\n got %+v\nwant %+v", err, report, got, want)
		}
		for name := range keysOf(t, text) {
			if strings.ToLower(name) != name {
				t.Errorf("the key %q has a capital", name)
			}
		}
	}
}

// keysOf returns the keys of an object and of the objects in it.
func keysOf(t *testing.T, text []byte) map[string]bool {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		if m, ok := v.(map[string]any); ok {
			for k, v := range m {
				keys[k] = true
				walk(v)
			}
		}
	}
	walk(value)
	return keys
}

func TestErrorsSayWhere(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(documented, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(documented, old, new, 1)
	}
	const platt = `{"method":"platt","n":1,"support":[0,1],"clip":1e-6,"parameters":[1,0]}`
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {``, "not a JSON object"},
		"an array":            {`[]`, "not a JSON object"},
		"cut":                 {documented[:200], "not JSON"},
		"no version":          {`{"maps":{"all":` + platt + `}}`, `"finece_calibration": want version 1`},
		"version of a future": {with(`"finece_calibration": 1`, `"finece_calibration": 2`), `"finece_calibration": want version 1`},
		"an unknown key":      {with(`"report"`, `"reprot"`), `unknown setting "reprot"`},
		"an unknown map key":  {with(`"support"`, `"supprot"`), `unknown setting "maps.question.supprot"`},
		"an unknown band":     {with(`"late"`, `"latest"`), `unknown setting "maps.latest"`},
		"no maps":             {`{"finece_calibration":1}`, "missing"},
		"empty bands":         {`{"finece_calibration":1,"maps":{}}`, "missing"},
		"an empty band":       {with(`{"method": "temperature", "n": 400, "support": [0.1, 0.9], "clip": 1e-6, "parameters": [1.4]}`, `{}`), "missing"},
		"a band missing":      {`{"finece_calibration":1,"maps":{"question":` + platt + `,"late":` + platt + `}}`, "a map is missing, or its method is unknown (positions: early)"},
		"all and one":         {`{"finece_calibration":1,"maps":{"all":` + platt + `,"late":` + platt + `}}`, "not both"},
		"one and all":         {`{"finece_calibration":1,"maps":{"late":` + platt + `,"all":` + platt + `}}`, "not both"},
		"maps of null":        {`{"finece_calibration":1,"maps":null}`, `"maps": want an object`},
		"an unknown method":   {with(`"isotonic"`, `"spline"`), "its method is unknown (positions: late)"},
		"NaN":                 {with(`[1.4]`, `[NaN]`), `"maps.question.parameters": want a number`},
		"null for a number":   {with(`[1.4]`, `[null]`), `"maps.question.parameters": want a number`},
		"a number too large":  {with(`[1.4]`, `[1e999]`), `"maps.question.parameters": want a number`},
		"text for a number":   {with(`"n": 400`, `"n": "400"`), `"maps.question.n": want a whole number`},
		"a falling knot":      {with(`[0, 0.4, 1]`, `[0, 1, 1]`), "number 2 (counted from 0) is not above the one before (positions: late)"},
		"level knots":         {with(`[0.1, 0.2, 0.9]`, `[0.1, 0.1, 0.9]`), "number 1 (counted from 0) is not above"},
		"half an outcome":     {with(`[30, 30, 60]`, `[30, 30.5, 60]`), "counts, lower, upper: want as many of each as of y"},
		"outcomes below 0":    {with(`[30, 30, 60]`, `[30, -30, 60]`), "counts, lower, upper: want"},
		"too many outcomes":   {with(`[30, 30, 60]`, `[30, 1e300, 60]`), "counts, lower, upper: want"},
		"two outcomes":        {with(`[30, 30, 60]`, `[30, 60]`), "counts, lower, upper: want"},
		"four parameters":     {with(`[0.7, -0.2]`, `[0.7, -0.2, 1, 2]`), `"maps.early.parameters": want at most 3 numbers`},
		"no support":          {with(`"support": [0.1, 0.9], `, ``), "support: want"},
		"half a support":      {with(`"support": [0.1, 0.9]`, `"support": [0.1]`), "support: want"},
		"a negative boundary": {with(`57`, `-57`), `"boundary": want a whole number`},
		"text behind it":      {documented + "x", "not JSON"},
	} {
		got, _, err := Parse([]byte(c.text))
		if err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "calibration: ") {
			t.Errorf("%s: %v, want an error that says %q", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(documented))
	f.Add([]byte(`{"finece_calibration":1,"maps":{"all":{"method":"histogram","n":2,"support":[0,1],"y":[0.1,0.9]}}}`))
	f.Add([]byte(`{"finece_calibration":1,"maps":{"all":{"method":"histogram","n":2,"support":[0,1],"y":[0.1],"counts":[2],"lower":[0],"upper":[1]}}}`))
	f.Add([]byte(`{"finece_calibration":1,"maps":{"all":{"method":"beta","n":2,"support":[0,1],"clip":1e-15,"parameters":[1e6,1e6,-1e6]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, report, err := Parse(data)
		if err != nil {
			return
		}
		for b := range calibrate.Bands {
			last := 0.0
			for i := range 21 {
				v, _ := c.Apply(b, float64(i)/20)
				if !(v >= 0 && v <= 1) || c.Maps[b].Method != calibrate.Histogram && v < last-1e-15 {
					t.Fatalf("%s of %v is %v, after %v", c.Maps[b].Method, float64(i)/20, v, last)
				}
				last = v
			}
		}
		again, report2, err := Parse(Append(nil, c, report))
		if err != nil || !reflect.DeepEqual(again, c) || string(report2) != string(report) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, again, c)
		}
	})
}
