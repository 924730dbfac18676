package calibrate

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/finece/finece/position"
)

func TestWhatACardExcludes(t *testing.T) {
	card := &Card{Generator: "g", Domain: "sums", Conversation: OneTurn, Labels: 9, High: 1}
	for _, c := range []struct {
		name  string
		card  *Card
		asked Asked
		want  Outside
	}{
		{"nothing is known", card, Asked{}, 0},
		{"all is as labelled", card, Asked{"g", "sums", OneTurn}, 0},
		{"another generator", card, Asked{"h", "sums", OneTurn}, OutsideGenerator},
		{"another domain", card, Asked{"g", "law", OneTurn}, OutsideDomain},
		{"a conversation", card, Asked{"g", "sums", ManyTurns}, OutsideConversation},
		{"one turn, and a card of conversations", &Card{Conversation: ManyTurns, Labels: 9, High: 1}, Asked{"", "", OneTurn}, 0},
		{"all three", card, Asked{"h", "law", ManyTurns}, OutsideGenerator | OutsideDomain | OutsideConversation},
		{"a card that states nothing", &Card{Labels: 9, High: 1}, Asked{"h", "law", ManyTurns}, 0},
		{"no card", nil, Asked{"h", "law", ManyTurns}, 0},
	} {
		if got := c.card.Excludes(c.asked); got != c.want {
			t.Errorf("%s: outside %v, want %v", c.name, got.Names(), c.want.Names())
		}
	}
}

func TestWhatACardCovers(t *testing.T) {
	var none *Card
	some := &Card{Kinds: position.Question | position.End, Bands: []Band{Late}}
	for _, c := range []struct {
		card *Card
		kind position.Kind
		want bool
	}{
		{none, position.Line, true}, {&Card{}, position.Line, true}, {some, position.End, true},
		{some, position.Paragraph, false}, {some, position.Paragraph | position.End, true},
	} {
		if c.card.Covers(c.kind) != c.want {
			t.Errorf("%+v covers %s: %v", c.card, c.kind, !c.want)
		}
	}
	if !none.CoversBand(Early) || !(&Card{}).CoversBand(Early) || some.CoversBand(Early) || !some.CoversBand(Late) {
		t.Error("bands")
	}
}

func TestCardsAreChecked(t *testing.T) {
	if err := (&Card{Labels: 1, High: 1}).Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Card{{High: 1}, {Labels: -1, High: 1}, {Labels: 1, Low: 0.5, High: 0.4}, {Labels: 1, High: 1.5}, {Labels: 1, Low: -1, High: 1}} {
		if c.Validate() == nil {
			t.Errorf("%+v is valid", c)
		}
	}
}

func TestNamesOfTurnsAndOutside(t *testing.T) {
	for _, turns := range AllTurns() {
		if got, err := ParseTurns(turns.String()); err != nil || got != turns {
			t.Errorf("%s: %v, %v", turns, got, err)
		}
	}
	if _, err := ParseTurns("maybe"); err == nil || Turns(9).String() != "unknown" {
		t.Error("a value that is none")
	}
	var all Outside
	for _, o := range AllOutside() {
		all |= o
	}
	want := []string{"generator", "domain", "kind", "conversation", "range", "unlike", "drift"}
	if !slices.Equal(all.Names(), want) || Outside(0).Names() != nil || all&^Disqualifying != OutsideRange|OutsideUnlike {
		t.Errorf("%v", all.Names())
	}
}

func TestWhetherAllMapsAreFitted(t *testing.T) {
	fitted, identity := Map{Method: Platt}, Map{Method: Identity}
	if !(&Calibration{Maps: [Bands]Map{fitted, fitted, fitted}}).Fitted() || (&Calibration{Maps: [Bands]Map{fitted, identity, fitted}}).Fitted() {
		t.Error("Fitted")
	}
}

func TestWhatAQuestionReadsLike(t *testing.T) {
	surprisal := bytes.Repeat([]byte{MaxSurprisal}, Runs)
	known := 0
	EachRun("How many apples are 3 and 4?", func(run int) {
		surprisal[run] = LeastSurprisal + 4 // 2.5 bits
		known++
	})
	if known != len(" how many apples are 0 and 0? ")-3 {
		t.Errorf("%d runs", known)
	}
	l := &Likeness{string(surprisal), 10}
	if err := l.Validate(); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]bool{
		"How many apples are 3 and 4?":            false,
		"  how MANY\tapples\nare 7   and 9?  ":    false,
		"Wie viele Birnen hat Ottilie im Herbst?": true,
		"": false, // two spaces are too short for a run
	} {
		if got := l.Unlike(question); got != want {
			t.Errorf("%q: %v, %v bits", question, got, l.Of(question))
		}
	}
	if got := l.Of("how many apples are 8 and 1?"); got != 2.5 {
		t.Errorf("%v bits, want 2.5", got)
	}
	var none *Likeness
	if none.Unlike("anything") {
		t.Error("a question is unlike those that nothing is known of")
	}
	for _, wrong := range []*Likeness{
		{l.Surprisal, -1}, {l.Surprisal, math.NaN()}, {l.Surprisal, 21}, {l.Surprisal[1:], 1}, {"A" + l.Surprisal[1:], 1}, {"\x7f" + l.Surprisal[1:], 1},
	} {
		if (&Card{Labels: 1, High: 1, Questions: wrong}).Validate() == nil {
			t.Errorf("above %v, %d surprisals, the first %q: no error", wrong.Above, len(wrong.Surprisal), wrong.Surprisal[0])
		}
	}
}
