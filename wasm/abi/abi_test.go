package abi

import (
	"encoding/hex"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// The worked examples of the package comment.
func TestTheDocumentedExamplesHold(t *testing.T) {
	for _, c := range []struct {
		event session.Event
		want  string
	}{
		{
			session.Event{
				Kind: session.Confidence, Position: position.Position{Index: 3}, Revision: 2, State: session.Final, Raw: 0.75, Fused: 0.75,
				Source: session.Source{Estimator: session.Model, Method: uint8(estimate.Expectation), Mass: 1},
			},
			"30000000 04000200 03000000 02000000 000000000000e83f 000000000000e83f 0100000000000000 000000000000f03f",
		},
		{
			session.Event{
				Kind: session.Confidence, Position: position.Position{Index: 3}, Revision: 2, State: session.Final, Raw: 0.75, Fused: 0.5, Calibrated: true,
				Source: session.Source{
					Estimator: session.Model, Method: uint8(estimate.Expectation), Mass: 1, Map: calibrate.Platt, Band: calibrate.Late,
				},
			},
			"30000000 04000200 03000000 02000000 000000000000e83f 000000000000e03f 0100030201000000 000000000000f03f",
		},
		{
			session.Event{Kind: session.Text, Choice: 1, Text: []byte("Hi!")},
			"18000000 01010000 00000000 03000000 4869210000000000",
		},
	} {
		if got := hex.EncodeToString(AppendEvents(nil, []session.Event{c.event})); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%v:\n got %s\nwant %s", c.event.Kind, got, c.want)
		}
	}
}

func samples() []session.Event {
	return []session.Event{
		{Kind: session.Text, Choice: 2, Segment: position.Reasoning, Text: []byte("hm, 12345678")},
		{Kind: session.Text, Text: []byte{}},
		{Kind: session.Positioned, Position: position.Position{
			Index: 7, Kind: position.Paragraph | position.Entropy, Segment: position.Reasoning, Byte: 1 << 40, UTF16: 5, Token: 3,
			Estimated: true, EntropyLo: 0.5, EntropyHi: 0.75,
		}},
		{Kind: session.Ask, Position: position.Position{Index: 7, Kind: position.End}, ID: 7},
		{Kind: session.Confidence, Position: position.Position{Index: 7}, Revision: 1, State: session.Provisional, Raw: 0.25, Fused: 0.5, Source: session.Source{Mass: 0.9}},
		{Kind: session.Confidence, Position: position.Position{Index: 8}, State: session.Final, Raw: 0.25, Fused: 0.4, Calibrated: true, Source: session.Source{
			Mass: 0.9, Map: calibrate.Isotonic, Band: calibrate.Late, Outside: calibrate.OutsideRange | calibrate.OutsideDomain,
		}},
		{Kind: session.Usage, Usage: stream.Usage{Prompt: 10, Completion: -1, Reasoning: 4}},
		{Kind: session.Fault, Fault: stream.Fault{Code: session.FaultReply, Offset: -1, Detail: []byte("no number")}},
		{Kind: session.Finish, Choice: 1, Finish: stream.Length, Total: [2]session.Total{{Tokens: 12}, {Tokens: 5, Estimated: true}}, Missing: position.Entropy},
		{Kind: session.Ended},
	}
}

func TestEventsAreReadAsTheyWereWritten(t *testing.T) {
	want := samples()
	record := AppendEvents(nil, want)
	got, err := ReadEvents(nil, record)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	for cut := range record {
		if got, err := ReadEvents(nil, record[:cut]); err == nil && len(got) == len(want) {
			t.Errorf("cut after %d of %d bytes: all events without an error", cut, len(record))
		}
	}
}

func TestUnknownNumbersHaveTheSameBits(t *testing.T) {
	e := session.Event{Kind: session.Confidence, Raw: math.Float64frombits(0xFFF8000000000123), Fused: math.NaN()}
	record := AppendEvents(nil, []session.Event{e})
	for _, at := range []int{16, 24} {
		if got := math.Float64bits(float(record, at)); got != nanBits {
			t.Errorf("NaN at byte %d has the bits %x", at, got)
		}
	}
}

