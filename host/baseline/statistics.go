package baseline

import (
	"errors"
	"fmt"

	"github.com/finece/finece/host/openai"
)

// Estimator computes the confidence of a state from its statistics. It is safe for
// concurrent use.
type Estimator interface {
	// Name is short and in lower case. It contains the options that are not the default.
	Name() string
	// Needs are the statistics that Confidence uses.
	Needs() Needs
	// Confidence says how likely the answer is to be correct if it is continued from the
	// state. It is in [0,1]. The error is an [*Unavailable], or says that a statistic was
	// not collected.
	Confidence(s *Statistics) (float64, error)
}

// Needs are kinds of statistics.
type Needs uint16

const (
	// Samples are Config.Samples completions of the state; at p(z), answers to
	// the question.
	Samples Needs = 1 << iota
	// Classes say which samples mean the same. It includes Samples.
	Classes
	// Chosen is the answer that the state is about: at p(z) the given answer with its
	// Tokens, at other states the completion at temperature 0.
	Chosen
	// Agreement is the class of the given answer at p(z), among the classes of the samples.
	// At other states it is the class of Chosen, if Chosen is needed too, and otherwise
	// nothing. It includes Classes.
	Agreement
	// Similarity says how similar Chosen and each sample are, in [0,1]. It includes Samples
	// and Chosen.
	Similarity
	// Tokens are the tokens of the state's text.
	Tokens
	// First is the first token of the answer; at p(0) the most probable one.
	First
	// Next is the most probable token after the state's text.
	Next
	// Verbal is the confidence that the model states when it is asked.
	Verbal
	// StepVerbals are the confidences that the model states after each step of the text.
	StepVerbals
	// Known is the value of P(IK)'s head for the question.
	Known
	// SolverTokens are the tokens of the state's text, scored by Config.Solver.
	SolverTokens
	// True is the probability of "1" when the model is asked for 0 or 1.
	True
	allNeeds = 1<<iota - 1
)

// with adds the statistics that other statistics include.
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

// NeedsOf returns the statistics that the estimators need together.
func NeedsOf(estimators ...Estimator) Needs {
	var n Needs
	for _, e := range estimators {
		n |= e.Needs()
	}
	return n
}

// Answer is a sampled or given answer.
type Answer struct {
	Text   string         // the whole answer, including the state's text
	Tokens []openai.Token // of the sampled part, or of a given answer; nil without log-probabilities
	Class  int            // number of its class of answers that mean the same; grade.NoAnswer without a final answer
}

// Reading is the confidence that a model states about a state.
type Reading struct {
	Confidence float64 // in [0,1]
	Said       string  // the model's words, if there are any
	Err        error   // an [*Unavailable] if there is no number
}

func (r *Reading) value() (float64, error) {
	if r.Err != nil {
		return 0, r.Err
	}
	return r.Confidence, nil
}

// Statistics has the collected statistics of a state. Statistics that are known from
// elsewhere, such as recorded log-probabilities, can be filled in; set Have accordingly.
type Statistics struct {
	State State
	Have  Needs // the statistics that were collected

	Samples    []Answer
	Chosen     Answer
	Similarity []float64 // by sample, in [0,1]
	Steps      []int     // ends of the steps of State.Text, in bytes; the last is the end of the text without white space after it
	Tokens     []openai.Token
	// SolverTokens are Tokens with the log-probabilities of Config.Solver.
	SolverTokens []openai.Token
	First, Next  *openai.Token
	Verbal       Reading
	StepVerbals  []Reading // one for each of Steps
	Known        Reading
	True         Reading

	// Missing says why a needed statistic is not available.
	Missing map[Needs]error

	costs map[Needs]Cost
}

// need returns nil if the statistics n were collected and are available.
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

// Cost is the cost of statistics.
type Cost struct {
	Requests         int `json:"requests"`
	Completions      int `json:"completions"`   // completions sampled by the generator
	PromptTokens     int `json:"prompt_tokens"` // by the servers' counts, if they send any
	CompletionTokens int `json:"completion_tokens"`
}

// Add adds o to c.
func (c *Cost) Add(o Cost) {
	c.Requests += o.Requests
	c.Completions += o.Completions
	c.PromptTokens += o.PromptTokens
	c.CompletionTokens += o.CompletionTokens
}

// Cost returns the cost of those of the statistics n that were collected. Saved replies count
// as if they had been requested.
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

// CostOf returns the cost of an estimator: the [Statistics.Cost] of its needs. If the
// estimator uses fewer samples than were collected, it gets its share of their cost.
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

// ErrUnavailable matches every [Unavailable] with errors.Is.
var ErrUnavailable = errors.New("unavailable")

// Unavailable says why an estimator has no confidence for a state.
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

// Unwrap returns ErrUnavailable and, if there is one, the cause.
func (u *Unavailable) Unwrap() []error {
	if u.Err != nil {
		return []error{ErrUnavailable, u.Err}
	}
	return []error{ErrUnavailable}
}

func unavailable(reason string) error { return &Unavailable{Reason: reason} }

const noLogprobs = "the server sends no log-probabilities"
