package estimate

import (
	"errors"
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Reason says why an estimator has no value.
type Reason uint8

const (
	Available      Reason = iota
	NoTokens              // there was no token yet
	NoLogprobs            // no token so far has a log-probability
	NoFirstLogprob        // FirstProb: the first token has no log-probability
)

var reasonNames = [...]string{"", "no tokens", "no logprobs", "no logprob of the first token"}

// String returns the reason in words, "" for Available.
func (r Reason) String() string { return nameOf(reasonNames[:], int(r)) }

// Options are the options of Group and LECO. Start from [DefaultOptions].
type Options struct {
	Window     int // Group: tokens in a window, 1 to MaxWindow
	Transition int // LECO: how many tokens at the beginning of a step make its transition score, at least 1
}

// DefaultOptions returns a window of 64 tokens, and 5 transition tokens as in LeCo's code.
func DefaultOptions() Options { return Options{Window: 64, Transition: 5} }

// MaxWindow is the largest Options.Window.
const MaxWindow = 1 << 16

// Logprob is a built-in estimator of one text, such as an answer or its reasoning. Its state
// does not grow with the text. A token takes no allocation and a few operations. Do not copy a
// Logprob after its first token.
type Logprob struct {
	method        Method
	seen, missing int64
	implausible   int64 // how many of the missing ones are implausible
	noFirst       bool
	sum           float64 // the method's sum or extremum over tokens
	window        window
	leco          leco
}

// NewLogprob returns an estimator with default options. If the method is unknown, the
// estimator never has a value.
func NewLogprob(m Method) Logprob {
	l, _ := NewLogprobWith(m, DefaultOptions())
	return l
}

// NewLogprobWith returns an estimator. The error says which option is out of range.
func NewLogprobWith(m Method, o Options) (Logprob, error) {
	if o.Window < 1 || o.Window > MaxWindow {
		return Logprob{}, errors.New("estimate: Window is out of range: want 1 to 65536 tokens; DefaultOptions has 64")
	}
	if o.Transition < 1 {
		return Logprob{}, errors.New("estimate: Transition is out of range: want at least 1 token; DefaultOptions has 5")
	}
	l := Logprob{method: m}
	switch m {
	case MinProb:
		l.sum = math.Inf(1)
	case Group:
		l.window = newWindow(o.Window)
	case LECO:
		l.leco.first = o.Transition
	}
	return l, nil
}

// Token takes the natural log-probability of the next token, NaN if it is not known. If it is
// not known or not plausible (see [IsPlausible]), the token is left out and counted in
// Missing.
func (l *Logprob) Token(lp float64) {
	if !IsPlausible(lp) {
		l.noFirst = l.noFirst || l.seen == 0
		l.missing++
		if lp == lp {
			l.implausible++
		}
		return
	}
	lp = min(lp, 0)
	switch l.method {
	case FirstProb:
		if l.seen == 0 {
			l.sum = lp
		}
	case MeanProb:
		l.sum += portable.Exp(lp)
	case MinProb:
		l.sum = min(l.sum, lp)
	case Perplexity, SeqProb:
		l.sum += lp
	case Group:
		l.window.push(lp)
	case LECO:
		l.leco.push(lp)
	}
	l.seen++
}

// Step says that a step ends here, at a calibration position. Only LECO uses it.
func (l *Logprob) Step() {
	if l.method == LECO {
		l.leco.close()
	}
}

// Seen returns how many tokens had a plausible log-probability.
func (l *Logprob) Seen() int64 { return l.seen }

// Missing returns how many tokens had no log-probability, or an implausible one.
func (l *Logprob) Missing() int64 { return l.missing }

// Implausible returns how many tokens had an implausible log-probability.
func (l *Logprob) Implausible() int64 { return l.implausible }

// Unseen says that the text has n more tokens here that the server did not list.
func (l *Logprob) Unseen(n int64) {
	l.noFirst = l.noFirst || l.seen == 0 && n > 0
	l.missing += n
}

// Lacks reports whether more than this share of the tokens so far is missing.
func (l *Logprob) Lacks(share float64) bool {
	return float64(l.missing) > share*float64(l.seen+l.missing)
}

// Confidence returns the method's value for the text so far, in [0,1], from the tokens with a
// plausible log-probability. If there is no value, it is NaN, and the reason says why.
func (l *Logprob) Confidence() (float64, Reason) {
	switch {
	case l.seen == 0 && l.missing == 0:
		return math.NaN(), NoTokens
	case l.seen == 0:
		return math.NaN(), NoLogprobs
	case l.method == FirstProb && l.noFirst:
		return math.NaN(), NoFirstLogprob
	}
	switch l.method {
	case FirstProb, MinProb, SeqProb:
		return portable.Exp(l.sum), Available
	case MeanProb:
		return min(l.sum/float64(l.seen), 1), Available
	case Perplexity:
		return portable.Exp(l.sum / float64(l.seen)), Available
	case Group:
		return l.window.lowest(), Available
	case LECO:
		return l.leco.confidence(), Available
	}
	return math.NaN(), NoLogprobs
}

// window is a sliding sum of log-probabilities. They are stored as multiples of 2^-32, so that
// subtracting one leaves no rounding error. MaxWindow times leastPlausible fits in an int64.
type window struct {
	ring  []int64
	next  int
	full  bool
	total int64
	least int64 // the lowest total of a full window
}

const windowUnit = 1 << 32

func newWindow(tokens int) window { return window{ring: make([]int64, tokens)} }

func (w *window) push(lp float64) {
	v := int64(lp * windowUnit)
	w.total += v - w.ring[w.next]
	w.ring[w.next] = v
	w.next++
	switch {
	case w.next < len(w.ring) && !w.full:
		return
	case !w.full:
		w.full, w.least = true, w.total
	}
	w.least = min(w.least, w.total)
	if w.next == len(w.ring) {
		w.next = 0
	}
}

func (w *window) lowest() float64 {
	if w.full {
		return w.exp(w.least, len(w.ring))
	}
	return w.exp(w.total, w.next)
}

func (*window) exp(total int64, tokens int) float64 {
	return portable.Exp(float64(total) / windowUnit / float64(tokens))
}
