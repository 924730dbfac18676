package session

import (
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
)

// threeMaps has another map for each band.
func threeMaps() *calibrate.Calibration {
	return &calibrate.Calibration{
		Source: "test", Boundary: 120,
		Maps: [calibrate.Bands]calibrate.Map{
			{Method: calibrate.Temperature, Clip: 1e-6, Parameters: []float64{2}, N: 9, High: 1},
			{Method: calibrate.Platt, Clip: 1e-6, Parameters: []float64{0.7, -0.3}, N: 9, High: 0.5},
			{Method: calibrate.Isotonic, X: []float64{0, 0.5, 1}, Y: []float64{0.1, 0.2, 0.9}, N: 9, High: 1},
		},
	}
}

// TestACalibrationMapsRawEstimates scores the demonstration with and without a
// calibration, and does afterwards to its record what the session does on the
// way: bands from what is known of the positions, then integration.
func TestACalibrationMapsRawEstimates(t *testing.T) {
	data, err := os.ReadFile("testdata/demo.sse")
	if err != nil {
		t.Fatal(err)
	}
	for _, depth := range []int{0, 2} {
		c := DefaultConfig()
		c.Fusion.Depth = depth
		c.Positions.Strategy = position.Paragraph | position.Periodic
		plain := scoreCuts(t, c, string(data))
		c.Calibration = threeMaps()
		r := scoreCuts(t, c, string(data))

		bands := map[calibrate.Band]int{}
		outside := 0
		before, after, positions := last(plain), last(r), r.of(Positioned, 0)
		value := make([]float64, len(positions))
		for i, p := range positions {
			e := after[i]
			if e.State != Final {
				if e.Source.Map != calibrate.None {
					t.Errorf("position %d is %s and calibrated", i, e.State)
				}
				continue
			}
			if e.Raw != before[i].Raw || before[i].Source.Map != calibrate.None {
				t.Errorf("position %d: raw %v, without calibration %v %v", i, e.Raw, before[i].Raw, before[i].Source)
			}
			at := p.Position
			band := c.Calibration.Band(at.Kind&position.Question != 0, at.Kind&position.End != 0, at.Token)
			var out bool
			value[i], out = c.Calibration.Apply(band, e.Raw)
			if e.Source.Band != band || e.Source.Map != c.Calibration.Maps[band].Method || e.Source.Outside != out {
				t.Errorf("position %d: %v, want the map of %s", i, e.Source, band)
			}
			bands[band]++
			if out {
				outside++
			}
			if depth == 0 && e.Fused != value[i] {
				t.Errorf("position %d: fused %v, want the calibrated %v", i, e.Fused, value[i])
			}
		}
		if bands[calibrate.Early] < 2 || bands[calibrate.Late] < 2 || outside == 0 {
			t.Errorf("%v positions in bands, %d outside: the demonstration shows too little", bands, outside)
		}
		if depth == 2 { // p(z-1) has one position ahead of it
			i := len(positions) - 2
			if want := c.Fusion.Alpha*value[i] + (1-c.Fusion.Alpha)*value[i+1]; !nearly(after[i].Fused, want) {
				t.Errorf("position %d: fused %v, want %v of calibrated values", i, after[i].Fused, want)
			}
		}
	}
}

func nearly(a, b float64) bool { return a-b < 1e-12 && b-a < 1e-12 }

// last is the last confidence event of each position of choice 0.
func last(r *record) map[int]Event {
	out := map[int]Event{}
	for _, e := range r.of(Confidence, 0) {
		out[e.Position.Index] = e
	}
	return out
}

func TestTheQuestionOfEveryChoiceIsCalibratedOnce(t *testing.T) {
	c := asking()
	c.Fusion.Depth = 0
	c.Calibration = threeMaps()
	s, events, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	id := events[len(events)-1].ID
	if _, err := s.Write([]byte(content(1, "b", -1) + content(0, "a", -1))); err != nil {
		t.Fatal(err)
	}
	events, err = s.Resolve(id, []byte(`{"choices":[{"message":{"content":"0.9"}}]}`))
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	want, _ := c.Calibration.Apply(calibrate.Question, 0.9)
	for _, e := range events {
		if e.Raw != 0.9 || e.Fused != want || e.Source.Map != calibrate.Temperature || e.Source.Band != calibrate.Question {
			t.Errorf("%+v, want %v", e, want)
		}
	}
}

