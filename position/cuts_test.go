package position

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// corpus returns every sample text with LF and with CRLF, and one text that joins them all.
func corpus() []string {
	var out []string
	var all strings.Builder
	for _, c := range append(paragraphCases, lineCases...) {
		text, _ := marked(c.text)
		out = append(out, text, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))
		all.WriteString(text + "\n\n")
	}
	return append(out, all.String(), "a"+strings.Repeat("\n", 50)+"b", "| a\n|-\n"+strings.Repeat("x 🙂 ", 40)+"\n\ny",
		"-"+strings.Repeat(" -", 60)+"\n\nx", "naïve “quotes” – and\u00a0more 日本語テキスト、\n\n한국어 ไทย עברית 🏳️‍🌈")
}

// everything returns options for all strategies that need only text.
func everything() []Options {
	var out []Options
	for _, strategy := range []Kind{Paragraph, Line, Periodic, Paragraph | Periodic, Line | Paragraph | Periodic} {
		for _, every := range []int{1, 2, 7} {
			out = append(out, Options{Strategy: strategy, Every: every, MinLength: every})
		}
	}
	return out
}

func bytewise(int) int { return 1 }

func checkPositions(t testing.TB, segment Segment, text string, got []Position) {
	t.Helper()
	last := int64(0)
	for i, p := range got {
		if p.Index != i+1 {
			t.Fatalf("index %d in place %d", p.Index, i+1)
		}
		if p.Segment != segment {
			continue
		}
		if p.Byte <= last && p.Kind != End || p.Byte > int64(len(text)) {
			t.Fatalf("%q: %+v behind one at %d", text, p, last)
		}
		last = p.Byte
		if last < int64(len(text)) && !utf8.RuneStart(text[last]) {
			t.Fatalf("%q: %+v is inside a character", text, p)
		}
		if want := int64(len(utf16.Encode([]rune(text[:last])))); p.UTF16 != want {
			t.Fatalf("%q: %+v, want UTF16 %d", text, p, want)
		}
	}
}

func checkSame(t testing.TB, text string, o Options, got, want []Position) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%q, %+v: %d positions cut, %d whole\n%+v\n%+v", text, o, len(got), len(want), got, want)
	}
	for i, p := range got {
		w := want[i]
		p.EntropyLo, p.EntropyHi, w.EntropyLo, w.EntropyHi = 0, 0, 0, 0 // NaN, all of them
		if p != w {
			t.Fatalf("%q, %+v:\ncut   %+v\nwhole %+v", text, o, p, w)
		}
	}
}

func TestAnyCutGivesTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, text := range corpus() {
		for _, o := range everything() {
			for _, segment := range []Segment{Answer, Reasoning} {
				want := feed(t, o, segment, text, whole)
				checkPositions(t, segment, text, want)
				checkSame(t, text, o, feed(t, o, segment, text, bytewise), want)
				for range 5 {
					most := 1 + rng.IntN(20)
					checkSame(t, text, o, feed(t, o, segment, text, func(left int) int { return min(left, 1+rng.IntN(most)) }), want)
				}
			}
		}
	}
}

