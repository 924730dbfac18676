package estimate

import "errors"

// Method is a built-in estimator: a statistic of the log-probabilities that a
// stream carries, which needs no model. Each lies in [0,1], higher is better,
// and none is calibrated: it says how sure the model was of its words, not how
// often it is right. Fit a calibrator before comparing one with a threshold.
//
// Write p(i) for the probability of the i-th of the n tokens so far that came
// with a log-probability.
type Method uint8

const (
	// FirstProb is p of the answer's first token, a baseline of the FineCE
	// paper: it stays what it is while the answer grows. (The paper's code
	// normalises over the five most probable tokens and takes the first of
	// these; here it is the token that was sampled.)
	FirstProb Method = iota
	// MeanProb is the arithmetic mean of p(i).
	MeanProb
	// MinProb is the least p(i).
	MinProb
	// Perplexity is 1/perplexity, the geometric mean of p(i): e to the mean
	// log-probability. Also known as length-normalised probability.
	Perplexity
	// Group is the least geometric mean of p over any Options.Window tokens in
	// a row; an answer that is shorter is one window. It follows the lowest
	// group confidence of DeepConf (Fu et al. 2025, arXiv 2508.15260), whose
	// own token confidence, the mean negative log-probability of the 20 most
	// probable tokens, has no upper bound and so is no probability.
	Group
	// LECO is the mean step score of Learning from Correctness (Yao et al.
	// 2024, arXiv 2403.19094), brought into [0,1]; see [StepScores].
	LECO
	// SeqProb is the product of p(i), the probability of the whole text so far
	// given the question. It falls with every token, so compare it between
	// answers of about the same length. It is 0 where the product is too small
	// for a float64, after some 1,000 tokens.
	SeqProb
	methods = iota
)

var methodNames = [methods]string{"first-prob", "mean-prob", "min-prob", "perplexity", "group", "leco", "seq-prob"}

var methodTexts = [methods]string{
	"First-Prob: probability of the answer's first token; not calibrated (baseline of FineCE, arXiv 2508.12040)",
	"Mean token probability: arithmetic mean over the tokens so far; not calibrated",
	"Minimum token probability: the least probable token so far; not calibrated (Manakul et al. 2023, arXiv 2303.08896)",
	"Inverse perplexity: e to the mean token log-probability so far; not calibrated (Malinin and Gales 2021, arXiv 2002.07650)",
	"Lowest group confidence: the least inverse perplexity over a sliding window of tokens; not calibrated (after DeepConf, arXiv 2508.15260)",
	"LECO: mean over the steps of token probability and first-token transition, damped by their divergence from uniform; not calibrated (after Yao et al. 2024, arXiv 2403.19094)",
	"Sequence probability: the product over the tokens so far; not calibrated (Malinin and Gales 2021, arXiv 2002.07650)",
}

// Methods returns every method, in the order of their numbers.
func Methods() []Method { return all[Method](methods) }

// String returns the method's name, as [ParseMethod] reads it.
func (m Method) String() string { return nameOf(methodNames[:], int(m)) }

// About says in one line what the method is, that it is not calibrated, and
// where it comes from.
func (m Method) About() string { return nameOf(methodTexts[:], int(m)) }

// ParseMethod reads a name that String returns.
func ParseMethod(name string) (Method, error) {
	i, err := parse("method", methodNames[:], name)
	return Method(i), err
}

// all returns the n values of a type that counts from 0.
func all[T ~uint8](n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(i)
	}
	return list
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

func parse(what string, names []string, name string) (int, error) {
	list := ""
	for i, n := range names {
		if n == name {
			return i, nil
		}
		if i > 0 {
			list += ", "
		}
		list += n
	}
	return 0, errors.New("estimate: unknown " + what + " " + excerpt([]byte(name), 0) + ": want one of " + list)
}
