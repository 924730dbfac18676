package position

import (
	"math"
	"testing"
)

func TestParagraphEndsInMarkdownsCorners(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"a list in a quote without a space after >", ">- a\n>\n>  b¶\n>\n>- c"},
		{"a tab after a space goes to the next column of four", "   - a\n\n \tmore¶\n\n   - b"},
		{"a tab that reaches the marker's column only", "    - a¶\n\n \tb"},
		{"nine digits are a list marker", "123456789. a\n\n  more¶\n\nb"},
		{"ten digits are not", "1234567890. a¶\n\n  b"},
		{"a marker with a parenthesis", "1) a\n\n   more¶\n\n2) b"},
		{"a marker of the digit 9", "9. a\n\n   more¶\n\n10. b"},
		{"a marker of the digit 0", "0. a\n\n   more¶\n\n1. b"},
		{"spaces after a closing fence", "```\na\n\n```¶ \n\nDone."},
		{"a shorter fence and a space do not close", "````\na\n``` \n\nb\n````¶\n\nDone."},
		{"letters are no thematic break", "aaa¶\n\nbbb"},
		{"a formula that begins its line and goes on", "$$ a\n\nb $$¶\n\nDone."},
		{"a formula after a code span", "`a` $$\nx\n\ny\n$$¶\n\nz"},
		{"dollars in a code span of two backticks", "``$$\n``b¶\n\nc"},
		{"one backtick does not close two", "``a` $$\nb``¶\n\nc"},
		{"a command that begins like begin", "\\beta¶\n\nx"},
		{"a command that begins like end", "\\begin{a}\n\\eta\n\nx\n\\end{a}¶\n\nDone."},
	} {
		t.Run(c.name, func(t *testing.T) { testOffsets(t, Paragraph, Paragraph, c.text) })
	}
}

func TestLineEndsInTablesCorners(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"a row without a pipe heads no table", "10 a¶\n:-|-:¶\nb"},
		{"a delimiter row needs a dash", "a | b¶\n:|:¶\nc"},
		{"a delimiter row that begins with a colon", "a | b\n:-|-:\n1 | 2¶\nc"},
	} {
		t.Run(c.name, func(t *testing.T) { testOffsets(t, Line, Line, c.text) })
	}
}

// The first and the last characters of each kind, as many as one token has of them.
func TestEstimateAtTheEndsOfTheAlphabets(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"000", 1}, {"999", 1}, {"0000", 2}, {"9999", 2},
		{"aaaaaaaaa", 1}, {"zzzzzzzzz", 1}, {"AAAAAAAAA", 1}, {"ZZZZZZZZZ", 1}, {"zzzzzzzzzz", 2},
		{"//", 1}, {"///", 2}, {":::", 2}, {"@@@", 2}, {"[[[", 2}, {"```", 2}, {"{{{", 2}, {"\x7f\x7f\x7f", 2},
		{"\u00a1\u00bf", 1}, {"\u00a1\u00bf\u00a1", 2}, // Latin-1 signs are marks
		{"\u00c0\u00ff\u024f\u0250\u02af\u0300\u036f\u0370\u037f", 1},          // accented Latin, up to the lead byte 0xCD
		{"\u0380\u0391\u03a9\u03ce", 1}, {"\u0380\u0391\u03a9\u03ce\u03b1", 2}, // Greek, from the lead byte 0xCE
		{"\u07ff\u07ff\u07ff\u07ff", 1},                            // the last of two bytes
		{"\u0900\u0e01\u1000", 1}, {"\u0900\u0e01\u1000\u1fff", 2}, // South and South-East Asia
		{"\u2014", 1}, {"\u2014\u2014", 2}, {"\uff01\uff01", 2}, // typography and full-width marks
		{"\u3042\u4e00\u9fff\uac00", 3}, {"\ud7a3", 1},
	} {
		d, err := New(DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		d.Feed(&Token{Text: []byte(c.text)}, nil)
		if got, estimated := d.Total(Answer); got != c.want || !estimated {
			t.Errorf("%q: %d tokens, want %d", c.text, got, c.want)
		}
	}
}

