package session

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

func TestExactlyMaxPositionsAreFound(t *testing.T) {
	text := strings.Repeat("Step.\n\n", 100)
	for _, limit := range []int{2, 10, 50} {
		c := DefaultConfig()
		c.MaxPositions = limit
		r := scoreCuts(t, c, chunk(0, "content", text)+finish(0, "stop")+doneMarker)
		if n := len(r.of(Positioned, 0)); n != limit+1 { // and p(z)
			t.Errorf("limit %d: %d positions, want %d and p(z)", limit, n, limit)
		}
	}
}

// The question of choice 0 is given up when its place in the window is needed. In the same call,
// it becomes unavailable in the other choices.
func TestAQuestionThatIsGivenUpIsGivenUpForAllChoices(t *testing.T) {
	c := asking()
	c.MaxPending = 8
	r := open(t, c)
	r.write(content(1, "One", -1))
	for range 20 {
		r.write(chunk(0, "content", "Step.\n\n"))
		first, other := r.last(0)[0], r.last(1)[0]
		if first.State != other.State || first.Reason != other.Reason {
			t.Fatalf("p(0) is %s %q for choice 0 and %s %q for choice 1", first.State, first.Reason, other.State, other.Reason)
		}
	}
	if got := r.last(1)[0]; got.State != Unavailable || got.Reason != GivenUp {
		t.Errorf("choice 1: p(0) is %s %q", got.State, got.Reason)
	}
	r.check()
}

// There are no log-probabilities before the question.
func TestBuiltinEstimatorsDoNotJudgeTheQuestion(t *testing.T) {
	c := DefaultConfig()
	c.Question = "What is 6 times 7?"
	r := scoreCuts(t, c, content(0, "42", -1)+finish(0, "stop")+doneMarker)
	if got := r.last(0)[0]; got.State != Unavailable || got.Reason != NoText {
		t.Errorf("p(0) is %s %q", got.State, got.Reason)
	}
}

func TestRawValuesAtTheEndsOfTheRangeAreCalibrated(t *testing.T) {
	c := asking()
	c.Fusion.Depth = 0
	c.Calibration = threeMaps()
	for _, raw := range []string{"0", "1"} {
		r := open(t, c)
		r.add(r.Resolve(r.of(Ask, 0)[0].ID, reply(raw)))
		got := r.last(0)[0]
		want, _ := c.Calibration.Apply(calibrate.Question, got.Raw)
		if got.Fused != want || !got.Calibrated || got.Source.Map != calibrate.Temperature || got.Fused == got.Raw {
			t.Errorf("%s: raw %v, fused %v, %s, calibrated %v", raw, got.Raw, got.Fused, got.Source, got.Calibrated)
		}
	}
}

func TestTheRequestSaysHowMuchOfTheAnswerThereIs(t *testing.T) {
	c := asking()
	c.Model.Instructions = [...]string{"JUDGE THE QUESTION", "JUDGE THE BEGINNING", "JUDGE THE WHOLE"}
	r := open(t, c)
	r.write(content(0, "One.\n\n", -1) + content(0, "Two.", -1) + finish(0, "stop") + doneMarker)
	r.end()
	asks := r.of(Ask, 0)
	if len(asks) != 3 {
		t.Fatalf("%d requests, want those for p(0), p(1) and p(z)", len(asks))
	}
	for i, instruction := range c.Model.Instructions {
		body, err := r.Request(nil, asks[i].ID)
		if err != nil || !strings.Contains(string(body), instruction) || strings.Contains(string(body), "Two.") != (i == 2) {
			t.Errorf("request %d: %s, %v", i, body, err)
		}
	}
}

// A token without text makes no Text event, and one with text makes one.
func TestTextEventsHaveText(t *testing.T) {
	c := DefaultConfig()
	c.Text = true
	r := scoreCuts(t, c, content(0, "So", -1)+content(0, "", -1)+content(0, " 42", -1)+finish(0, "stop")+doneMarker)
	if n := len(r.of(Text, 0)); n != 2 {
		t.Errorf("%d events of two texts", n)
	}
}