func TestAKindOfTheFutureIsSkipped(t *testing.T) {
	record := header(nil, &session.Event{Kind: 99}, 24, 0, 0, 0, 0)
	record = integers(record, 1)
	record = AppendEvents(record, samples()[:1])
	got, err := ReadEvents(nil, record)
	if err != nil || len(got) != 1 || got[0].Kind != session.Text {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add(AppendEvents(nil, samples()))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := ReadEvents(nil, data)
		if err != nil {
			return
		}
		again, err := ReadEvents(nil, AppendEvents(nil, events))
		if err != nil || len(again) != len(events) {
			t.Fatalf("%d events, written and read again %d (%v)", len(events), len(again), err)
		}
	})
}

func TestPureInputsAreReadAsTheyWereWritten(t *testing.T) {
	tree := bci.Tree{Conf: []float64{0.2, 0.5, 0.9}, Parent: []int32{-1, 0, 0}}
	params := bci.Params{Alpha: 0.3, Depth: 2, Width: 4}
	input := AppendFuseInput(nil, tree, params)
	gotTree, gotParams, err := ReadFuseInput(input)
	if err != nil || !reflect.DeepEqual(gotTree, tree) || gotParams != params {
		t.Errorf("fuse: %+v %+v %v", gotTree, gotParams, err)
	}
	if _, _, err := ReadFuseInput(input[:len(input)-1]); err == nil {
		t.Error("fuse: an input cut short was accepted")
	}

	conf, correct := []float64{0.1, 0.9, 1}, []bool{false, true, true}
	binning := metrics.Binning{Rule: metrics.Guo, Bins: 15}
	input = AppendEvaluateInput(nil, conf, correct, binning)
	gotConf, gotCorrect, gotBinning, err := ReadEvaluateInput(input)
	if err != nil || !reflect.DeepEqual(gotConf, conf) || !reflect.DeepEqual(gotCorrect, correct) || gotBinning != binning {
		t.Errorf("evaluate: %v %v %v %v", gotConf, gotCorrect, gotBinning, err)
	}
	if _, _, _, err := ReadEvaluateInput(append(input, 0)); err == nil {
		t.Error("evaluate: an input with a byte too many was accepted")
	}
}

func TestConfidencesGoThroughTheMapOfTheBand(t *testing.T) {
	config := session.DefaultConfig()
	with := func(c *calibrate.Calibration) []byte {
		config.Calibration = c
		return session.AppendConfig(nil, &config)
	}
	c := &calibrate.Calibration{Boundary: 5}
	for b := range c.Maps {
		c.Maps[b] = calibrate.Map{Method: calibrate.Platt, Clip: 1e-6, Parameters: []float64{1, float64(b)}, N: 1, High: 0.9}
	}
	conf := []float64{0, 0.3, 0.95, -0.1, math.NaN()}
	for _, b := range calibrate.AllBands() {
		answer, err := AppendApplied(nil, AppendApplyInput(nil, conf, b, with(c)))
		if err != nil || len(answer) != 8*len(conf) {
			t.Fatalf("%v: %d bytes, %v", b, len(answer), err)
		}
		for i, p := range conf {
			want, _ := c.Apply(b, p)
			if got := float(answer, 8*i); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%v of %v: %v, want %v", b, p, got, want)
			}
		}
	}
	input := AppendApplyInput(nil, conf, calibrate.Late, with(c))
	for _, wrong := range [][]byte{
		nil, input[:30], AppendApplyInput(nil, conf, calibrate.Bands, with(c)), AppendApplyInput(nil, conf, calibrate.Late, with(nil)),
		AppendApplyInput(nil, conf, calibrate.Late, []byte(`{"calibration":{"maps":1}}`)),
	} {
		if _, err := AppendApplied(nil, wrong); err == nil {
			t.Errorf("%.60q was accepted", wrong)
		}
	}
}
