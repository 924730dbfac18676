package position

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// feed feeds text to a new Detector in pieces, as uncounted tokens. next is called with the
// number of remaining bytes and returns the length of the next piece.
func feed(t testing.TB, o Options, segment Segment, text string, next func(left int) int) []Position {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var out []Position
	for text != "" {
		n := next(len(text))
		out = d.Feed(&Token{Text: []byte(text[:n]), Segment: segment}, out)
		text = text[n:]
	}
	return d.End(out)
}

func whole(left int) int { return left }

// marked takes a text with a ¶ at every expected position. It returns the text without
// them, and their byte offsets.
func marked(s string) (text string, at []int64) {
	parts := strings.Split(s, "¶")
	for _, p := range parts[:len(parts)-1] {
		text += p
		at = append(at, int64(len(text)))
	}
	return text + parts[len(parts)-1], at
}

var paragraphCases = []struct{ name, text string }{
	{"blank line between paragraphs", "One.¶\n\nTwo."},
	{"no blank line", "One.\nTwo."},
	{"a blank line of spaces and tabs", "One.¶\n \t \nTwo."},
	{"several blank lines", "One.¶\n\n\n\nTwo.¶\n\n\nThree."},
	{"CRLF", "One.¶\r\n\r\nTwo.\r\nstill two.¶\r\n\r\nThree."},
	{"CR", "One.¶\r\rTwo."},
	{"mixed line ends", "One.¶\n\r\nTwo.\r\nstill two.¶\r\n\nThree."},
	{"blank lines at the end", "One.¶\n\nTwo.\n\n\n \n"},
	{"blank lines at the start", "\n\n  \nOne.¶\n\nTwo."},
	{"spaces at the end of a line", "One.¶  \n\nTwo."},
	{"empty", ""},
	{"only white space", " \n\n\t\n"},

	{"heading by itself", "# Title¶\n\nText."},
	{"bold start", "One.¶\n\n**Bold** two.¶\n\n*Italic* three."},
	{"number at the start", "One.¶\n\n100 apples.¶\n\n3.5 pears.¶\n\n2024 was a year."},
	{"minus at the start", "One.¶\n\n-5 degrees.¶\n\n--flag is set."},

	{"fence with blank lines", "Run:¶\n\n```go\na\n\nb\n```¶\n\nDone."},
	{"tilde fence", "~~~\na\n\n```\n\nb\n~~~¶\n\nDone."},
	{"a longer fence holds a shorter one", "````\n```\n\n```\n\n````¶\n\nDone."},
	{"an indented fence", "Text\n  ```\n\n  a\n\n  ```¶\n\nDone."},
	{"a fence closes with no info string", "```\na\n\n``` not closed\n\nb\n\n```¶\n\nDone."},
	{"a fence never closed", "One.¶\n\n```\na\n\nb\n\nc"},
	{"fence in a list item", "1. Run:\n\n   ```sh\n   a\n\n   b\n   ```¶\n\n2. Done."},
	{"fence behind a list marker", "1. ```sh\n   a\n\n   b\n   ```¶\n\n2. Done."},
	{"code span of three backticks is no fence", "```a``` b¶\n\nTwo.¶\n\nThree."},
	{"two backticks are no fence", "``\na¶\n\nb\n``"},
	{"empty fence with CRLF", "```\r\n\r\n```\r\n\r\n"},
	{"fence in a quote", "> ```\n> a\n>\n> b\n> ```¶\n\nDone."},
	{"a quote in a fence does not close it", "```\n> ```\n\na\n```¶\n\nDone."},

	{"display math of dollars", "So:¶\n\n$$\na\n\nb\n$$¶\n\nDone."},
	{"display math of brackets", "\\[\na\n\n\\frac{1}{2} \\\\[2pt]\n\nb\n\\]¶\n\nDone."},
	{"display math that ends a line", "So: $$\na\n\nb\n$$¶\n\nDone."},
	{"environment", "\\begin{align}\na\n\n\\begin{x}\n\n\\end{x}\n\n\\end{align}¶\n\nDone."},
	{"math on one line", "$$a$$¶\n\n\\[b\\]¶\n\nDone."},
	{"dollars in running text end at the blank line", "It costs $$ 5.¶\n\nTwo.¶\n\nThree."},
	{"single dollars", "From $5 to $6.¶\n\nThen $7.¶\n\nEnd."},
	{"dollars in a code span", "`$$\n`¶\n\nTwo.¶\n\n``$$ `$$`` x¶\n\nThree."},
	{"escaped dollars", "\\$$\nx¶\n\nTwo."},
	{"math in a list item", "- $$\n  a\n\n  b\n  $$¶\n\n- Two."},

	{"loose list", "- a¶\n\n- b¶\n\n- c"},
	{"tight list", "Intro:\n- a\n- b¶\n\nDone."},
	{"ordered list", "1. a¶\n\n2) b¶\n\n10. c¶\n\nDone."},
	{"a list item that goes on", "- a\n\n  more of a¶\n\n- b"},
	{"a list item with a list in it", "1. a\n\n   - b\n\n   - c\n\n   rest of a¶\n\n2. d"},
	{"an item that goes on less deep than its content", "10. a\n\n  more¶\n\n11. b"},
	{"a tab goes on", "* a\n\n\tmore¶\n\n* b"},
	{"text after the list", "- a\n- b¶\n\nText.¶\n\n  indented text."},
	{"lazy continuation", "- a\nlazy\n\n  more¶\n\nDone."},
	{"empty item", "-\n\n  a¶\n\nb"},
	{"emphasis is no list marker", "*a*¶\n\n  b"},
	{"list in a quote", "> - a\n>\n>   b¶\n>\n> - c"},

	{"table", "| a | b |\n|---|---|\n| 1 | 2 |¶\n\nDone."},
	{"thematic break", "One.¶\n\n---\n\nTwo."},
	{"thematic break of stars in spaces", "One.¶\n\n* * *\n\n  Two."},
	{"thematic break in a list item", "- a\n\n  ---\n\n  b¶\n\n- c"},
	{"thematic break at the end", "One.\n\n---\n"},
	{"two dashes are no break", "One.¶\n\n--¶\n\nTwo."},
	{"two dashes at the end", "One.¶\n\n--"},
	{"underlined heading", "Title¶\n=====\n\nText."},

	{"no ASCII", "第一段。¶\n\nВторой.¶\n\n🙂🙃¶\n\nEnd."},
}