func TestEntropyBoundsAtTheirEdges(t *testing.T) {
	nan := math.NaN()
	h := func(p ...float64) (sum float64) {
		for _, v := range p {
			sum -= v * math.Log(v)
		}
		return sum
	}
	for _, c := range []struct {
		name   string
		top    []float64
		chosen float64
		lo, hi float64
		ok     bool
	}{
		{"rounding over 0 is allowed", []float64{0.0009}, nan, 0, 0, true},
		{"more is not", []float64{math.Nextafter(massSlack, 1)}, nan, nan, nan, false},
		{"the tail fills tokens of the least probability, and one more", logs(0.3), nan, h(0.3, 0.3, 0.3, 0.1), h(0.3) - 0.7*math.Log(0.7/(Vocabulary-1)), true},
		{"the tail is smaller than the least probability", logs(0.8), nan, h(0.8, 0.2), h(0.8) - 0.2*math.Log(0.2/(Vocabulary-1)), true},
		{"a sampled token makes the tail one token shorter", logs(0.5), math.Log(0.25), h(0.5, 0.25, 0.25), h(0.5, 0.25) - 0.25*math.Log(0.25/(Vocabulary-2)), true},
		{"a sampled token of probability 1", []float64{-9999}, 0, 0, 0, true},
	} {
		lo, hi, ok := EntropyBounds(c.top, c.chosen)
		if ok != c.ok || math.Abs(lo-c.lo) > 1e-9 || math.Abs(hi-c.hi) > 1e-9 || math.IsNaN(lo) != math.IsNaN(c.lo) {
			t.Errorf("%s: %v, %v, %v; want %v, %v, %v", c.name, lo, hi, ok, c.lo, c.hi, c.ok)
		}
	}
}

func TestNumbersOutOfRange(t *testing.T) {
	d, err := New(DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	d.Feed(&Token{Text: []byte("a"), Counted: true}, nil)
	for s := segments; s < segments+3; s++ {
		if n, estimated := d.Total(Segment(s)); n != 0 || estimated {
			t.Errorf("segment %d has %d tokens", s, n)
		}
		if out := d.Feed(&Token{Text: []byte("x\n\ny"), Segment: Segment(s)}, nil); len(out) > 0 {
			t.Errorf("segment %d has positions: %+v", s, out)
		}
	}
	for total, want := range map[int64]float64{-1: math.NaN(), 0: math.NaN(), 1: 5, 10: 0.5} {
		if got := (Position{Token: 5}).Ratio(total); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("the ratio of 5 tokens in %d is %v, want %v", total, got, want)
		}
	}
	for _, threshold := range []float64{0, math.MaxFloat64} {
		o := DefaultOptions()
		if o.EntropyThreshold = threshold; o.Validate() != nil {
			t.Errorf("an entropy threshold of %v is refused", threshold)
		}
	}
}

// There is a position after a token whose entropy is over the threshold, not at it.
func TestEntropyPositionsAreOverTheThreshold(t *testing.T) {
	o := DefaultOptions()
	o.Strategy, o.EntropyThreshold, o.MinGap = Entropy, 0.5, 2
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for i, h := range []float64{0.5, 0.6, 0.6, 0.6, 0.4, 0.7, 9} {
		for _, p := range d.Feed(&Token{Text: []byte("ab"), Counted: true, EntropyLo: h, EntropyHi: h}, nil) {
			got = append(got, p.Token)
			if p.EntropyLo <= 0.5 {
				t.Errorf("token %d: %+v", i, p)
			}
		}
	}
	if want := []int64{2, 4, 6}; len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("positions after tokens %v, want %v", got, want)
	}
}

// White space at the end of a counted token is not text that follows a position.
func TestNoPositionBeforeTheEndsWhiteSpace(t *testing.T) {
	for _, tokens := range [][]string{{"ab "}, {"ab ", " "}, {"ab", " ", "\n"}, {"a", "b \n \n"}} {
		o := DefaultOptions()
		o.Strategy, o.Every = Periodic, len(tokens)
		d, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		var out []Position
		for _, text := range tokens {
			out = d.Feed(&Token{Text: []byte(text), Counted: true}, out)
		}
		if out = d.End(out); len(out) != 1 || out[0].Kind != End {
			t.Errorf("%q: %+v, want p(z) alone", tokens, out)
		}
	}
}

// TestUTF16Offsets checks offsets in UTF-16 units at the first and the last characters of
// each length in bytes.
func TestUTF16Offsets(t *testing.T) {
	for _, counted := range []bool{false, true} {
		for text, want := range map[string]int64{
			"\u00c0": 1, "\u00ff": 1, "\u0800": 1, "\uffff": 1, "\U00010000": 2, "\U0010ffff": 2, "a\u0080\u07ffz": 4,
		} {
			d, err := New(DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			d.Feed(&Token{Text: []byte(text), Counted: counted}, nil)
			if out := d.End(nil); out[0].UTF16 != want || out[0].Byte != int64(len(text)) {
				t.Errorf("%q, counted %v: %+v, want %d units", text, counted, out[0], want)
			}
		}
	}
}
