package calibrate

import "errors"

// Likeness measures whether a question reads like the questions of the labelled answers. The
// measure is the mean surprisal of the question's runs of four bytes: how rare these runs are
// in the labelled questions. The surprisal is higher for a question of another domain or in
// other words. fit.LikenessOf makes a Likeness from questions.
//
// Letters A to Z count as lower case, each digit as 0, and white space as one space. So two
// questions that differ only in digits have the same surprisal.
type Likeness struct {
	// Surprisal has one byte for each hash of a run, 0 to Runs-1. The byte is LeastSurprisal
	// plus the surprisal of such runs in steps of SurprisalStep bits, at most MaxSurprisal.
	// These bytes need no escapes in JSON, so the JSON form of a card has the same string.
	Surprisal string
	// Above is the mean surprisal in bits above which a question is unlike the others.
	Above float64
}

const (
	Runs           = 1024    // number of hashes
	SurprisalStep  = 5.0 / 8 // bits
	LeastSurprisal = ']'     // 0 bits
	MaxSurprisal   = '~'     // 33 steps
)

const (
	mostBits    = (MaxSurprisal - LeastSurprisal) * SurprisalStep
	longestRead = 1 << 16    // bytes of a question that are read
	blankRun    = 0x20202020 // four spaces
	hashFactor  = 0x9E3779B1 // 2^32 divided by the golden ratio; similar runs get different high bits
	hashShift   = 22         // leaves ten bits, a hash below Runs
)

// EachRun calls do with the hash of each run of a question, 0 to Runs-1. A space is added
// before and after the question. At most 65,536 bytes of the question are read.
func EachRun(question string, do func(run int)) {
	run, last, n := uint32(blankRun), byte(' '), 1
	put := func(b byte) {
		if b == ' ' && last == ' ' {
			return
		}
		last = b
		run = run<<8 | uint32(b)
		if n++; n >= 4 {
			do(int(run * hashFactor >> hashShift))
		}
	}
	for i := range min(len(question), longestRead) {
		b := question[i]
		switch {
		case b >= 'A' && b <= 'Z':
			b += 'a' - 'A'
		case b >= '0' && b <= '9':
			b = '0'
		case b <= ' ':
			b = ' '
		}
		put(b)
	}
	put(' ')
}

// Of returns the mean surprisal of a question in bits, at least 0. It is 0 for a question
// without a run: one that has fewer than two bytes after white space is reduced.
func (l *Likeness) Of(question string) float64 {
	sum, n := 0, 0
	EachRun(question, func(run int) {
		sum += int(l.Surprisal[run]) - LeastSurprisal
		n++
	})
	if n == 0 {
		return 0
	}
	return float64(sum) * SurprisalStep / float64(n)
}

// Unlike reports whether a question reads unlike those that l was made from. It is false if
// l is nil.
func (l *Likeness) Unlike(question string) bool { return l != nil && l.Of(question) > l.Above }

// Validate returns an error if Surprisal does not have Runs bytes from LeastSurprisal to
// MaxSurprisal, or if Above is not a number of bits from 0 to 20.625.
func (l *Likeness) Validate() error {
	if len(l.Surprisal) != Runs {
		return errors.New("card: questions.surprisal: want 1024 characters")
	}
	for i := range Runs {
		if s := l.Surprisal[i]; s < LeastSurprisal || s > MaxSurprisal {
			return errors.New("card: questions.surprisal: want characters from ] to ~")
		}
	}
	if !(l.Above >= 0 && l.Above <= mostBits) {
		return errors.New("card: questions.above: want a number of bits from 0 to 20.625")
	}
	return nil
}
