package pairs

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// TestLinesAlike: the fast way reads lines as the plain way does. The lines are mostly alike, and
// some differ in one place.
func TestLinesAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[rng.IntN(len(all))] }
	value := func() string {
		return pick("0.25", "1", "0", "1e-3", "0.1234567890123456789", "-0", "-0.5", "1.5", "1e999", "01", "0.5x", ".5", "null", "true", `"0.5"`, `"NaN"`, "NaN", "[1]", "{}", "")
	}
	columns := DefaultColumns()
	columns.Question, columns.Other, columns.By = "id", "p", []string{"model", "source.name"}
	used := 0
	for round := range 400 {
		c := columns
		if round%2 == 0 {
			c = DefaultColumns()
		}
		before := pick("", " ")
		names := []string{"confidence", "correct", "id", "p", "model", "more", "source.name"}
		rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		fast, plainly := &Pairs{keep: true}, &Pairs{keep: true}
		w, v := newWalk(&c), newWalk(&c)
		for n := range 30 {
			var members []string
			for _, name := range names {
				text := strconv.FormatFloat(rng.Float64(), 'g', -1, 64)
				switch name {
				case "correct":
					text = pick("0", "1", "true", "false", "1.0")
				case "id", "model", "source.name":
					text = pick(`"a"`, `"b c"`, `"é"`, "7", "null", `"\u0061"`, `"a\"b"`)
				}
				if rng.IntN(40) == 0 {
					text = value()
				}
				members = append(members, fmt.Sprintf("%q:%s%s", name, before, text))
			}
			if rng.IntN(20) == 0 {
				members = append(members, members[rng.IntN(len(members))])
			}
			line := []byte("{" + strings.Join(members, ","+before) + "}" + pick("", "", "", "", "", "x"))
			if rng.IntN(30) == 0 {
				line = line[:rng.IntN(len(line))+1]
			}
			fast.text, plainly.text = line, line
			if w.alike(fast, n, line) {
				used++
			} else if !w.line(fast, n, line) {
				fast.jsonLine(n, line, &c)
			}
			if !v.line(plainly, n, line) {
				plainly.jsonLine(n, line, &c)
			}
		}
		plainly.scan = fast.scan
		fast.grouping.key, plainly.grouping.key = nil, nil
		if !reflect.DeepEqual(fast, plainly) {
			t.Fatalf("round %d:\n%+v\n%+v", round, fast, plainly)
		}
	}
	if used < 2000 {
		t.Errorf("%d of 12000 lines were read fast", used)
	}
}

// FuzzConfidence compares the fast reader of numbers with strconv.
func FuzzConfidence(f *testing.F) {
	for _, text := range []string{"0.5", "1", "0.12345678901234567", "1e-5", "0x1p-2", "+0.5", ".5", "5.", "1_0", "nan", "Infinity", "-0", "00.5", "0.5 ", "1e400", "1e-400", "0.00000000000000000000000000001", "9007199254740993e-16"} {
		f.Add(text)
	}
	p := &Pairs{}
	f.Fuzz(func(t *testing.T, text string) { compareWithStrconv(t, p, text) })
}

func compareWithStrconv(t *testing.T, p *Pairs, text string) {
	t.Helper()
	v, wrong := p.parseConfidence([]byte(text))
	want, err := strconv.ParseFloat(text, 64)
	if isNumber := err == nil || want > 1 || want < -1; text != "" && (wrong != "is not a number") != isNumber || isNumber && v != want && want == want {
		t.Errorf("%q is %v (%s), want %v (%v)", text, v, wrong, want, err)
	}
}

func TestConfidencesAreThoseOfStrconv(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := &Pairs{}
	for range 200_000 {
		v := rng.Float64()
		for _, text := range []string{strconv.FormatFloat(v, 'g', -1, 64), strconv.FormatFloat(v, 'f', rng.IntN(25), 64), strconv.FormatFloat(v*v*v*v, 'e', rng.IntN(20), 64)} {
			compareWithStrconv(t, p, text)
		}
	}
}

// TestPartsKeepTheirQuestions: a part whose first rows have no question keeps their number.
func TestPartsKeepTheirQuestions(t *testing.T) {
	var keys texts
	for _, text := range []string{"", "", "a", "", "b"} {
		keys.add([]byte(text))
	}
	var got []string
	for key := range keys.all {
		got = append(got, string(key))
	}
	if want := []string{"", "", "a", "", "b"}; !reflect.DeepEqual(got, want) || keys.blank() {
		t.Errorf("%q, want %q", got, want)
	}
	for key := range keys.all {
		if len(key) > 0 {
			t.Errorf("%q comes first", key)
		}
		break
	}
	if keys.clear(); !keys.blank() {
		t.Error("not empty")
	}
}

// TestReserve: room is made for the pairs of a file, within limits, and the pairs stay.
func TestReserve(t *testing.T) {
	for _, c := range []struct {
		have, more int
		share      float64
		least      int
		most       int
	}{{0, 1000, 0.5, 2000, 2100}, {0, 1000, 0.001, 16_000, 16_000}, {0, 1000, 0, 0, 0}, {1000, 1000, 0.25, 8000, 8200}, {1000, 1000, 3, 2000, 2000}} {
		p := &Pairs{}
		for i := range c.have {
			p.Confidence, p.Correct = append(p.Confidence, float64(i)), append(p.Correct, i%2 == 0)
		}
		p.reserve(c.more, &progress{share: c.share})
		if n := cap(p.Confidence); n < c.least || n > c.most && c.most > 0 || len(p.Confidence) != c.have || len(p.Correct) != c.have || c.have > 0 && p.Confidence[7] != 7 {
			t.Errorf("%+v: room for %d", c, n)
		}
	}
}
