package session

import (
	"os"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
)

// mixed scores the demonstration with a model that replies 0.5 at the first positions and fails
// at the others with the given reason.
func mixed(t *testing.T, c Config, first int, why Reason) []Event {
	t.Helper()
	data, err := os.ReadFile("testdata/demo.sse")
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	r.add(r.Write(data))
	r.add(r.End())
	for _, e := range r.of(Ask, 0) {
		if e.Position.Index < first {
			r.add(r.Resolve(e.ID, []byte(`{"choices":[{"message":{"content":"0.5"}}]}`)))
		} else if why == BadReply {
			r.add(r.Resolve(e.ID, []byte("garbage")))
		} else {
			r.add(r.Fail(e.ID, why))
		}
	}
	return r.last(0)
}

// TestLogprobsStandInForAModelThatIsGone: they replace the model's estimates and are not
// integrated with them.
func TestLogprobsStandInForAModelThatIsGone(t *testing.T) {
	const first = 3
	own := DefaultConfig()
	own.Positions.Strategy = position.Paragraph | position.Periodic
	own.Question = "How many loaves?"
	own.Fusion.Depth = 0
	data, err := os.ReadFile("testdata/demo.sse")
	if err != nil {
		t.Fatal(err)
	}
	statistics := score(t, own, string(data), whole).last(0)

	c := own
	c.Fusion.Depth = 2
	c.Estimator = Model
	c.Card = &calibrate.Card{Labels: 9, High: 1}
	for _, why := range []Reason{BadReply, Timeout, EndpointError, Unreachable, Superseded, Cancelled} {
		without := mixed(t, c, first, why)
		with := c
		with.Fallback = true
		for i, e := range mixed(t, with, first, why) {
			switch {
			case i < first:
				if e.Source.String() != without[i].Source.String() || e.Source.Estimator != Model || e.Fused != without[i].Fused || !e.Calibrated || e.State != Final {
					t.Errorf("%s: position %d of the model is %+v, want %+v", why, i, e, without[i])
				}
			case why == Superseded || why == Cancelled:
				if e.State != Unavailable || e.Reason != why {
					t.Errorf("%s: position %d is %+v", why, i, e)
				}
			default:
				if e.State != Final || e.Reason != NoReason || e.Raw != statistics[i].Raw || e.Fused != e.Raw || e.Calibrated || e.Source.String() != statistics[i].Source.String() {
					t.Errorf("%s: position %d is %+v, want the statistic of %+v", why, i, e, statistics[i])
				}
			}
		}
	}

	c.Fallback, c.FallbackCalibration = true, threeMaps()
	for i, e := range mixed(t, c, first, Unreachable)[first:] {
		i += first
		want, _ := c.FallbackCalibration.Apply(e.Source.Band, statistics[i].Raw)
		if e.Fused != want || !e.Calibrated || !e.Source.Map.Fitted() || e.Source.Estimator != Builtin {
			t.Errorf("position %d is %+v, want %v by the map", i, e, want)
		}
	}
	if e := mixed(t, c, 0, Unreachable)[0]; e.State != Unavailable || e.Reason != Unreachable {
		t.Errorf("log-probabilities say something about the question: %+v", e)
	}
}

func TestAFallbackIsWrittenAndRead(t *testing.T) {
	c := DefaultConfig()
	c.Estimator, c.Fallback, c.FallbackCalibration = Model, true, threeMaps()
	c.Method++
	got, err := ParseConfig(AppendConfig(nil, &c))
	if err != nil || !got.Fallback || got.Method != c.Method || got.FallbackCalibration == nil || got.Calibration != nil || got.Estimator != Model {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ParseConfig([]byte(`{"fallback":"tarot"}`)); err == nil {
		t.Error("an unknown statistic is accepted")
	}
	none, err := ParseConfig([]byte(`{"estimator":"leco","fallback":"none"}`))
	if err != nil || none.Fallback || none.Method.String() != "leco" {
		t.Errorf("%v, %v", none.Method, err)
	}
}
