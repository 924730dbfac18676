package estimate

import "errors"

// Method is a built-in estimator: a statistic of a stream's own log-probabilities. It needs no
// confidence model. Its value is in [0,1], and higher is better. No method is calibrated: it
// says how sure the model was of its words, not how often it is right. Fit a calibration map
// before you compare a value with a threshold.
//
// Below, p(i) is the probability of the i-th token. Only tokens with a plausible
// log-probability count; n is their number so far.
type Method uint8

const (
	// FirstProb is the probability of the answer's first token, a baseline of the FineCE
	// paper. It does not change while the answer grows. The paper's code normalises over the
	// five most probable tokens and takes the first of them. Here it is the sampled token.
	FirstProb Method = iota
	// MeanProb is the arithmetic mean of p(i).
	MeanProb
	// MinProb is the lowest p(i).
	MinProb
	// Perplexity is 1/perplexity, the geometric mean of p(i), which is e to the mean
	// log-probability. It is also known as length-normalised probability.
	Perplexity
	// Group is the lowest geometric mean of p(i) over any Options.Window tokens in a row. A
	// shorter answer is one window. It follows the lowest group confidence of DeepConf (Fu et
	// al. 2025, arXiv 2508.15260). DeepConf's own token confidence is the mean negative
	// log-probability of the 20 most probable tokens. That has no upper bound, so it is not
	// used here.
	Group
	// LECO is the mean step score of Learning from Correctness (Yao et al.
	// 2024, arXiv 2403.19094), transformed to [0,1]; see [StepScores].
	LECO
	// SeqProb is the product of p(i), the probability of the whole text so far given the
	// question. It falls with every token, so compare it only between answers of about the
	// same length. If the product is too small for a float64, it is 0, as after about 1,000
	// tokens.
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

// String returns the method's name, which [ParseMethod] reads.
func (m Method) String() string { return nameOf(methodNames[:], int(m)) }

// About returns one line that says what the method is, that it is not calibrated, and where it
// is from.
func (m Method) About() string { return nameOf(methodTexts[:], int(m)) }

// ParseMethod reads a name that String returns.
func ParseMethod(name string) (Method, error) {
	i, err := parse("method", methodNames[:], name)
	return Method(i), err
}

// all returns the n values of a type, from 0 on.
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
