package stream

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/finece/finece/position"
)

// recorder writes down the calls of a handler, one on each line.
type recorder struct {
	t      testing.TB
	merge  bool // joins pieces of text of one segment that have no log-probabilities
	calls  []string
	text   map[int]*[3]string
	ends   map[int][]Reason
	faults []Fault
	usage  []Usage
	scored int // number of tokens with log-probabilities
	listed int // number of tokens with alternatives
	tools  int
	pieces []string // the text of every token, in formats in which that does not depend on cuts
	thinks int      // pieces of reasoning
	tokens []Token  // every token, without its text
	open   bool     // the last call was text, and more text may be joined to it
	last   Token
}

func newRecorder(t testing.TB) *recorder {
	return &recorder{t: t, text: map[int]*[3]string{}, ends: map[int][]Reason{}}
}

func (r *recorder) Token(t *Token) {
	r.pieces = append(r.pieces, string(t.Text))
	kept := *t
	kept.Text = nil
	r.tokens = append(r.tokens, kept)
	if !utf8.Valid(t.Text) {
		r.t.Errorf("text %q is no UTF-8", t.Text)
	}
	if t.Tool {
		r.tools++
		if len(t.Text) > 0 || t.Counted {
			r.t.Errorf("a tool call has text or counts: %+v", t)
		}
	}
	if t.Counted {
		r.scored++
		if len(t.Top) > 0 {
			r.listed++
		}
	} else if !math.IsNaN(t.Logprob) || t.Top != nil {
		r.t.Errorf("a token that does not count has log-probabilities: %+v", t)
	}
	if r.text[t.Choice] == nil {
		r.text[t.Choice] = &[3]string{}
	}
	r.text[t.Choice][t.Segment] += string(t.Text)
	if t.Segment == position.Reasoning {
		r.thinks++
	}
	goesOn := r.open && r.last.Choice == t.Choice && r.last.Segment == t.Segment
	r.last = Token{Choice: t.Choice, Segment: t.Segment}
	if r.merge && goesOn && !t.Counted && !t.Tool {
		last := &r.calls[len(r.calls)-1]
		*last += string(t.Text)
		return
	}
	r.open = !t.Counted && !t.Tool
	flags := ""
	if t.Tool {
		flags += " tool"
	}
	if t.Counted {
		flags += fmt.Sprint(" ", t.Logprob)
	}
	if t.Top != nil {
		flags += fmt.Sprint(" ", t.Top, t.Listed)
	}
	r.calls = append(r.calls, fmt.Sprintf("%d %s%s %q", t.Choice, t.Segment, flags, t.Text))
	if r.merge && r.open {
		r.calls[len(r.calls)-1] = fmt.Sprintf("%d %s %s", t.Choice, t.Segment, t.Text)
	}
}

func (r *recorder) add(call string) {
	r.open = false
	r.calls = append(r.calls, call)
}

func (r *recorder) Finish(choice int, reason Reason) {
	r.ends[choice] = append(r.ends[choice], reason)
	if len(r.ends[choice]) > 1 {
		r.t.Errorf("choice %d finished twice", choice)
	}
	r.add(fmt.Sprintf("%d finish %s", choice, reason))
}

func (r *recorder) Fault(f *Fault) {
	if len(f.Detail) > MaxDetail || !utf8.Valid(f.Detail) || strings.ContainsAny(string(f.Detail), "\r\n\x00") {
		r.t.Errorf("detail %q is not what it should be", f.Detail)
	}
	g := *f
	g.Detail = append([]byte(nil), f.Detail...)
	r.faults = append(r.faults, g)
	r.add(fmt.Sprintf("fault %s at %d: %s", f.Code, f.Offset, f.Detail))
}

func (r *recorder) Usage(u *Usage) {
	if r.usage = append(r.usage, *u); len(r.usage) > 1 {
		r.t.Error("usage came twice")
	}
	r.add(fmt.Sprintf("usage %d %d %d", u.Prompt, u.Completion, u.Reasoning))
}

func (r *recorder) Said(s *Said)   { r.add(fmt.Sprintf("%+v", *s)) }
func (r *recorder) Frame(f *Frame) { r.add(fmt.Sprintf("%+v", *f)) }

// codes returns the codes of the reported faults.
func (r *recorder) codes() (codes []FaultCode) {
	for _, f := range r.faults {
		codes = append(codes, f.Code)
	}
	return codes
}

func (r *recorder) answer(choice int) string { return r.segment(choice, position.Answer) }

func (r *recorder) segment(choice int, s position.Segment) string {
	if r.text[choice] == nil {
		return ""
	}
	return r.text[choice][s]
}

// decode gives a stream to a decoder in pieces of the lengths that next returns.
func decode(t testing.TB, o Options, input []byte, next func() int) *recorder {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t)
	r.merge = true
	run(d, r, input, next)
	if d.Format() == Text {
		r.pieces = nil
	}
	return r
}

func run(d *Decoder, r *recorder, input []byte, next func() int) {
	for len(input) > 0 {
		n := min(next(), len(input))
		piece := append([]byte(nil), input[:n]...)
		d.Write(piece, r)
		for i := range piece {
			piece[i] = 'X' // the decoder must not keep the slice
		}
		input = input[n:]
	}
	d.End(r)
}

func whole() int { return math.MaxInt32 }

func every(n int) func() int { return func() int { return n } }

func randomly(seed uint64) func() int {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() int { return 1 + r.IntN(1<<r.IntN(11)) }
}

// checkCuts decodes the stream cut in several ways and compares the calls.
func checkCuts(t testing.TB, o Options, input []byte) *recorder {
	t.Helper()
	want := decode(t, o, input, whole)
	for _, cut := range []struct {
		name string
		next func() int
	}{{"1 byte", every(1)}, {"7 bytes", every(7)}, {"random", randomly(1)}, {"random", randomly(2)}, {"random", randomly(3)}} {
		got := decode(t, o, input, cut.next)
		for i := range max(len(got.calls), len(want.calls)) {
			g, w := "nothing", "nothing"
			if i < len(got.calls) {
				g = got.calls[i]
			}
			if i < len(want.calls) {
				w = want.calls[i]
			}
			if g != w {
				t.Fatalf("cut at %s: call %d is\n%s\nwant\n%s", cut.name, i, g, w)
			}
		}
		if !slices.Equal(got.pieces, want.pieces) {
			t.Fatalf("cut at %s: text in other pieces, %q, want %q", cut.name, got.pieces, want.pieces)
		}
	}
	return want
}
