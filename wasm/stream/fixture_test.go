package stream

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	corpus "github.com/finece/finece/wasm/stream/fixture"
)

// TestFixtures decodes every fixture, cut in many ways. It compares text, tokens,
// log-probabilities and all other parts one by one. The expected values are from an independent
// reader, or from the answer from which a hand-made stream was made.
func TestFixtures(t *testing.T) {
	all := corpus.All()
	if len(all) < 150 {
		t.Fatalf("only %d fixtures", len(all))
	}
	for _, f := range all {
		t.Run(f.Name, func(t *testing.T) {
			r := checkCuts(t, Options{}, f.Data)
			format := Auto
			if d, err := New(Options{}); err != nil {
				t.Fatal(err)
			} else {
				run(d, newRecorder(t), f.Data, whole)
				format = d.Format()
			}
			for _, p := range compare(f.Want, summarise(r, format)) {
				if p.got != p.want {
					t.Errorf("%s:\n got %s\nwant %s\n(%s)", p.name, p.got, p.want, f.Want.Shows)
				}
			}
		})
	}
}

// part is one part of a stream's content, in words.
type part struct{ name, got, want string }

// compare compares the decoded content with the expected content.
func compare(want, got corpus.Want) []part {
	parts := []part{
		{"faults", plainly(got.Faults), plainly(want.Faults)},
		{"choices", fmt.Sprint(slices.Sorted(maps.Keys(got.Choices))), fmt.Sprint(slices.Sorted(maps.Keys(want.Choices)))},
		{"usage", fmt.Sprint(cmp.Or(got.Usage, &corpus.Usage{Prompt: -1, Completion: -1, Reasoning: -1})),
			fmt.Sprint(cmp.Or(want.Usage, &corpus.Usage{Prompt: -1, Completion: -1, Reasoning: -1}))},
	}
	if want.Format != "" {
		parts = append(parts, part{"format", got.Format, want.Format})
	}
	each := func(name string, show func(corpus.Choice) any) {
		var g, w []string
		for _, n := range slices.Sorted(maps.Keys(want.Choices)) {
			g = append(g, fmt.Sprintf("%#v", show(got.Choices[n])))
			w = append(w, fmt.Sprintf("%#v", show(want.Choices[n])))
		}
		parts = append(parts, part{name, strings.Join(g, " | "), strings.Join(w, " | ")})
	}
	each("text", func(c corpus.Choice) any { return []string{c.Answer, c.Reasoning, c.Refusal} })
	each("tokens", func(c corpus.Choice) any { return c.Tokens })
	each("logprobs", func(c corpus.Choice) any { return fmt.Sprintf("%d: %.9g", c.Logprobs, c.Sum) })
	each("alternatives", func(c corpus.Choice) any { return c.Top })
	each("listed", func(c corpus.Choice) any { return c.Listed })
	each("tool", func(c corpus.Choice) any { return c.Tool })
	each("finish", func(c corpus.Choice) any { return c.Finish })
	return parts
}

// plainly writes codes in lower-case letters and digits alone.
func plainly(codes []string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(strings.Join(codes, ", ")))
}

// summarise turns the calls of a recorder into the form of a fixture's Want.
func summarise(r *recorder, format Format) corpus.Want {
	w := corpus.Want{Format: format.String(), Choices: map[int]corpus.Choice{}}
	for _, code := range r.codes() {
		w.Faults = append(w.Faults, code.String())
	}
	for _, u := range r.usage {
		w.Usage = &corpus.Usage{Prompt: u.Prompt, Completion: u.Completion, Reasoning: u.Reasoning}
	}
	for n := range r.text {
		w.Choices[n] = corpus.Choice{Answer: r.answer(n), Reasoning: r.segment(n, position.Reasoning), Refusal: r.segment(n, position.Refusal)}
	}
	for n, reasons := range r.ends {
		c := w.Choices[n]
		c.Finish = reasons[0].String()
		w.Choices[n] = c
	}
	for _, t := range r.tokens {
		c := w.Choices[t.Choice]
		c.Tool = c.Tool || t.Tool
		if t.Counted {
			c.Tokens++
			if !math.IsNaN(t.Logprob) {
				c.Logprobs++
				c.Sum += t.Logprob
			}
			if len(t.Top) > 0 {
				c.Top++
			}
			if t.Listed {
				c.Listed++
			}
		}
		w.Choices[t.Choice] = c
	}
	return w
}