// TestAValueIsCalibratedIfAllThatItIsFusedFromIs gives the question, early and late
// positions maps of their own, some of which leave a confidence as it is.
func TestAValueIsCalibratedIfAllThatItIsFusedFromIs(t *testing.T) {
	identity := calibrate.Map{Method: calibrate.Identity, N: 9, High: 1}
	fitted := threeMaps().Maps[calibrate.Late]
	for _, c := range []struct {
		name        string
		early, late calibrate.Map
		alpha       float64
		depth       int
		want        []bool // by position
	}{
		{"both are fitted", fitted, fitted, 0.5, 2, []bool{true, true, true, true, true}},
		{"neither is fitted", identity, identity, 0.5, 2, []bool{false, false, false, false, false}},
		{"late ones are not, two steps ahead", fitted, identity, 0.5, 2, []bool{true, false, false, false, false}},
		{"late ones are not, one step ahead", fitted, identity, 0.5, 1, []bool{true, true, false, false, false}},
		{"late ones are not, without integration", fitted, identity, 0.5, 0, []bool{true, true, true, false, false}},
		{"late ones are not, and weigh nothing", fitted, identity, 1, 2, []bool{true, true, true, false, false}},
		{"early ones are not", identity, fitted, 0.5, 2, []bool{false, false, false, true, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := DefaultConfig()
			config.Positions.Strategy, config.Positions.Every = position.Periodic, 2
			config.Fusion.Alpha, config.Fusion.Depth = c.alpha, c.depth
			config.Calibration = &calibrate.Calibration{Boundary: 7, Maps: [calibrate.Bands]calibrate.Map{identity, c.early, c.late}}
			var input strings.Builder
			for i := range 9 { // positions after 2, 4, 6 and 8 tokens, and the end
				input.WriteString(content(0, " w", -0.1*float64(i)))
			}
			r := scoreCuts(t, config, input.String()+finish(0, "stop")+doneMarker)
			last := r.last(0)[1:]
			if len(last) != len(c.want) {
				t.Fatalf("%d positions, want %d", len(last), len(c.want))
			}
			for i, e := range last {
				if e.State != Final || e.Calibrated != c.want[i] {
					t.Errorf("position %d after %d tokens is %s, calibrated %v, want %v", i+1, 2*(i+1), e.State, e.Calibrated, c.want[i])
				}
			}
			for _, e := range r.of(Confidence, 0) {
				if e.Calibrated && e.Source.Map == calibrate.None {
					t.Errorf("calibrated without a map: %s", describe(&e))
				}
			}
		})
	}
}

func TestWithoutACalibrationNothingIsCalibrated(t *testing.T) {
	for _, c := range []Config{DefaultConfig(), asking()} {
		r := open(t, c)
		r.write(content(0, "One.\n\n", -0.1) + content(0, "Two.", -0.2) + finish(0, "stop") + doneMarker)
		r.end()
		for _, ask := range r.of(Ask, 0) {
			r.add(r.Resolve(ask.ID, reply("0.5")))
		}
		values := 0
		for _, e := range r.of(Confidence, 0) {
			if e.Calibrated {
				t.Errorf("calibrated: %s", describe(&e))
			}
			if e.State == Final {
				values++
			}
		}
		if values == 0 {
			t.Error("no position has a value")
		}
	}
}

func TestCalibrationsInConfigurations(t *testing.T) {
	c := DefaultConfig()
	c.Calibration = threeMaps()
	text := string(AppendConfig(nil, &c))
	got, err := ParseConfig([]byte(text))
	if err != nil || got.Calibration == nil || got.Calibration.Source != "test" || string(AppendConfig(nil, &got)) != text {
		t.Errorf("%v, %+v", err, got.Calibration)
	}
	if got, err := ParseConfig([]byte(`{"calibration":null}`)); err != nil || got.Calibration != nil {
		t.Errorf("null: %v, %v", got.Calibration, err)
	}
	for text, want := range map[string]string{
		`{"calibration":1}`:  `"calibration.": want an object`,
		`{"calibration":{}}`: `"calibration.finece_calibration": want version 1`,
		`{"calibration":{"finece_calibration":1,"maps":{"all":{"n":"1"}}}}`: `"calibration.maps.all.n": want a whole number`,
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c.Calibration.Maps[calibrate.Late].Y[1] = 0.05
	if _, _, err := Open(c); err == nil || !strings.Contains(err.Error(), "knot 1") {
		t.Errorf("a calibration that falls: %v", err)
	}
}

func TestASourceSaysHowItWasCalibrated(t *testing.T) {
	s := builtinSource(DefaultConfig().Method)
	if s.String() != "perplexity" {
		t.Error(s)
	}
	s.Map, s.Band, s.Outside = calibrate.Beta, calibrate.Early, true
	if s.String() != "perplexity, calibrated by beta for early positions, outside its support" {
		t.Error(s)
	}
}
