package stream

import "github.com/finece/finece/position"

// Handler takes what a Decoder finds, in the order of the stream.
type Handler interface {
	// Token takes text, or what counts as a token without text. t and its
	// slices are valid during the call.
	Token(t *Token)
	// Finish ends a choice. It comes at most once for each choice. Some providers
	// send text after it.
	Finish(choice int, r Reason)
	// Fault reports something wrong with the stream. f is valid during the
	// call.
	Fault(f *Fault)
	// Usage takes the provider's own counts, once, when the stream ends. u is
	// valid during the call.
	Usage(u *Usage)
	// Said and Frame report the events themselves, if Options.Frames asks for them. An
	// event's Frame comes after everything else that the event holds, and right before
	// it one Said for each choice in the event. s and f are valid during the call.
	Said(s *Said)
	Frame(f *Frame)
}

// Token is a piece of a choice's text, mostly one token of the provider's.
type Token struct {
	Choice  int              // 0 to Options.MaxChoices-1
	Segment position.Segment // Answer, Reasoning or Refusal
	Tool    bool             // tool call arguments: Text is empty, it only says that there is more of a tool call
	Text    []byte           // valid UTF-8; may be empty
	Counted bool             // exactly one of the provider's tokens: it came with its log-probability
	Logprob float64          // of this token, a natural logarithm; NaN when unknown
	Top     []float64        // log-probabilities of the alternatives listed, nil when none
	Listed  bool             // the token itself is among Top
	Unseen  int              // Counted: at least so many more tokens make up Text, which the server did not list
}

// Usage is the provider's own count of tokens; -1 is unknown.
type Usage struct {
	Prompt     int64
	Completion int64 // all that was generated, reasoning included
	Reasoning  int64
}

// Reason says why a choice ended.
type Reason uint8

const (
	Stop          Reason = iota // the model was done, or met a stop sequence
	Length                      // a limit on tokens
	ContentFilter               // the provider's filter
	ToolCalls                   // the model called tools
	Refused                     // the model refused
	Failed                      // the provider reported an error
	Cancelled                   // the request was cancelled
	Other                       // a reason that is none of these
)

var reasonNames = [...]string{"stop", "length", "content_filter", "tool_calls", "refused", "failed", "cancelled", "other"}

// Reasons returns every reason, in the order of their numbers.
func Reasons() []Reason {
	all := make([]Reason, len(reasonNames))
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// String returns the reason in lower case, such as "content_filter".
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}
