package stream

import "github.com/finece/finece/wasm/jsonscan"

// FaultCode says what is wrong. See the package comment for what follows from
// it.
type FaultCode uint8

const (
	InvalidJSON    FaultCode = iota + 1 // an event is no JSON; it was skipped
	EventTooLarge                       // an event has more bytes than Options.MaxEvent; it was skipped
	InvalidUTF8                         // bytes that are no UTF-8 became U+FFFD; reported once
	ProviderError                       // the provider reported an error, which ends the stream
	Truncated                           // the stream ended without its end marker
	UnknownFormat                       // the stream is in no format that is known here; reported once
	TooManyChoices                      // choices from Options.MaxChoices up were left out; reported once
	UnknownEvent                        // an event has nothing that its format has; reported once
	NotAStream                          // an HTML or XML document, which ends the stream
	BadLogprobs                         // log-probabilities repeat those of earlier chunks; they are left out from here on
	InvalidFrame                        // a message of AWS's binary event stream is broken; it was skipped, or all that follows
)

var faultNames = [...]string{
	"none", "invalid-json", "event-too-large", "invalid-utf8", "provider-error", "truncated", "unknown-format",
	"too-many-choices", "unknown-event", "not-a-stream", "bad-logprobs", "invalid-frame",
}

// String returns the code in words.
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

// MaxDetail is the length of a Fault's Detail at most, in bytes.
const MaxDetail = 256

// Fault reports something wrong in the input.
type Fault struct {
	Code   FaultCode
	Offset int64  // bytes of the input before it: where JSON is wrong, or where the event's payload begins
	Detail []byte // the provider's message, or what was expected: valid UTF-8 on one line, 256 bytes at most
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