func FuzzDetectorCuts(f *testing.F) {
	for i, text := range corpus() {
		f.Add(text, uint8(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, options uint8, seed uint64) {
		if !utf8.ValidString(text) {
			text = strings.ToValidUTF8(text, "�")
		}
		all := everything()
		o := all[int(options)%len(all)]
		segment := Segment(options >> 7) // answer or reasoning
		rng := rand.New(rand.NewPCG(seed, 0))
		want := feed(t, o, segment, text, whole)
		checkPositions(t, segment, text, want)
		checkSame(t, text, o, feed(t, o, segment, text, bytewise), want)
		checkSame(t, text, o, feed(t, o, segment, text, func(left int) int { return 1 + rng.IntN(min(left, 40)) }), want)
	})
}

// A provider's token is fed whole, but it may have any bytes.
func FuzzDetectorTokens(f *testing.F) {
	f.Add([]byte("a\xff\n\n\x80b|\r\n-"), uint16(0xffff))
	f.Fuzz(func(t *testing.T, b []byte, bits uint16) {
		d, err := New(Options{Strategy: strategies, Every: 1 + int(bits&3), MinGap: int(bits >> 2 & 3)})
		if err != nil {
			t.Fatal(err)
		}
		var out []Position
		for i, c := range b {
			out = d.Feed(&Token{
				Text: b[i : i+1], Segment: Segment(c >> 6), Counted: bits>>(i%16)&1 != 0,
				EntropyLo: float64(c&7) - 1, EntropyHi: 9,
			}, out)
		}
		out = d.End(out)
		var last [segments]int64
		for i, p := range out {
			if p.Index != i+1 || p.Byte <= last[p.Segment] && p.Kind != End {
				t.Fatalf("position %d of %q = %+v", i+1, b, p)
			}
			last[p.Segment] = p.Byte
		}
	})
}

// A tag may be cut anywhere, and stands only at the start.
func TestSplitter(t *testing.T) {
	long := strings.Repeat(" ", maxWhite)
	for _, c := range []struct {
		name, text, reasoning, answer string
		opened                        bool
	}{
		{"reasoning and answer", "<think>a\n</think>\n\nb", "a\n", "\n\nb", false},
		{"white space before", " \r\n\t<think>a</think>b", "a", "b", false},
		{"the other tag", "<thinking>a</think></thinking>b", "a</think>", "b", false},
		{"empty reasoning", "<think></think>b", "", "b", false},
		{"tags that almost close", "<think><</think</thin></</think>b</think>", "<</think</thin></", "b</think>", false},
		{"never closed", "<think>a</thi", "a</thi", "", false},
		{"no tag", "a <think>b</think>", "", "a <think>b</think>", false},
		{"almost a tag", "  <thinker>b", "", "  <thinker>b", false},
		{"part of a tag", " <thin", "", " <thin", false},
		{"white space alone", " \n", "", " \n", false},
		{"as much white space as can be", long + "<think>a</think>b", "a", "b", false},
		{"too much white space", long + " <think>a</think>b", "", long + " <think>a</think>b", false},
		{"the template opened it", "a</think>b", "a", "b", true},
		{"characters around", "<think>思🙂</think>考🙂", "思🙂", "考🙂", false},
		{"nothing", "", "", "", false},
	} {
		for _, most := range []int{1, 2, 3, 5, 1000} {
			s := Splitter{Opened: c.opened}
			for range 2 { // End makes it ready again
				var got [segments]string
				take := func(pieces []Piece) {
					for _, p := range pieces {
						got[p.Segment] += string(p.Text)
						if len(p.Text) == 0 {
							t.Errorf("%s: an empty piece", c.name)
						}
					}
				}
				for text := c.text; text != ""; {
					n := min(most, len(text))
					take(s.Feed([]byte(text[:n]), nil))
					text = text[n:]
				}
				take(s.End(nil))
				if got[Reasoning] != c.reasoning || got[Answer] != c.answer {
					t.Errorf("%s in pieces of %d: reasoning %q, answer %q", c.name, most, got[Reasoning], got[Answer])
				}
			}
		}
	}
}

// Segment is known unless later text can still decide it.
func TestSplitterSegment(t *testing.T) {
	for _, c := range []struct {
		text, want string // want has r, a or ? for each byte of text
		opened     bool
	}{
		{" <think>x</y</think>z", "???????rr??r???????aa", false},
		{"  x", "??a", false},
		{"<thx", "???a", false},
		{"x</think>", "r???????a", true},
	} {
		s := Splitter{Opened: c.opened}
		got := ""
		for i := range len(c.text) {
			s.Feed([]byte(c.text[i:i+1]), nil)
			segment, known := s.Segment()
			switch {
			case !known:
				got += "?"
			default:
				got += segment.String()[:1]
			}
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
		var fresh Splitter
		if segment, known := fresh.Segment(); segment != Answer || known {
			t.Errorf("before any text: %s %v", segment, known)
		}
	}
}

func FuzzSplitterCuts(f *testing.F) {
	f.Add("  <think>a<</think>b", uint64(1))
	f.Add(" <thinking>a</thi</thinking>b</thinking>", uint64(2))
	split := func(text string, next func(left int) int) (got [segments]string) {
		var s Splitter
		var pieces []Piece
		take := func() {
			for _, p := range pieces {
				got[p.Segment] += string(p.Text)
			}
			pieces = pieces[:0]
		}
		for text != "" {
			n := next(len(text))
			pieces = s.Feed([]byte(text[:n]), pieces)
			take()
			text = text[n:]
		}
		pieces = s.End(pieces)
		take()
		return got
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		want := split(text, whole)
		if got := split(text, func(left int) int { return 1 + rng.IntN(min(left, 12)) }); got != want {
			t.Fatalf("%q: %q cut, %q whole", text, got, want)
		}
		// An independent reading of the whole text.
		rest := strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
		reasoning, answer := "", text
		if len(text)-len(rest) <= maxWhite {
			for _, tag := range []string{"think>", "thinking>"} {
				if body, ok := strings.CutPrefix(rest, "<"+tag); ok {
					reasoning, answer, _ = strings.Cut(body, "</"+tag)
				}
			}
		}
		if want[Reasoning] != reasoning || want[Answer] != answer {
			t.Fatalf("%q: %q, want reasoning %q, answer %q", text, want, reasoning, answer)
		}
	})
}
