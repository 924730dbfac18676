package follow_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// TestALedgerAddsUpTheRecords compares what is kept with the records themselves.
func TestALedgerAddsUpTheRecords(t *testing.T) {
	f := &follow.Follower{Engine: host.Native()}
	for name, data := range fixtures(t) {
		var all follow.Ledger
		last := map[[2]int]*record.Confidence{}
		values := map[[2]int]int{}
		s, err := f.Open(t.Context(), config(), follow.Handler{Record: func(r record.Record) {
			all.Take(r)
			if c, ok := r.(*record.Confidence); ok {
				last[[2]int{c.Choice, c.Index}] = c
				if c.HasValue() {
					values[[2]int{c.Choice, c.Index}]++
				}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Copy(t.Context(), bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		s.Close()
		places := 0
		for i, a := range all.Sorted() {
			if i > 0 && a.Choice <= all.Sorted()[i-1].Choice {
				t.Errorf("%s: choice %d is not in order", name, a.Choice)
			}
			for i, p := range a.Places {
				places++
				want := last[[2]int{a.Choice, p.Index}]
				if p.Index != i || want == nil || p.State != want.State || p.Revision != want.Revision || p.Values != values[[2]int{a.Choice, i}] {
					t.Errorf("%s: position %d of choice %d is %+v, its last confidence %+v", name, i, a.Choice, p, want)
				}
				if p.Segment <= position.Reasoning && math.IsNaN(p.Ratio) && a.End.Tokens > 0 {
					t.Errorf("%s: position %d of choice %d has no token ratio", name, i, a.Choice)
				}
				if (p.Values > 0) == math.IsNaN(p.First) || p.Revisions() != max(p.Values-1, 0) {
					t.Errorf("%s: position %d: first value %v of %d", name, i, p.First, p.Values)
				}
			}
			if h := a.Headline(); a.Whole() != nil && h != &a.Whole().Confidence {
				t.Errorf("%s: the headline is %+v, not p(z)'s", name, h)
			}
		}
		if places != len(last) {
			t.Errorf("%s: %d positions, %d of them with a confidence", name, places, len(last))
		}
	}
}

func TestAHeadlineIsOfTheNewestValue(t *testing.T) {
	place := func(index int, kinds position.Kind) record.Place {
		return record.Place{Index: index, Kinds: kinds, Ratio: math.NaN(), Token: int64(10 * index)}
	}
	value := func(index int, kinds position.Kind, state session.State, fused float64) *record.Confidence {
		return &record.Confidence{Place: place(index, kinds), State: state, Fused: fused}
	}
	var all follow.Ledger
	a := all.Answer(0)
	if a.Headline() != nil || a.Whole() != nil {
		t.Error("an answer without positions has a headline")
	}
	for _, c := range []struct {
		r    record.Record
		want float64 // the headline's; NaN for none
	}{
		{&record.Position{Place: place(0, position.Question)}, math.NaN()},
		{value(0, position.Question, session.Final, 0.4), 0.4},
		{&record.Position{Place: place(1, position.Paragraph)}, 0.4},
		{value(1, position.Paragraph, session.Provisional, 0.6), 0.6},
		{&record.Position{Place: place(2, position.Paragraph)}, 0.6},
		{value(2, position.Paragraph, session.Unavailable, math.NaN()), 0.6},
		{value(1, position.Paragraph, session.Final, 0.7), 0.7},
		{&record.Position{Place: place(3, position.End)}, 0.7},
		{value(-1, position.End, session.Final, 0.1), 0.7}, // no stream has it
		{value(3, position.End, session.Unavailable, math.NaN()), math.NaN()},
	} {
		all.Take(c.r)
		got := math.NaN()
		if h := a.Headline(); h != nil {
			got = h.Fused
		}
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("after %s: %v, want %v", c.r.AppendJSON(nil), got, c.want)
		}
	}
	all.Take(&record.End{Tokens: 40, Missing: position.Entropy})
	if a.Places[1].Ratio != 0.25 || all.Missing() != position.Entropy {
		t.Errorf("ratio %v, missing %v", a.Places[1].Ratio, all.Missing())
	}
}

func TestManyFaultsAreCounted(t *testing.T) {
	var all follow.Ledger
	for range follow.KeptFaults + 5 {
		all.Take(&record.Fault{Code: stream.InvalidJSON})
	}
	if len(all.Faults) != follow.KeptFaults || all.Faulted != follow.KeptFaults+5 {
		t.Errorf("%d of %d faults", len(all.Faults), all.Faulted)
	}
}

func TestAnAnswerLacksLogprobs(t *testing.T) {
	var all follow.Ledger
	a := all.Answer(0)
	add := func(why session.Reason) {
		i := len(a.Places)
		all.Take(&record.Position{Place: record.Place{Index: i}})
		all.Take(&record.Confidence{Place: record.Place{Index: i}, State: session.Unavailable, Fused: math.NaN(), Reason: why})
	}
	if a.LacksLogprobs() {
		t.Error("an answer without positions lacks log-probabilities")
	}
	add(session.NoText)
	add(session.NoLogprobs)
	if !a.LacksLogprobs() {
		t.Error("log-probabilities are lacking")
	}
	all.Take(&record.Position{Place: record.Place{Index: 2}})
	if a.LacksLogprobs() {
		t.Error("one position may have a confidence yet")
	}
}
