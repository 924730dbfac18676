// Package columns knows by which names files have the values that commands read.
package columns

import (
	"slices"
	"strings"
)

// The names that are tried, in this order, where a file lacks the usual one. They are
// compared without case. A name that often means something else is not among them, such
// as "label" or "score".
var (
	Confidence = []string{"conf", "p_true", "p_correct", "prob_correct", "probability", "certainty"}
	Correct    = []string{"is_correct", "is_right", "right", "acc", "exact_match"}
	ID         = []string{"custom_id", "question_id", "doc_id", "qid", "uid", "key"}
	Question   = []string{"prompt", "query", "instruction", "problem"}
	Answer     = []string{"response", "completion", "output", "generation", "generated_text", "prediction", "model_answer"}
	Gold       = []string{"target", "reference", "ground_truth", "expected", "reference_answer", "correct_answer"}
	Logprobs   = []string{"token_logprobs"}
)

// Find is the name in a list of columns that is the usual one or else one of the guesses;
// "" if there is none.
func Find(have []string, usual string, guesses []string) string {
	for _, name := range append([]string{usual}, guesses...) {
		if i := slices.IndexFunc(have, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) }); i >= 0 {
			return strings.TrimSpace(have[i])
		}
	}
	return ""
}
