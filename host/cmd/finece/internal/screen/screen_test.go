package screen_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/screen"
	"github.com/finece/finece/host/cmd/finece/internal/screen/screentest"
)

func plain(_ screen.Style, s string) string { return s }

func texts(rows []screen.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, strings.TrimRight(r.Text, " "))
	}
	return out
}

func document(text string) *screen.Document {
	d := &screen.Document{Badge: func(n int) string { return fmt.Sprintf("<%d>", n) }}
	d.Append(0, screen.Plain, []byte(text))
	return d
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"words move as a whole", "one two three four", []string{"one two", "three four"}},
		{"line ends", "a\n\nb\r\nc", []string{"a", "", "b", "c"}},
		{"a word longer than a row", "x abcdefghijklmnop", []string{"x", "abcdefghij", "klmnop"}},
		{"wide characters", "日本語日本語 日本", []string{"日本語日本", "語 日本"}},
		{"a family is one character", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦", []string{"👨‍👩‍👧‍👦👨‍👩‍👧‍👦"}},
		{"combining marks", "e\u0301e\u0301", []string{"e\u0301e\u0301"}},
		{"tabs", "\tx", []string{"    x"}},
		{"escape sequences", "\x1b[31mred\x1b[0m", []string{"\uFFFD[31mred\uFFFD[", "0m"}},
		{"C1 and other controls", "\u009b2J\x9b\x07\x00\rx", []string{"\uFFFD2J\uFFFD\uFFFD\uFFFD\uFFFDx"}},
		{"writing direction", "a\u202eb\u2066c", []string{"a\uFFFDb\uFFFDc"}},
		{"no UTF-8", "a\xffb\xe2\x9c", []string{"a\uFFFDb\uFFFD\uFFFD"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := texts(document(c.text).Rows(10, plain)); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name   string
		text   string
		place  []int64 // badge i at place[i]
		want   []string
		placed []bool
	}{
		{"in the middle", "one\n\ntwo", []int64{3}, []string{"one <0>", "", "two"}, []bool{true}},
		{"behind white space", "one\n\ntwo", []int64{5}, []string{"one <0>", "", "two"}, []bool{true}},
		{"out of order, and two in one place", "one\n\ntwo", []int64{8, 3, 3}, []string{"one <1>", "<2>", "", "two <0>"}, []bool{true, true, true}},
		{"stays with its word where there is room", "one two th", []int64{10}, []string{"one two th", "<0>"}, []bool{true}},
		{"an empty text", "", []int64{0}, []string{"<0>"}, []bool{true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := document(c.text)
			for i, at := range c.place {
				if got := d.Place(i, 0, at); got != c.placed[i] {
					t.Errorf("badge %d: %v", i, got)
				}
			}
			if got := texts(d.Rows(10, plain)); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestFreeze(t *testing.T) {
	d := document("one\n\ntwo three four\nfive")
	d.Place(0, 0, 3)
	d.Place(1, 0, 19)
	rows := d.Rows(10, plain)
	var frozen []int
	d.Freeze(rows[2], func(n int) { frozen = append(frozen, n) })
	if got, want := texts(d.Rows(10, plain)), []string{"four <1>", "five"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if !slices.Equal(frozen, []int{0}) {
		t.Errorf("frozen: %v", frozen)
	}
	if d.Place(2, 0, 8) {
		t.Error("a badge was placed in frozen text")
	}
	if !d.Place(3, 0, 24) {
		t.Error("a badge was not placed in text that is there")
	}
	if got, want := texts(d.Rows(10, plain)), []string{"four <1>", "five <3>"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLive grows random texts with badges that change and compares the picture
// after every frame with the rows that should be there.
func TestLive(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := screentest.New(12+rng.IntN(30), 2+rng.IntN(8))
		values := map[int]string{}
		d := &screen.Document{Badge: func(n int) string { return values[n] }}
		live := screen.NewLive(m)
		var gone []string // frozen rows, as they were last drawn
		written, badges := int64(0), 0
		for range 60 {
			words := []string{"a ", "bc ", "déjà ", "日本 ", "\n", "\n\n", "verylongwordindeed", "x", "\x1b[2J", "🎉"}
			b := []byte(words[rng.IntN(len(words))])
			d.Append(0, screen.Plain, b)
			written += int64(len(b))
			if rng.IntN(3) == 0 {
				values[badges] = "◌ …"
				d.Place(badges, 0, max(0, written-int64(rng.IntN(20))))
				badges++
			}
			if badges > 0 {
				values[rng.IntN(badges)] = fmt.Sprintf("● %d%%", rng.IntN(101))
			}
			if err := live.Resize(m.Width(), m.Height()); err != nil {
				t.Fatal(err)
			}
			rows := d.Rows(live.Width(), plain)
			n, err := live.Draw(rows)
			if err != nil {
				t.Fatal(err)
			}
			want := append(slices.Clone(gone), texts(rows)...)
			if n > 0 {
				gone = append(gone, texts(rows[:n])...)
				d.Freeze(rows[n-1], func(int) {})
			}
			got := m.Text()
			for len(want) > 0 && want[len(want)-1] == "" {
				want = want[:len(want)-1]
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: the terminal shows\n%q\nwant\n%q", seed, got, want)
			}
		}
	}
}