var lineCases = []struct{ name, text string }{
	{"every line", "One.¶\nTwo.¶\nThree."},
	{"blank lines", "One.¶\n\nTwo.¶\n\n\nThree.\n\n"},
	{"CRLF", "One.¶\r\nTwo.¶\r\n\r\nThree."},
	{"GSM8K", "She has 3 * 4 = <<3*4=12>>12 eggs.¶\nShe sells 12 - 2 = 10.¶\n#### 10"},
	{"fence", "Run:¶\n```\na\n\nb\n```¶\nDone."},
	{"fence after text", "a¶\n~~~ x ` y\nb\n~~~~¶\nc"},
	{"code span over a line", "```a``` b¶\nTwo.¶\nThree."},
	{"fence in a quote", "> ```\n> a\n> b\n> ```¶\n> c"},
	{"display math", "So¶\n$$\na\nb\n$$¶\nDone¶\n\\[\nc\n\\] ok¶\nEnd."},
	{"math over a line end", "So $$a\n+ b$$ ok.¶\nDone."},
	{"environment", "So¶\n\\begin{align}\na \\\\\nb\n\\end{align}¶\nDone."},
	{"table", "Text¶\n| a | b |\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |¶\nDone."},
	{"table without outer pipes", "a | b\n--|--\n1 | 2¶\nno row¶\nDone."},
	{"table and a blank line", "| a |\n|---|\n| 1 |¶\n\n| b |¶\nc"},
	{"pipes are no table", "a | b¶\nc | d¶\n|- no¶\nEnd."},
	{"table at the end", "x¶\n| a |\n|---|"},
	{"list", "- a¶\n- b\n  more b\n  - c¶\n- d"},
	{"list item that goes on behind a blank line", "1. a\n\n   more¶\n2. b"},
	{"thematic break", "One.¶\n---\nTwo."},
}

func TestParagraphEnds(t *testing.T) {
	for _, c := range paragraphCases {
		t.Run(c.name, func(t *testing.T) { testOffsets(t, Paragraph, Paragraph, c.text) })
	}
}

func TestLineEnds(t *testing.T) {
	for _, c := range lineCases {
		t.Run(c.name, func(t *testing.T) { testOffsets(t, Line, Line, c.text) })
	}
}

