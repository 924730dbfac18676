package stream

import "github.com/finece/finece/wasm/jsonscan"

// FaultCode says what is wrong. The package comment says how the decoder continues after each
// fault.
type FaultCode uint8

const (
	InvalidJSON    FaultCode = iota + 1 // an event is not JSON; it was skipped
	EventTooLarge                       // an event has more bytes than Options.MaxEvent; it was skipped
	InvalidUTF8                         // bytes that are not UTF-8 became U+FFFD; reported once
	ProviderError                       // the provider reported an error, which ends the stream
	Truncated                           // the stream ended without its end marker
	UnknownFormat                       // the stream is in no known format; reported once
	TooManyChoices                      // choices from number Options.MaxChoices on were left out; reported once
	UnknownEvent                        // an event has no known field of its format; reported once
	NotAStream                          // the input is an HTML or XML document; the rest of it is ignored
	BadLogprobs                         // log-probabilities repeat those of earlier chunks; from here on they are left out
	InvalidFrame                        // a message of AWS's binary event stream is broken; it was skipped, or all later input
)

var faultNames = [...]string{
	"none", "invalid-json", "event-too-large", "invalid-utf8", "provider-error", "truncated", "unknown-format",
	"too-many-choices", "unknown-event", "not-a-stream", "bad-logprobs", "invalid-frame",
}

// String returns the name of the code.
func (c FaultCode) String() string {
	if int(c) < len(faultNames) {
		return faultNames[c]
	}
	return "unknown"
}

// FaultCodes returns every code of the decoder, in the order of their numbers.
func FaultCodes() []FaultCode {
	all := make([]FaultCode, 0, len(faultNames))
	for c := InvalidJSON; int(c) < len(faultNames); c++ {
		all = append(all, c)
	}
	return all
}

// MaxDetail is the maximum length of a Fault's Detail in bytes.
const MaxDetail = 256

// Fault reports something wrong in the input.
type Fault struct {
	Code   FaultCode
	Offset int64  // the byte of the input at which JSON is wrong, or at which the event's payload begins
	Detail []byte // the provider's message, or what was expected: one line of valid UTF-8, at most MaxDetail bytes
}

// sanitise appends text as one line of valid UTF-8.
func sanitise(dst, text []byte) []byte {
	for i := 0; i < len(text) && len(dst) < MaxDetail; {
		c := text[i]
		if c >= 0x80 {
			n := jsonscan.Sequence(text[i:])
			if n < 0 {
				i -= n
				continue
			}
			if len(dst)+n > MaxDetail {
				break
			}
			dst = append(dst, text[i:i+n]...)
			i += n
			continue
		}
		if c < ' ' || c == 0x7F {
			c = ' '
		}
		dst = append(dst, c)
		i++
	}
	return dst
}
