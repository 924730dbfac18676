package session

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
)

// texts are the parts of random answers.
var texts = []string{
	"The", " sum", " of", " 12", " and", " é", " 😀", ".", ",", " x", "=", "\n", "\n\n", ".\n\n", " \n", "1.", "- ", "# ", "```\n", "$$", "\r\n\r\n", " ", "\n  ", "|", "",
}

// written is one segment of a choice: its text, and the log-probabilities and entropies of its
// tokens.
type written struct {
	text     strings.Builder
	logprobs []float64
}

// randomStream makes a stream and returns its content by choice and segment.
func randomStream(r *rand.Rand) (input string, carried [][2]*written) {
	var b strings.Builder
	choices := 1 + r.IntN(3)
	carried = make([][2]*written, choices)
	for i := range carried {
		carried[i] = [2]*written{{}, {}}
	}
	reasons := r.IntN(2) == 0
	several := r.IntN(3) == 0
	before := make([]position.Segment, choices)
	for range 20 + r.IntN(100) {
		choice := r.IntN(choices)
		segment, field := position.Answer, "content"
		if reasons && r.IntN(3) == 0 {
			segment, field = position.Reasoning, "reasoning_content"
		}
		n := 1
		if several {
			n += r.IntN(4)
		}
		w := carried[choice][segment]
		text := ""
		tokens := make([]token, n)
		for k := range tokens {
			t := token{text: texts[r.IntN(len(texts))], logprob: -r.ExpFloat64()}
			if k == 0 && t.text == "" && segment != before[choice] {
				t.text = "A" // the segment of a token without text would not be known
			}
			if r.IntN(4) > 0 {
				t.top = []float64{t.logprob, -3 - r.ExpFloat64()}
			}
			tokens[k] = t
			text += t.text
			w.text.WriteString(t.text)
			w.logprobs = append(w.logprobs, t.logprob)
		}
		b.WriteString(chunk(choice, field, text, tokens...))
		before[choice] = segment
	}
	for i := range choices {
		b.WriteString(finish(i, "stop"))
	}
	return b.String() + doneMarker, carried
}

func randomConfig(r *rand.Rand) Config {
	c := DefaultConfig()
	c.Positions = position.Options{
		Strategy: position.Kind(1+r.IntN(15)) << 1, MinLength: r.IntN(4), Every: 1 + r.IntN(20), EntropyThreshold: r.Float64(), MinGap: r.IntN(5),
	}
	c.Fusion = bci.Params{Alpha: r.Float64(), Depth: r.IntN(4), Width: r.IntN(2)}
	c.Method = estimate.Method(r.IntN(int(estimate.LECO) + 1))
	c.Text = r.IntN(2) == 0
	return c
}

// TestBuiltinConfidenceIsThatOfTheTokensBefore scores random streams. It compares each raw
// confidence with that of package estimate for the tokens before the position, and each fused
// one with package bci.
func TestBuiltinConfidenceIsThatOfTheTokensBefore(t *testing.T) {
	values := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		config := randomConfig(r)
		input, carried := randomStream(r)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rec := scoreCuts(t, config, input)
			for choice, segments := range carried {
				var estimators [2]estimate.Logprob
				var read [2]int64
				for i := range estimators {
					estimators[i] = estimate.NewLogprob(config.Method)
				}
				last := rec.last(choice)
				raw := make([]float64, len(last))
				for i, e := range rec.of(Positioned, choice) {
					p := e.Position
					raw[i] = last[i].Raw
					if p.Kind == position.Question {
						continue
					}
					w := segments[p.Segment]
					total := rec.of(Finish, choice)[0].Total[p.Segment]
					if p.Estimated || p.Token > int64(len(w.logprobs)) || total.Tokens != int64(len(w.logprobs)) || total.Estimated {
						t.Fatalf("choice %d, position %d: token %d of %+v, want %d tokens that are counted", choice, i, p.Token, total, len(w.logprobs))
					}
					if p.Byte > int64(w.text.Len()) {
						t.Fatalf("choice %d, position %d: byte %d of %d", choice, i, p.Byte, w.text.Len())
					}
					if p.Kind&position.End != 0 && w.text.Len() == 0 {
						continue
					}
					estimator := &estimators[p.Segment]
					for ; read[p.Segment] < p.Token; read[p.Segment]++ {
						estimator.Token(w.logprobs[read[p.Segment]])
					}
					want, why := estimator.Confidence()
					estimator.Step()
					if got := last[i]; got.Raw != want && !(math.IsNaN(got.Raw) && why != estimate.Available) {
						t.Errorf("choice %d, position %d at token %d: raw %v, want %v", choice, i, p.Token, got.Raw, want)
					}
					values++
				}
				fused, err := bci.FusePath(nil, raw, config.Fusion)
				if err != nil {
					t.Fatal(err)
				}
				for i, e := range last {
					if e.Fused != fused[i] && !(math.IsNaN(e.Fused) && math.IsNaN(fused[i])) {
						t.Errorf("choice %d, position %d: fused %v, want %v", choice, i, e.Fused, fused[i])
					}
				}
				if config.Text {
					for segment, w := range segments {
						if got := rec.text(choice, position.Segment(segment)); got != w.text.String() {
							t.Errorf("choice %d: %s %q, want %q", choice, position.Segment(segment), got, w.text.String())
						}
					}
				}
			}
		})
	}
	if values < 1000 {
		t.Errorf("only %d values were compared", values)
	}
}