func TestTokensThatWaitCountWhereTheirTextTurnsOutToBe(t *testing.T) {
	type total = [2]Total
	for _, c := range []struct {
		name   string
		tokens []string
		want   total // the totals of answer and reasoning
	}{
		{"white space before a token with the tag and reasoning", []string{"\n", " <think>Hm", "</think>", "42"}, total{{1, false}, {3, false}}},
		{"half a closing tag before a token with the other half and the answer", []string{"<think>", "a", "</thi", "nk>So", " 42"}, total{{2, false}, {3, false}}},
		{"white space before the answer", []string{"\n", " ", "So", " 42"}, total{{4, false}, {0, false}}},
		{"tokens without text in a tag", []string{"<thi", "", "nk>", "a", "</think>", "42"}, total{{1, false}, {5, false}}},
		{"tokens without text at the beginning", []string{"", "", "So"}, total{{3, false}, {0, false}}},
	} {
		var input strings.Builder
		for _, text := range c.tokens {
			input.WriteString(content(0, text, -1))
		}
		r := scoreCuts(t, DefaultConfig(), input.String()+finish(0, "stop")+doneMarker)
		if got := r.of(Finish, 0)[0].Total; got != c.want {
			t.Errorf("%s: tokens %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Text without tokens that the splitter holds back at the end of the stream.
func TestHeldBackTextWithoutTokensIsNotCounted(t *testing.T) {
	for _, text := range []string{"<th", " \n", "<think>a</th"} {
		c := DefaultConfig()
		c.Text = true
		r := scoreCuts(t, c, chunk(0, "content", text)+finish(0, "stop")+doneMarker)
		total := r.of(Finish, 0)[0].Total
		segment := position.Answer
		want := text
		if strings.HasPrefix(text, "<think>") {
			segment, want = position.Reasoning, "a</th"
		}
		if got := r.text(0, segment); got != want {
			t.Errorf("%q: %s %q, want %q", text, segment, got, want)
		}
		if !total[segment].Estimated {
			t.Errorf("%q: %d tokens of the provider, which sent none", text, total[segment].Tokens)
		}
	}
}

func TestTheListsOfNamesAreComplete(t *testing.T) {
	check := func(what string, names []string, want int) {
		seen := map[string]bool{}
		for _, name := range names {
			if name == "" || name == "unknown" || seen[name] {
				t.Errorf("%s has the name %q twice, or no name", what, name)
			}
			seen[name] = true
		}
		if len(names) != want {
			t.Errorf("%s has %d names, want %d", what, len(names), want)
		}
	}
	var kinds, states, why, codes []string
	for _, k := range EventKinds() {
		kinds = append(kinds, k.String())
	}
	for _, s := range States() {
		states = append(states, s.String())
	}
	for _, r := range Reasons() {
		why = append(why, r.String())
	}
	for _, c := range FaultCodes() {
		codes = append(codes, FaultName(c))
	}
	check("EventKinds", kinds, int(Framed))
	check("States", states, int(Unavailable)+1)
	check("Reasons", why, int(reasons)-1)
	check("FaultCodes", codes, len(stream.FaultCodes())+3)
	if EventKind(math.MaxUint8).String() != "unknown" || Reason(reasons).String() != "unknown" || State(9).String() != "unknown" {
		t.Error("a number without a name is not unknown")
	}
}

// TestFramesComeWhenTheyAreAskedFor: only with Config.Frames.
func TestFramesComeWhenTheyAreAskedFor(t *testing.T) {
	input := ": ping\n\n" + chunk(1, "content", "a") + finish(1, "stop") + doneMarker
	for _, asked := range []bool{false, true} {
		c := DefaultConfig()
		c.Frames = asked
		s, _, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		events, err := s.Write([]byte(input))
		if err != nil {
			t.Fatal(err)
		}
		var got []stream.FrameBits
		said := 0
		for _, e := range events {
			switch e.Kind {
			case Framed:
				got = append(got, e.Frame.Is)
			case Said:
				if said++; e.Choice != 1 || e.Said.Choice != 1 || e.Said.Text == e.Said.Finished {
					t.Errorf("said %+v of choice %d", e.Said, e.Choice)
				}
			}
		}
		want := []stream.FrameBits{stream.FrameComment, stream.FrameChunk, stream.FrameChunk, stream.FrameDone}
		if asked && (!slices.Equal(got, want) || said != 2) || !asked && (got != nil || said > 0) {
			t.Errorf("asked %v: frames %v and %d choices", asked, got, said)
		}
	}
}
