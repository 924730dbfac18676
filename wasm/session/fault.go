package session

import "github.com/finece/finece/wasm/stream"

// Fault codes of the session, in addition to those of the decoder.
const (
	FaultReply     stream.FaultCode = 64 + iota // the confidence model's reply could not be read
	FaultPositions                              // the stream has more positions than MaxPositions
	FaultUnlisted                               // usage counts many more tokens than had a log-probability, so earlier confidences are based on too few tokens
)

// FaultCodes returns the codes of every fault that a session reports, the
// decoder's first.
func FaultCodes() []stream.FaultCode {
	return append(stream.FaultCodes(), FaultReply, FaultPositions, FaultUnlisted)
}

// FaultName returns the name of a fault code of the session or the decoder.
func FaultName(code stream.FaultCode) string {
	switch code {
	case FaultReply:
		return "bad-reply"
	case FaultPositions:
		return "too-many-positions"
	case FaultUnlisted:
		return "unlisted-tokens"
	}
	return code.String()
}
