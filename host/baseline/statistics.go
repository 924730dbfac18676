package baseline

import (
	"errors"
	"fmt"

	"github.com/finece/finece/host/openai"
)

// Estimator gives the confidence of a state by its statistics. It is safe for
// concurrent use.
type Estimator interface {
	// Name is lower-case and short, with the options that are not the default.
	Name() string
	// Needs are the statistics that Confidence looks at.
	Needs() Needs
	// Confidence is the probability that the answer will be correct, continued
	// from the state, in [0,1]. The error is an [*Unavailable], or says that a
	// statistic was not collected.
	Confidence(s *Statistics) (float64, error)
}

// Needs are kinds of statistics.
type Needs uint16

const (
	// Samples are Config.Samples completions of the state; at p(z), answers to
	// the question.
	Samples Needs = 1 << iota
	// Classes say which samples come to the same. It brings Samples with it.
	Classes
	// Chosen is the answer that the state is about: at p(z) the given one, with
	// its Tokens; elsewhere the completion at temperature 0.
	Chosen
	// Agreement is the class, among those of the samples, of the given answer at
	// p(z); elsewhere it is that of Chosen, if that is needed too, and else
	// nothing. It brings Classes with it.
	Agreement
	// Similarity is how alike Chosen and each sample are, in [0,1]. It brings
	// Samples and Chosen with it.
	Similarity
	// Tokens are the tokens of the state's text.
	Tokens
	// First is the first token of the answer; at p(0) the most probable one.
	First
	// Next is the most probable token after the state's text.
	Next
	// Verbal is what the model says about the state.
	Verbal
	// StepVerbals are what the model says after each step of the text.
	StepVerbals
	// Known is what the head of P(IK) says about the question.
	Known
	// SolverTokens are the tokens of the state's text as Config.Solver scores them.
	SolverTokens
	// True is the probability that the model gives to "1" when it is asked for 0 or 1.
	True
	allNeeds = 1<<iota - 1
)

// with adds what some needs bring with them.
func (n Needs) with(s *State) Needs {
	if n&Similarity != 0 {
		n |= Samples | Chosen
	}
	if n&Agreement != 0 {
		n |= Classes
		if !s.Complete && n&Chosen == 0 {
			n &^= Agreement
		}
	}
	if n&Classes != 0 {
		n |= Samples
	}
	if n&Chosen != 0 && s.Complete || n&First != 0 && s.Text != "" {
		n |= Tokens
	}
	return n
}

// NeedsOf is what some estimators need together.
func NeedsOf(estimators ...Estimator) Needs {
	var n Needs
	for _, e := range estimators {
		n |= e.Needs()
	}
	return n
}

// Answer is a sampled or given answer.
type Answer struct {
	Text   string         // the whole of it, the state's text included
	Tokens []openai.Token // of what was sampled, or of a given answer; nil if there are no log-probabilities
	Class  int            // of those that come to the same; grade.NoAnswer if nothing was found to compare
}

// Reading is what a model says about a state.
type Reading struct {
	Confidence float64 // in [0,1]
	Said       string  // the model's words, where it has any
	Err        error   // an [*Unavailable] where no number was said
}

func (r *Reading) value() (float64, error) {
	if r.Err != nil {
		return 0, r.Err
	}
	return r.Confidence, nil
}

// Statistics are what is known of a state. Fill in what is known otherwise, such
// as recorded log-probabilities, and set Have accordingly.
type Statistics struct {
	State State
	Have  Needs // what was collected

	Samples    []Answer
	Chosen     Answer
	Similarity []float64 // by sample, in [0,1]
	Steps      []int     // ends of the steps of State.Text, in bytes; the last is its own, without white space after it
	Tokens     []openai.Token
	// SolverTokens are Tokens with the log-probabilities of Config.Solver.
	SolverTokens []openai.Token
	First, Next  *openai.Token
	Verbal       Reading
	StepVerbals  []Reading // one for each of Steps
	Known        Reading
	True         Reading

	// Missing says why a statistic that was asked for cannot be had.
	Missing map[Needs]error

	costs map[Needs]Cost
}

// need is nil if what is needed was collected and can be had.
func (s *Statistics) need(n Needs) error {
	if lacking := n.with(&s.State) &^ s.Have; lacking != 0 {
		return fmt.Errorf("baseline: statistics %b were not collected", lacking)
	}
	for bit := Needs(1); bit < allNeeds; bit <<= 1 {
		if err := s.Missing[bit]; err != nil && n.with(&s.State)&bit != 0 {
			return err
		}
	}
	return nil
}

// Cost is what statistics take.
type Cost struct {
	Requests         int `json:"requests"`
	Completions      int `json:"completions"`   // sampled by the generator, of any length
	PromptTokens     int `json:"prompt_tokens"` // by the servers' count, where they give one
	CompletionTokens int `json:"completion_tokens"`
}

// Add adds o to c.
func (c *Cost) Add(o Cost) {
	c.Requests += o.Requests
	c.Completions += o.Completions
	c.PromptTokens += o.PromptTokens
	c.CompletionTokens += o.CompletionTokens
}

// Cost is what the statistics that are needed take, of those that were
// collected, as if nothing had been saved before.
func (s *Statistics) Cost(n Needs) Cost {
	var sum Cost
	n = n.with(&s.State)
	for bit, c := range s.costs {
		if n&bit != 0 {
			sum.Add(c)
		}
	}
	return sum
}

// CostOf is what an estimator takes: [Statistics.Cost] of what it needs. An estimator of
// fewer samples than were collected takes its share of them.
func (s *Statistics) CostOf(e Estimator) Cost {
	sum := s.Cost(e.Needs())
	few, ok := e.(interface{ samples() int })
	all := s.costs[Samples]
	if !ok || e.Needs().with(&s.State)&Samples == 0 || all.Completions <= few.samples() {
		return sum
	}
	sum.Completions += few.samples() - all.Completions
	sum.CompletionTokens += all.CompletionTokens*few.samples()/all.Completions - all.CompletionTokens
	return sum
}

// ErrUnavailable is matched by every [Unavailable].
var ErrUnavailable = errors.New("unavailable")

// Unavailable says why a state has no confidence by an estimator.
type Unavailable struct {
	Reason string
	Err    error // the cause, if it is an error
}

func (u *Unavailable) Error() string { return "unavailable: " + u.why() }

func (u *Unavailable) why() string {
	var inner *Unavailable
	switch {
	case u.Err == nil:
		return u.Reason
	case errors.As(u.Err, &inner):
		return u.Reason + ": " + inner.why()
	}
	return u.Reason + ": " + u.Err.Error()
}

// Unwrap is ErrUnavailable and the cause.
func (u *Unavailable) Unwrap() []error {
	if u.Err != nil {
		return []error{ErrUnavailable, u.Err}
	}
	return []error{ErrUnavailable}
}

func unavailable(reason string) error { return &Unavailable{Reason: reason} }

const noLogprobs = "the server sends no log-probabilities"
