package estimate

import (
	"bytes"

	"github.com/finece/finece/metrics/portable"
)

// The expected value of the number over the model's own distribution.
//
// A reply is a sequence of sampled tokens, t(1) to t(n). Each token has some alternatives
// with their probabilities. All possible replies form a tree. Of that tree, two
// things are known: one path, which is the sampled reply, and the first token of each
// branch that leaves this path.
//
// Write q(i) for p(t(1)) ... p(t(i-1)), the probability of reaching place i. The
// places i are the tokens of the reply's number, and the token after the number,
// which ended it. Write a for an alternative at place i. Then
//
//	mass        =  sum over i, a != t(i) of q(i) p(a)         + q(n+1)
//	expectation = (sum over i, a != t(i) of q(i) p(a) v(i,a)  + q(n+1) v) / mass
//
// where v is the sampled number, and v(i,a) is the number in the text t(1)...t(i-1) a.
//
// A branch counts if its text is a number in [0,1] that later text can change only a little.
// "0.7" counts as 0.7 although a 5 may follow, and "1" counts as 1. "0" and "0." are left out,
// because any number may follow, and so is text that is not a number. In a percentage, a
// single digit and "10" are left out, too. If the alternative is a special token that ends
// the reply, such as <|im_end|>, the branch has the number so far.
//
// Example. The reply 0.85 is sampled as these tokens:
//
//	i  t(i)  p     alternatives        q(i)   branches                     mass
//	1  0     0.9   1: 0.1              1      0.1*1                        0.1
//	2  .     1                         0.9
//	3  8     0.6   9: 0.3, 7: 0.1      0.9    0.9*(0.3*0.9 + 0.1*0.7)      0.36
//	4  5     0.5   end: 0.4, 0: 0.1    0.54   0.54*(0.4*0.8 + 0.1*0.80)    0.27
//	                                   0.27   0.27*0.85                    0.27
//
// The expectation is 0.8515 / 1 = 0.8515. The mass is 1, so every reply was counted.

// candidate is a token that the model could write at a place.
type candidate struct {
	text    []byte
	logprob float64
}

// token is the candidate that was sampled at a place.
type token struct {
	candidate
	first, last int // the range of its alternatives in reply.candidates; these may contain the token, too
}

// maxLead is the maximum offset of the number's end. It bounds the work: each branch is read
// from the beginning of the text.
const maxLead = 256

// expectation computes the expected value of the number n of text. ok is false if the tokens
// do not fit the text, if their probabilities are not distributions, if there are no
// alternatives, or if the number ends after maxLead bytes.
func expectation(text []byte, n number, tokens []token, candidates []candidate) (value, mass float64, ok bool) {
	if len(candidates) == 0 || n.end > maxLead {
		return 0, 0, false
	}
	at, ok := align(text, tokens)
	if !ok {
		return 0, 0, false
	}
	branch := make([]byte, 0, 64)
	path := 1.0
	begin := at.offset
	for i := at.first; i < len(tokens) && begin <= n.end; i++ {
		t := &tokens[i]
		if !(t.logprob <= mostPlausible) {
			return 0, 0, false
		}
		prefix := text[:max(begin, 0)]
		for _, c := range candidates[t.first:t.last] {
			if !(c.logprob <= mostPlausible) || bytes.Equal(c.text, t.text) {
				continue
			}
			branch = append(append(branch[:0], prefix...), c.text...)
			if special(c.text) {
				branch = append(branch[:len(prefix)], '\n')
			}
			if v, ok := decided(branch, n.percent); ok {
				p := path * portable.Exp(min(c.logprob, 0))
				mass += p
				value += float64(p * v)
			}
		}
		path *= portable.Exp(min(t.logprob, 0))
		begin += len(t.text)
	}
	mass += path
	value += float64(path * n.value)
	if !(mass > 0 && mass <= 1+mostPlausible) {
		return 0, 0, false
	}
	return min(value/mass, 1), min(mass, 1), true
}

// alignment is the place of a text in the tokens of a reply. The text begins in token first,
// after -offset bytes of that token.
type alignment struct{ first, offset int }

// align finds text in the tokens. Before it there may be reasoning, and after it special
// tokens.
func align(text []byte, tokens []token) (alignment, bool) {
	last := len(tokens)
	for last > 0 && special(tokens[last-1].text) {
		last--
	}
	var joined []byte
	for i := range tokens[:last] {
		joined = append(joined, tokens[i].text...)
	}
	start := bytes.LastIndex(joined, text)
	if start < 0 {
		return alignment{}, false
	}
	begin := 0
	for i := range tokens[:last] {
		if end := begin + len(tokens[i].text); end > start {
			return alignment{i, begin - start}, true
		} else {
			begin = end
		}
	}
	return alignment{}, false
}

// special reports whether a token is a special one that ends a reply, in the notation of
// servers.
func special(text []byte) bool {
	return len(text) == 0 || len(text) > 2 && text[0] == '<' && text[len(text)-1] == '>'
}

// decided returns the number in the text of a branch, and whether the branch counts; see the
// comment at the top of this file. percent says that the reply is a percentage.
func decided(branch []byte, percent bool) (float64, bool) {
	n, failure, _ := scanNumber(branch)
	if failure == 0 && n.closed {
		return n.value, true
	}
	if !percent {
		return n.value, failure == 0 && (n.fraction > 0 || n.value == 1)
	}
	n, failure, _ = scanNumber(append(branch, '%'))
	ten := n.whole == 2 && n.fraction == 0 && n.value == 0.1
	return n.value, failure == 0 && !ten && (n.whole > 1 || n.fraction > 0 || n.value == 0)
}