func testOffsets(t *testing.T, strategy, kind Kind, s string) {
	t.Helper()
	text, want := marked(s)
	o := DefaultOptions()
	o.Strategy = strategy
	for _, segment := range []Segment{Answer, Reasoning} {
		got := feed(t, o, segment, text, whole)
		z := got[len(got)-1]
		if z.Kind != End || z.Segment != Answer || z.Index != len(got) {
			t.Fatalf("p(z) = %+v", z)
		}
		got = got[:len(got)-1]
		want := want
		if end := int64(len(strings.TrimRight(text, " \t\r\n"))); segment == Reasoning && end > 0 {
			if b := int64(len(strings.TrimRight(strings.TrimSuffix(text[:end], "---"), "\n"))); b < end {
				end = b // a thematic break is no text
			}
			want = append(want[:len(want):len(want)], end)
		} else if segment == Answer && z.Byte != int64(len(text)) {
			t.Errorf("p(z) at %d of %d", z.Byte, len(text))
		}
		var at []int64
		for i, p := range got {
			at = append(at, p.Byte)
			if p.Kind != kind || p.Segment != segment || p.Index != i+1 {
				t.Errorf("%+v", p)
			}
		}
		if len(at) != len(want) {
			t.Fatalf("%v of %q: positions at %v, want %v", segment, text, at, want)
		}
		for i := range at {
			if at[i] != want[i] {
				t.Fatalf("%v of %q: positions at %v, want %v", segment, text, at, want)
			}
		}
	}
}

func TestRefusalHasNoPositions(t *testing.T) {
	o := DefaultOptions()
	o.Strategy, o.Every, o.MinGap = strategies, 1, 0
	d, _ := New(o)
	var out []Position
	for range 9 {
		out = d.Feed(&Token{Text: []byte("I can't.\n\n"), Segment: Refusal, Counted: true, EntropyLo: 1, EntropyHi: 2}, out)
	}
	out = d.End(out)
	if len(out) != 1 || out[0].Kind != End || out[0].Byte != 0 || out[0].Index != 1 {
		t.Errorf("positions %+v, want p(z) alone", out)
	}
	if n, estimated := d.Total(Refusal); n != 9 || estimated {
		t.Errorf("Total = %d, %v", n, estimated)
	}
}

func TestMinLength(t *testing.T) {
	for _, c := range []struct {
		name string
		min  int
		text string
	}{
		{"shorter joins the next", 5, "One\n\nTwo¶\n\nThree¶\n\nFour"},
		{"white space around does not count", 4, "  One  \n\n  Three¶  \n\nx"},
		{"code points count", 3, "日本\n\n日本¶\n\n日本語¶\n\n🙂🙂\n\nabc¶\n\nx"},
	} {
		text, want := marked(c.text)
		o := DefaultOptions()
		o.MinLength = c.min
		got := feed(t, o, Answer, text, whole)
		var at []int64
		for _, p := range got[:len(got)-1] {
			at = append(at, p.Byte)
		}
		if len(at) != len(want) {
			t.Fatalf("%s: at %v, want %v", c.name, at, want)
		}
		for i := range at {
			if at[i] != want[i] {
				t.Errorf("%s: at %v, want %v", c.name, at, want)
			}
		}
	}
}

var nan = math.NaN()

// token makes one token of the provider, with an entropy.
func token(text string, entropy float64) *Token {
	return &Token{Text: []byte(text), Counted: true, EntropyLo: entropy, EntropyHi: entropy + 1}
}

type place struct {
	kind    Kind
	segment Segment
	byte    int64
	token   int64
	entropy float64
}

func checkPlaces(t *testing.T, got []Position, want []place) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d positions, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		p := got[i]
		sameEntropy := p.EntropyLo == w.entropy || p.EntropyLo != p.EntropyLo && w.entropy != w.entropy
		if p.Index != i+1 || p.Kind != w.kind || p.Segment != w.segment || p.Byte != w.byte || p.Token != w.token || !sameEntropy {
			t.Errorf("position %d = %+v, want %+v", i+1, p, w)
		}
	}
}

