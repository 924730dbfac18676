package estimate

import (
	"strconv"
	"unicode/utf8"

	"github.com/finece/finece/wasm/jsonscan"
)

// Failure is why a reply gives no confidence.
type Failure uint8

const (
	Malformed     Failure = iota + 1 // the body is not JSON
	ProviderError                    // the server reports an error
	WrongShape                       // JSON, but not of the adapter's shape
	Refused                          // the model refused, or a filter stopped the reply
	Empty                            // there is no text
	Unfinished                       // the reply ended before its number was complete
	NoNumber                         // the text does not begin with a number
	OutOfRange                       // the number is not in [0,1]
	ExtraText                        // there is more text than the number, such as a second number
	TooLarge                         // the body has more than MaxReply bytes
)

var failureTexts = [...]string{
	"",
	"not JSON",
	"the server reports an error",
	"not in the format of this adapter",
	"the model refused",
	"empty",
	"ended before its number was complete",
	"no number",
	"not between 0 and 1",
	"text besides the number",
	"too large",
}

// String returns the failure in words.
func (f Failure) String() string { return nameOf(failureTexts[:], int(f)) }

// ReplyError says why a reply gives no confidence.
type ReplyError struct {
	Failure Failure
	Offset  int    // the place, as a byte of the body, or for NoNumber and later failures of the model's text; -1 if none
	Detail  string // a short excerpt from that place, or the server's message
	Want    string // what was expected, or what to do
}

func (e *ReplyError) Error() string {
	s := "estimate: confidence model's reply: " + e.Failure.String()
	if e.Offset >= 0 {
		s += " at byte " + strconv.Itoa(e.Offset)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Want != "" {
		s += "; " + e.Want
	}
	return s
}

const (
	excerptBefore = 24
	excerptLength = 80
)

// excerpt returns the part of text around an offset, quoted, on one line.
func excerpt(text []byte, offset int) string {
	begin := max(0, min(offset, len(text))-excerptBefore)
	for begin < offset && begin < len(text) && !utf8.RuneStart(text[begin]) {
		begin++
	}
	end := min(len(text), begin+excerptLength)
	for end < len(text) && end > begin && !utf8.RuneStart(text[end]) {
		end--
	}
	s := string(jsonscan.AppendString(nil, text[begin:end]))
	if begin > 0 {
		s = "..." + s
	}
	if end < len(text) {
		s += "..."
	}
	return s
}
