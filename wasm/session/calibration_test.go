package session

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
)

// threeMaps has a different map for each band.
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

// TestACalibrationMapsRawEstimates scores the demonstration with and without a calibration. It
// applies the maps to the uncalibrated raw values afterwards, by the positions' bands, and then
// integrates. The session must give the same values.
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
			if e.Source.Band != band || e.Source.Map != c.Calibration.Maps[band].Method || (e.Source.Outside == calibrate.OutsideRange) != out {
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
		if depth == 2 { // after p(z-1) there is one position
			i := len(positions) - 2
			if want := c.Fusion.Alpha*value[i] + (1-c.Fusion.Alpha)*value[i+1]; !nearly(after[i].Fused, want) {
				t.Errorf("position %d: fused %v, want %v of calibrated values", i, after[i].Fused, want)
			}
		}
	}
}

func nearly(a, b float64) bool { return a-b < 1e-12 && b-a < 1e-12 }

// last returns the last confidence event of each position of choice 0.
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

// TestAValueIsCalibratedIfAllThatItIsFusedFromIs has a map for the question, for early and for
// late positions. Some of these are the identity.
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
		`{"calibration":1}`:  `"calibration": want an object`,
		`{"calibration":{}}`: `"calibration.finece_calibration": want version 1`,
		`{"calibration":{"finece_calibration":1,"maps":{"all":{"n":"1"}}}}`: `"calibration.maps.all.n": want a whole number`,
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c.Calibration.Maps[calibrate.Late].Y[1] = 0.05
	if _, _, err := Open(c); err == nil || !strings.Contains(err.Error(), "number 1 (counted from 0)") {
		t.Errorf("a calibration that falls: %v", err)
	}
}

func TestASourceSaysHowItWasCalibrated(t *testing.T) {
	s := Source{Method: uint8(DefaultConfig().Method), Mass: nan}
	if s.String() != "perplexity" {
		t.Error(s)
	}
	s.Map, s.Band, s.Outside = calibrate.Beta, calibrate.Early, calibrate.OutsideRange|calibrate.OutsideKind
	if s.String() != "perplexity, calibrated by beta for early positions, outside: kind, range" {
		t.Error(s)
	}
}

// judged scores a stream with a confidence model that always replies value, and returns
// the last confidence of each position.
func judged(t *testing.T, c Config, value string) []Event {
	t.Helper()
	r := open(t, c)
	r.write(content(0, "One.\n\n", -0.1) + content(0, "Two.", -0.2) + finish(0, "stop") + doneMarker)
	r.end()
	for _, ask := range r.of(Ask, 0) {
		r.add(r.Resolve(ask.ID, reply(value)))
	}
	return r.last(0)
}