func TestCountedTokens(t *testing.T) {
	o := DefaultOptions()
	o.Strategy = Paragraph | Periodic | Entropy
	o.Every, o.EntropyThreshold, o.MinGap = 3, 0.5, 2
	d, _ := New(o)
	var out []Position
	for _, k := range []*Token{
		token("One", 0), token(" two", 0.9), token(" three", 0.8), // entropy at 7; 2 more needed
		token(".", 0.7), token("\n\n", 0.6), token("Four", 0), // paragraph and entropy at 14; periodic at 20
		token("", 0), token("", 0), token("🙂", 0), // periodic at 24
		token(".\n\n", 0.1), token("Five", 0), token(".", 9),
	} {
		out = d.Feed(k, out)
	}
	out = d.End(out)
	checkPlaces(t, out, []place{
		{Entropy, Answer, 7, 2, 0.9},
		{Periodic, Answer, 13, 3, 0.8},
		{Paragraph | Entropy, Answer, 14, 4, 0.7},
		{Periodic, Answer, 20, 6, 0},
		{Periodic, Answer, 24, 9, 0},
		{Paragraph, Answer, 25, 10, 0.1},
		{End, Answer, 32, 12, 9},
	})
	if d.Missing() != 0 {
		t.Errorf("Missing = %v", d.Missing())
	}
	if total, estimated := d.Total(Answer); total != 12 || estimated || out[2].Ratio(total) != 4.0/12 {
		t.Errorf("Total = %d, %v; Ratio %v", total, estimated, out[2].Ratio(total))
	}
}

// The paragraph end after token 2 is certain only at token 5. Positions that fired between
// the two have to come out after it.
func TestLaterPositionsWaitForAParagraphEnd(t *testing.T) {
	o := DefaultOptions()
	o.Strategy, o.Every = Line|Periodic, 1
	d, _ := New(o)
	var out []Position
	for _, text := range []string{"| 1 |\n|---|\n| 2 |", "\n", "a", " b", " c", "\n", "d"} {
		out = d.Feed(token(text, nan), out)
	}
	checkPlaces(t, d.End(out), []place{
		{Line | Periodic, Answer, 17, 1, nan},
		{Periodic, Answer, 19, 3, nan},
		{Periodic, Answer, 21, 4, nan},
		{Line | Periodic, Answer, 23, 5, nan},
		{End, Answer, 25, 7, nan},
	})
}

func TestSegments(t *testing.T) {
	o := DefaultOptions()
	d, _ := New(o)
	var out []Position
	for _, k := range []Token{
		{Text: []byte("Let me\n\n```\nthink\n\n"), Segment: Reasoning},
		{Text: []byte("\n"), Segment: Answer},
		{Text: []byte("First.\n\nSecond."), Segment: Answer},
		{Text: []byte("Again"), Segment: Reasoning},
		{Text: []byte("Third."), Segment: Answer},
	} {
		out = d.Feed(&k, out)
	}
	checkPlaces(t, d.End(out), []place{
		{Paragraph, Reasoning, 6, 2, nan},
		{Paragraph, Reasoning, 17, 6, nan},
		{Paragraph, Answer, 7, 3, nan},
		{Paragraph, Reasoning, 24, 8, nan},
		{Paragraph, Answer, 16, 5, nan},
		{End, Answer, 22, 7, nan},
	})
}

func TestReasoningAlone(t *testing.T) {
	d, _ := New(DefaultOptions())
	out := d.Feed(&Token{Text: []byte("Hm.\n"), Segment: Reasoning}, nil)
	out = d.End(out)
	checkPlaces(t, out, []place{{Paragraph, Reasoning, 3, 2, nan}, {End, Answer, 0, 0, nan}})
	if out = d.End(d.Feed(token("more", 0), nil)); len(out) != 0 {
		t.Errorf("after End: %+v", out)
	}
	d.Reset()
	if out = d.End(d.Feed(token("more", 0), nil)); len(out) != 1 || out[0].Index != 1 {
		t.Errorf("after Reset: %+v", out)
	}
}

func TestMissing(t *testing.T) {
	o := DefaultOptions()
	o.Strategy = Paragraph | Entropy
	d, _ := New(o)
	if d.Missing() != 0 {
		t.Error("missing before there is text")
	}
	d.Feed(token("a", nan), nil)
	if d.Missing() != Entropy {
		t.Errorf("Missing = %v without an entropy", d.Missing())
	}
	d.Feed(token("b", 0), nil)
	if d.Missing() != 0 {
		t.Errorf("Missing = %v with one", d.Missing())
	}
}

// The estimate counts one token a word here, so a Periodic position lies at the
// end of every third.
func TestPeriodicByEstimate(t *testing.T) {
	o := DefaultOptions()
	o.Strategy, o.Every = Periodic, 3
	got := feed(t, o, Answer, "one two three four five six seven eight nine  \n", whole)
	checkPlaces(t, got, []place{
		{Periodic, Answer, 13, 3, nan}, {Periodic, Answer, 27, 6, nan}, {End, Answer, 47, 11, nan},
	})
	for _, p := range got {
		if !p.Estimated {
			t.Errorf("%+v is not marked as an estimate", p)
		}
	}
}

