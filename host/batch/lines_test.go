package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// read is all lines of an input, as "number: line".
func read(r io.Reader) (out []string, err error) {
	err = Lines(r, 1, func(b *Block) (part []string) {
		if b.Long {
			return []string{fmt.Sprintf("%d: too long, %d bytes so far", b.Line, len(b.Text))}
		}
		b.Each(func(line []byte, number int) { part = append(part, fmt.Sprintf("%d: %s", number, line)) })
		if len(part) != b.Lines {
			panic("a block does not have as many lines as it says")
		}
		return part
	}, func(part []string) error {
		out = append(out, part...)
		return nil
	})
	return out, err
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"\n", []string{"1: "}},
		{"a", []string{"1: a"}},
		{"a\r\n\nb", []string{"1: a", "2: ", "3: b"}},
	} {
		if got, err := read(strings.NewReader(c.in)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

// TestManyBlocks reads several blocks, with a line longer than a block among them,
// however the input comes.
func TestManyBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var in bytes.Buffer
	var want []string
	for i := range 60_000 {
		line := strings.Repeat("x", rng.IntN(100))
		if i == 30_000 {
			line = strings.Repeat("y", 3*blockSize)
		}
		fmt.Fprintln(&in, line)
		want = append(want, fmt.Sprintf("%d: %s", i+1, line))
	}
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(in.Bytes()), "halves": iotest.HalfReader(bytes.NewReader(in.Bytes())),
		"the end with data": iotest.DataErrReader(bytes.NewReader(in.Bytes())),
	} {
		if got, err := read(r); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d lines, %v; want %d", name, len(got), err, len(want))
		}
	}
}

func TestALineThatIsTooLong(t *testing.T) {
	long := strings.Repeat("z", 3*MaxLine)
	got, err := read(strings.NewReader("a\n" + long + "\nb\n" + long))
	if err != nil || len(got) != 4 || got[0] != "1: a" || got[2] != "3: b" {
		t.Fatalf("%d lines, %v", len(got), err)
	}
	for _, at := range []int{1, 3} {
		if want := fmt.Sprintf("%d: too long", at+1); !strings.HasPrefix(got[at], want) {
			t.Errorf("%.40q, want %q", got[at], want)
		}
	}
}

func TestErrors(t *testing.T) {
	broken := errors.New("the disk is gone")
	got, err := read(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !slices.Equal(got, []string{"1: a"}) {
		t.Errorf("%q, %v", got, err)
	}
	full := errors.New("the disk is full")
	calls := 0
	err = Lines(strings.NewReader(strings.Repeat("abc\n", blockSize)), 1, func(b *Block) int { return b.Lines }, func(int) error {
		calls++
		return full
	})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestLinesBefore: the lines before a byte and the rest are the whole input, however it comes.
func TestLinesBefore(t *testing.T) {
	many := strings.Repeat("0.5,1\n", blockSize/4)
	for _, c := range []struct {
		in    string
		lines int
		begin string // of the rest
	}{
		{"", 0, ""}, {"a\nb", 2, ""}, {"\"a\"\nb\n", 0, `"a"`}, {"a\nb\"\nc\n", 1, `b"`}, {"a\n\"", 1, `"`},
		{many + "0.5,\"a\nb\"\n", blockSize / 4, `0.5,"a`}, {many + many + "x", blockSize/2 + 1, ""},
	} {
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(c.in), "halves": iotest.HalfReader(strings.NewReader(c.in)),
			"the end with data": iotest.DataErrReader(strings.NewReader(c.in)),
		} {
			before := ""
			rest, err := LinesBefore(r, 1, '"', func(b *Block) string { return string(b.Text) }, func(text string) error {
				before += text
				return nil
			})
			lines := strings.Count(before, "\n")
			if before != "" && before[len(before)-1] != '\n' {
				lines++
			}
			left, errLeft := io.ReadAll(r)
			if whole := before + string(rest.Text) + string(left); err != nil || errLeft != nil || whole != c.in {
				t.Errorf("%.20q, %s: %d bytes in all, want %d; %v, %v", c.in, name, len(whole), len(c.in), err, errLeft)
			}
			if lines != c.lines || rest.Found != (c.begin != "") || !strings.HasPrefix(string(rest.Text), c.begin) || rest.Found && rest.Line != lines+1 {
				t.Errorf("%.20q, %s: got %d lines, then line %d, which begins with %.10q; want %d lines, then %q", c.in, name, lines, rest.Line, rest.Text, c.lines, c.begin)
			}
		}
	}
}