func TestACardMakesAModelsEstimatesProbabilities(t *testing.T) {
	const all = calibrate.Outside(255)
	trained := calibrate.Card{Generator: "g", Domain: "sums", Conversation: calibrate.OneTurn, Labels: 9, Low: 0.1, High: 0.8}
	for _, c := range []struct {
		name    string
		change  func(*Config)
		value   string
		want    []bool // by position: the question, the first paragraph, the end
		outside calibrate.Outside
		fused   float64 // the fused value of the end
	}{
		{"without a card", func(c *Config) { c.Card = nil }, "0.5", []bool{false, false, false}, 0, 0.5},
		{"nothing is known of the answer", func(*Config) {}, "0.5", []bool{true, true, true}, 0, 0.5},
		{"inside", func(c *Config) {
			c.Asked = calibrate.Asked{Generator: "g", Domain: "sums", Conversation: calibrate.OneTurn}
		}, "0.5", []bool{true, true, true}, 0, 0.5},
		{"another generator", func(c *Config) { c.Asked.Generator = "h" }, "0.5", []bool{false, false, false}, calibrate.OutsideGenerator, 0.5},
		{"another domain", func(c *Config) { c.Asked.Domain = "law" }, "0.5", []bool{false, false, false}, calibrate.OutsideDomain, 0.5},
		{"a conversation", func(c *Config) { c.Asked.Conversation = calibrate.ManyTurns }, "0.5", []bool{false, false, false}, calibrate.OutsideConversation, 0.5},
		{"a question unlike those of the card", func(c *Config) {
			c.Question = "Who wrote Faust?"
			c.Card.Questions = &calibrate.Likeness{Surprisal: strings.Repeat("^", calibrate.Runs), Above: 0.5} // each run has 0.625 bits
		}, "0.5", []bool{true, true, true}, calibrate.OutsideUnlike, 0.5},
		{"a question like those of the card", func(c *Config) {
			c.Question, c.Card.Questions = "Who wrote Faust?", &calibrate.Likeness{Surprisal: strings.Repeat("^", calibrate.Runs), Above: 1}
		}, "0.5", []bool{true, true, true}, 0, 0.5},
		{"over the range", func(*Config) {}, "0.9", []bool{true, true, true}, calibrate.OutsideRange, 0.8},
		{"under the range", func(*Config) {}, "0.05", []bool{true, true, true}, calibrate.OutsideRange, 0.1},
		{"whole answers alone", func(c *Config) { c.Card.Kinds = position.End }, "0.5", []bool{false, false, true}, all, 0.5},
		{"no whole answers", func(c *Config) { c.Card.Kinds = position.Question | position.Paragraph; c.Fusion.Depth = 0 }, "0.5", []bool{true, true, false}, calibrate.OutsideKind, 0.5},
		{"an end that is not covered is fused into what was before", func(c *Config) { c.Card.Kinds = position.Question | position.Paragraph }, "0.5", []bool{false, false, false}, calibrate.OutsideKind, 0.5},
		{"a map decides instead", func(c *Config) {
			c.Calibration, c.Asked.Domain = threeMaps(), "law"
			c.Calibration.Maps[calibrate.Late] = calibrate.Map{Method: calibrate.Histogram, Y: []float64{0.25}, N: 9, High: 1}
		}, "0.5", []bool{true, true, true}, 0, 0.25},
		{"a map's card excludes", func(c *Config) {
			c.Calibration, c.Asked.Domain = threeMaps(), "law"
			c.Calibration.Boundary = 0
			c.Calibration.Card = &calibrate.Card{Domain: "sums", Labels: 9, High: 1}
			c.Calibration.Maps[calibrate.Late] = calibrate.Map{Method: calibrate.Histogram, Y: []float64{0.25}, N: 9, High: 1}
		}, "0.5", []bool{false, false, false}, calibrate.OutsideDomain, 0.25},
		{"a map was not fitted on positions of this band", func(c *Config) {
			c.Calibration, c.Fusion.Depth = threeMaps(), 0
			c.Calibration.Card = &calibrate.Card{Bands: []calibrate.Band{calibrate.Question, calibrate.Early}, Labels: 9, High: 1}
			c.Calibration.Maps[calibrate.Late] = calibrate.Map{Method: calibrate.Histogram, Y: []float64{0.25}, N: 9, High: 1}
		}, "0.5", []bool{true, true, false}, calibrate.OutsideKind, 0.25},
		{"a map that was not fitted leaves it to the model's card", func(c *Config) {
			c.Calibration = &calibrate.Calibration{}
			for b := range c.Calibration.Maps {
				c.Calibration.Maps[b] = calibrate.Map{Method: calibrate.Identity, N: 9, High: 1}
			}
		}, "0.5", []bool{true, true, true}, 0, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, card := asking(), trained
			config.Card = &card
			c.change(&config)
			for i, e := range judged(t, config, c.value) {
				if e.State != Final || e.Calibrated != c.want[i] {
					t.Errorf("position %d is %s, calibrated %v, want %v (%s)", i, e.State, e.Calibrated, c.want[i], e.Source)
				}
				if i < 2 {
					continue
				}
				if c.outside != all && e.Source.Outside != c.outside || e.Fused != c.fused || e.Raw < 0.05 {
					t.Errorf("the end: fused %v, want %v; outside %v, want %v", e.Fused, c.fused, e.Source.Outside.Names(), c.outside.Names())
				}
			}
		})
	}
}

// A card is about a model. It does not turn a statistic into a probability.
func TestACardSaysNothingOfStatistics(t *testing.T) {
	c := DefaultConfig()
	c.Card = &calibrate.Card{Labels: 9, High: 1}
	r := scoreCuts(t, c, content(0, "One.\n\n", -0.1)+content(0, "Two.", -0.2)+finish(0, "stop")+doneMarker)
	if end := r.endOf(0); end.State != Final || end.Calibrated {
		t.Errorf("%s", describe(&end))
	}
}

func TestCardsInConfigurations(t *testing.T) {
	c := DefaultConfig()
	c.Card = &calibrate.Card{
		Name: "n", Generator: "g", Domain: "d", Bands: []calibrate.Band{calibrate.Late}, Kinds: position.End | position.Line,
		Conversation: calibrate.ManyTurns, Labels: 12, Low: 0.25, High: 0.75, Figures: []calibrate.Figure{{Name: "ece", Value: 0.03}},
		Questions: &calibrate.Likeness{Surprisal: strings.Repeat("]^`~", calibrate.Runs/4), Above: 4.25},
	}
	c.Asked = calibrate.Asked{Generator: "h", Domain: "e", Conversation: calibrate.OneTurn}
	text := string(AppendConfig(nil, &c))
	got, err := ParseConfig([]byte(text))
	if err != nil || !reflect.DeepEqual(got.Card, c.Card) || got.Asked != c.Asked {
		t.Errorf("%v, %+v, %+v", err, got.Card, got.Asked)
	}
	if got, err := ParseConfig([]byte(`{"card":null}`)); err != nil || got.Card != nil {
		t.Errorf("null: %v, %v", got.Card, err)
	}
	for text, want := range map[string]string{
		`{"card":1}`:                 `"card": want an object`,
		`{"card":{}}`:                `"card.finece_card": want version 1`,
		`{"card":{"finece_card":2}}`: `"card.finece_card": want version 1`,
		`{"card":{"lables":2}}`:      `unknown setting "card.lables"`,
		`{"card":{"finece_card":1,"labels":1,"questions":{"surprisal":1}}}`: `"card.questions.surprisal": want a string`,
		`{"card":{"finece_card":1,"labels":1,"questions":[]}}`:              `"card.questions": want an object`,
		`{"conversation":"sometimes"}`:                                      `"sometimes": want unknown, no or yes`,
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c.Card.Labels = 0
	if _, _, err := Open(c); err == nil || !strings.Contains(err.Error(), "labels") {
		t.Errorf("a card without labels: %v", err)
	}
}
