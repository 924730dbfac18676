package lm

import (
	"bytes"
	"slices"
	"sort"
	"unicode/utf8"
)

// completion is a completion that is being written.
type completion struct {
	sequence
	of      *group
	index   int
	sampler sampler
	drawn   TokenLogprob // drawn in the last step

	sampled int   // number of sampled tokens, the one that ends the answer included
	begin   int   // index in tokens at which the completion begins
	begins  []int // offset in text of each token, without tokens that a stop sequence has cut off
	probs   []TokenLogprob
	text    []byte
	sent    int // bytes of text that were sent
	told    int // probs that were sent
	finish  string
}

// draw draws the next token. It runs on a worker.
func (c *completion) draw(logits []float32, w *scratch) {
	id := c.sampler.next(logits, w)
	if c.of.request.Logprobs {
		c.drawn = logprob(logits, id, c.of.request.TopLogprobs)
		return
	}
	c.drawn.ID = id
}

// accept appends the drawn token and, if it is the last one, sets finish.
func (c *completion) accept(t *Tokenizer) {
	r := &c.of.request
	c.sampled++
	if slices.Contains(t.ends, c.drawn.ID) {
		c.finish = FinishStop
		return
	}
	c.tokens = append(c.tokens, int32(c.drawn.ID))
	if r.Logprobs {
		c.probs = append(c.probs, c.drawn)
	}
	from := len(c.text)
	c.begins = append(c.begins, from)
	c.text = append(c.text, t.text(c.drawn.ID)...)
	if at := firstStop(c.text, from, r.Stop); at >= 0 {
		c.text, c.finish = c.text[:at], FinishStop
		c.begins = c.begins[:c.begun(at)]
		c.probs = c.probs[:min(len(c.probs), len(c.begins))]
	} else if c.sampled == r.MaxTokens {
		c.finish = FinishLength
	}
}

// begun returns the number of tokens that begin before an offset in the text.
func (c *completion) begun(at int) int { return sort.SearchInts(c.begins, at) }

// firstStop returns where the first stop sequence that ends after from begins, or -1.
func firstStop(text []byte, from int, stop []string) int {
	first := -1
	for _, s := range stop {
		begin := max(0, from-len(s)+1)
		if i := bytes.Index(text[begin:], []byte(s)); i >= 0 && (first < 0 || begin+i < first) {
			first = begin + i
		}
	}
	return first
}

// delta returns the next part that can be sent. ok is false if there is nothing to send.
func (c *completion) delta() (d Delta, ok bool) {
	end, known := len(c.text), len(c.probs)
	if c.finish == "" {
		end -= held(c.text[c.sent:], c.of.request.Stop)
		known = min(known, c.begun(end)) // a stop sequence may still cut off the others
	}
	d = Delta{Index: c.index, Text: valid(c.text[c.sent:end]), Probs: c.probs[c.told:known:known], Finish: c.finish}
	if d.Text == "" && d.Finish == "" {
		return d, false // log-probabilities are sent with the next text
	}
	c.sent, c.told = end, known
	return d, true
}

// held returns the number of bytes at the end of text that cannot be sent yet: they may
// be the beginning of a stop sequence, or are the beginning of a character.
func held(text []byte, stop []string) int {
	n := 0
	for _, s := range stop {
		for k := min(len(s)-1, len(text)); k > n; k-- {
			if string(text[len(text)-k:]) == s[:k] {
				n = k
				break
			}
		}
	}
	for k := 1; k < utf8.UTFMax && k <= len(text)-n; k++ {
		tail := text[len(text)-n-k : len(text)-n]
		if utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				n += k
			}
			break
		}
	}
	return n
}

// valid replaces every byte that is not UTF-8 with U+FFFD: each byte, not each run of them, so that
// the result does not depend on where a stream is cut.
func valid(text []byte) string { return string([]rune(string(text))) }

func (c *completion) choice() Choice {
	tokens := make([]int, len(c.begins))
	for i := range tokens {
		tokens[i] = int(c.tokens[c.begin+i])
	}
	return Choice{Text: valid(c.text), Tokens: tokens, Probs: c.probs, Finish: c.finish}
}
