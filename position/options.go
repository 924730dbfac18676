package position

import (
	"errors"
	"math"
	"strconv"
)

// Options say where positions are wanted. Start from [DefaultOptions].
type Options struct {
	// Strategy is any union of Paragraph, Line, Periodic and Entropy. Line finds
	// the ends of paragraphs too.
	Strategy Kind
	// MinLength is the minimum length of a paragraph or line, in code points without
	// surrounding white space. A shorter one is joined to the next. No paragraph is
	// empty, so 0 and 1 mean the same.
	MinLength int
	// Every is the number of tokens from one Periodic position to the next, at
	// least 1.
	Every int
	// EntropyThreshold is an entropy in nats. There is an Entropy position after a
	// token if the lower bound of its entropy is higher than the threshold.
	EntropyThreshold float64
	// MinGap is the minimum number of tokens from one Entropy position to the
	// next; 0 and 1 both allow one after every token.
	MinGap int
}

// DefaultOptions returns Paragraph with MinLength 1, and for the other
// strategies Every 50, EntropyThreshold 1e-10 (both the paper's) and MinGap 10.
func DefaultOptions() Options {
	return Options{Strategy: Paragraph, MinLength: 1, Every: 50, EntropyThreshold: 1e-10, MinGap: 10}
}

// Validate returns an error about the first field that is out of range, or nil.
func (o Options) Validate() error {
	switch {
	case o.Strategy == 0 || o.Strategy&^strategies != 0:
		return errors.New("position: Strategy is " + o.Strategy.String() + wantStrategy)
	case o.MinLength < 0:
		return negative("MinLength", o.MinLength)
	case o.Every < 1:
		return errors.New("position: Every is " + strconv.Itoa(o.Every) + ": want at least 1; DefaultOptions has 50")
	case o.MinGap < 0:
		return negative("MinGap", o.MinGap)
	case !(o.EntropyThreshold >= 0 && o.EntropyThreshold <= math.MaxFloat64):
		return errors.New("position: EntropyThreshold is " + strconv.FormatFloat(o.EntropyThreshold, 'g', -1, 64) + ": want a finite number of nats, at least 0")
	}
	return nil
}

func negative(field string, v int) error {
	return errors.New("position: " + field + " is " + strconv.Itoa(v) + ": want at least 0")
}
