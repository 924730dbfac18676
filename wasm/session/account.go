package session

import (
	"strconv"

	"github.com/finece/finece/wasm/stream"
)

// fewestUnlisted is the minimum number of unlisted tokens that [Session.account] reports. Fewer
// may be special tokens, such as ends of turns. Servers count these but do not list them.
const fewestUnlisted = 8

// account compares, at the end, the provider's own count of tokens with the tokens that had a
// log-probability. If a character takes several tokens, some servers list only one. If more
// than the share MaxMissing of the tokens is not listed, p(z) is unavailable. A Fault says that
// confidences that are final already are affected, too.
//
// Tokens of hidden reasoning are not missing, because the answer's confidences do not
// read them. Tool calls and text without log-probabilities cannot be compared.
func (s *Session) account() {
	total := s.usage.Completion
	if s.config.Estimator == Model || total < 0 {
		return
	}
	var answer, reasoning int64
	for _, c := range s.choices {
		if c.tool || c.counted[0] == 0 || c.uncounted[0] || c.uncounted[1] && s.usage.Reasoning < 0 {
			return
		}
		answer, reasoning = answer+c.counted[0], reasoning+c.counted[1]
	}
	if hidden := s.usage.Reasoning - reasoning; hidden > 0 {
		total -= hidden
	}
	listed := answer + reasoning
	lacking := total - listed - int64(len(s.choices)) // each choice has a token that ends it
	if lacking < fewestUnlisted || float64(lacking) <= s.config.MaxMissing*float64(total) {
		return
	}
	s.lacking = true
	detail := "usage counts " + strconv.FormatInt(total, 10) + " tokens, and " + strconv.FormatInt(listed, 10) + " came with a log-probability"
	s.fault(stream.Fault{Code: FaultUnlisted, Offset: -1, Detail: []byte(detail)}, 0)
}