func TestThresholdZero(t *testing.T) {
	o := DefaultOptions()
	o.Strategy, o.EntropyThreshold, o.MinGap = Entropy, 0, 0
	d, _ := New(o)
	out := d.Feed(token("a", 0), nil)
	out = d.Feed(token("b", 5e-324), out)
	out = d.Feed(token("c", nan), out)
	checkPlaces(t, d.End(out), []place{{Entropy, Answer, 2, 2, 5e-324}, {End, Answer, 3, 3, nan}})
}

func TestQuestion(t *testing.T) {
	d, _ := New(DefaultOptions())
	if p := d.Question(); p.Index != 0 || p.Kind != Question || p.Byte != 0 || p.EntropyLo == p.EntropyLo {
		t.Errorf("p(0) = %+v", p)
	}
	if r := d.Question().Ratio(10); r != 0 {
		t.Errorf("its ratio is %v", r)
	}
	if r := d.Question().Ratio(0); r == r {
		t.Errorf("its ratio to an unknown total is %v", r)
	}
}

func TestOptions(t *testing.T) {
	bad := []func(*Options){
		func(o *Options) { o.Strategy = 0 },
		func(o *Options) { o.Strategy = Question },
		func(o *Options) { o.MinLength = -1 },
		func(o *Options) { o.Every = 0 },
		func(o *Options) { o.Every = -1 },
		func(o *Options) { o.MinGap = -1 },
		func(o *Options) { o.EntropyThreshold = -1 },
		func(o *Options) { o.EntropyThreshold = nan },
		func(o *Options) { o.EntropyThreshold = math.Inf(1) },
	}
	for i, change := range bad {
		o := DefaultOptions()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("options %d are taken: %+v", i, o)
		}
	}
	if _, err := New(Options{Strategy: Paragraph, Every: 1}); err != nil {
		t.Error(err)
	}
}

func TestKinds(t *testing.T) {
	for s, k := range map[string]Kind{
		"paragraph": Paragraph, "line": Line, "periodic": Periodic, "entropy": Entropy,
		"paragraph+entropy": Paragraph | Entropy, "line+periodic+entropy": Line | Periodic | Entropy,
	} {
		got, err := ParseStrategy(s)
		if got != k || err != nil {
			t.Errorf("ParseStrategy(%q) = %v, %v", s, got, err)
		}
		if k.String() != s {
			t.Errorf("%d is called %q, want %q", k, k, s)
		}
	}
	for _, s := range []string{"", "question", "end", "paragraph+", "paragraph,line", "Paragraph"} {
		if k, err := ParseStrategy(s); err == nil {
			t.Errorf("ParseStrategy(%q) = %v", s, k)
		}
	}
}

// TestBoundsThatAreDueAreThoseThatAreGiven feeds the same tokens twice: with entropies, and
// with the alternatives from which these are computed.
func TestBoundsThatAreDueAreThoseThatAreGiven(t *testing.T) {
	pick := rand.New(rand.NewPCG(8, 9))
	for range 2_000 {
		o := DefaultOptions()
		o.Strategy = strategies
		o.Every, o.MinGap, o.EntropyThreshold = 1+pick.IntN(5), pick.IntN(4), pick.Float64()
		given, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		due, _ := New(o)
		var want, got []Position
		for range pick.IntN(60) {
			token := Token{Text: []byte([]string{"a", " b", "\n", "\n\n", " ", "", "é", "c\n\nd"}[pick.IntN(8)]), Counted: pick.IntN(10) > 0, Segment: Segment(pick.IntN(12) / 11)}
			top := make([]float64, pick.IntN(4))
			if pick.IntN(20) == 0 {
				top = make([]float64, maxDue+1)
			}
			for i := range top {
				top[i] = -6 * pick.Float64()
			}
			chosen := []float64{math.NaN(), -3, -9999}[pick.IntN(3)]
			other := token
			token.EntropyLo, token.EntropyHi, _ = EntropyBounds(top, chosen)
			other.EntropyLo, other.EntropyHi, other.Top, other.Chosen = math.NaN(), math.NaN(), top, chosen
			want, got = given.Feed(&token, want), due.Feed(&other, got)
			for i := range top {
				top[i] = 1 // it must not be kept
			}
		}
		want, got = given.End(want), due.End(got)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || given.Missing() != due.Missing() {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}