// TestRepliesInAnyOrder resolves and fails requests in random order, during the stream and after
// its end, and compares with package bci.
func TestRepliesInAnyOrder(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		config := randomConfig(r)
		config.Question, config.Estimator, config.MaxPending = "Why?", Model, 1024
		input, carried := randomStream(r)
		rec := open(t, config)
		var ids []uint32
		settled := map[uint32]float64{}
		settle := func() {
			i := r.IntN(len(ids))
			id := ids[i]
			ids = append(ids[:i], ids[i+1:]...)
			if r.IntN(5) == 0 {
				settled[id] = math.NaN()
				rec.add(rec.Fail(id, Timeout))
			} else {
				settled[id] = float64(r.IntN(11)) / 10
				rec.add(rec.Resolve(id, reply(fmt.Sprint(settled[id]))))
			}
		}
		asked := 0
		gather := func() {
			for ; asked < len(rec.events); asked++ {
				if e := rec.events[asked]; e.Kind == Ask {
					ids = append(ids, e.ID)
				}
			}
		}
		for input != "" {
			n := min(1+r.IntN(2000), len(input))
			rec.write(input[:n])
			input = input[n:]
			gather()
			for len(ids) > 0 && r.IntN(3) > 0 {
				settle()
			}
		}
		rec.end()
		gather()
		for len(ids) > 0 {
			settle()
		}
		rec.check()
		for choice := range carried {
			last := rec.last(choice)
			raw := make([]float64, len(last))
			for i, e := range last {
				id := askID(choice, i)
				if i == 0 {
					id = askID(0, 0)
				}
				want, asked := settled[id]
				raw[i] = math.NaN()
				if asked {
					raw[i] = want
				}
				if e.State != Final && e.State != Unavailable || e.Raw != raw[i] && !(math.IsNaN(e.Raw) && math.IsNaN(raw[i])) {
					t.Fatalf("seed %d, choice %d, position %d is %s: raw %v, want %v", seed, choice, i, e.State, e.Raw, raw[i])
				}
			}
			fused, err := bci.FusePath(nil, raw, config.Fusion)
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range last {
				if e.Fused != fused[i] && !(math.IsNaN(e.Fused) && math.IsNaN(fused[i])) {
					t.Fatalf("seed %d, choice %d, position %d: fused %v, want %v", seed, choice, i, e.Fused, fused[i])
				}
			}
		}
	}
}

// TestTokensAfterAPositionAreNotItsOwn has many tokens between a paragraph's end and the text
// that shows that the paragraph has ended.
func TestTokensAfterAPositionAreNotItsOwn(t *testing.T) {
	for behind := 2; behind <= 64; behind++ {
		input := content(0, "One", -1)
		for range behind - 1 {
			input += content(0, "\n", -5)
		}
		input += content(0, "\nTwo", -5) + finish(0, "stop")
		rec := score(t, DefaultConfig(), input, whole)
		if got := rec.last(0)[1]; got.Raw != math.Exp(-1) {
			t.Errorf("%d tokens behind: raw %v, want %v", behind, got.Raw, math.Exp(-1))
		}
	}
}
