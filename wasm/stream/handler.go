package stream

import "github.com/finece/finece/position"

// Handler receives the results of a Decoder, in the order of the stream. Arguments and their
// slices are valid only during the call.
type Handler interface {
	// Token takes text, or a token without text.
	Token(t *Token)
	// Finish ends a choice. It is called at most once for each choice. Some providers send
	// text after it.
	Finish(choice int, r Reason)
	// Fault reports something wrong with the stream.
	Fault(f *Fault)
	// Usage takes the provider's own counts. It is called at most once, when the stream ends.
	Usage(u *Usage)
	// Said and Frame report the events themselves, if Options.Frames is set. For each event,
	// they come after all other calls: first one Said for each choice in the event, then the
	// Frame.
	Said(s *Said)
	Frame(f *Frame)
}

// Token is a piece of a choice's text, in most cases one token of the provider.
type Token struct {
	Choice  int              // 0 to Options.MaxChoices-1
	Segment position.Segment // Answer, Reasoning or Refusal
	Tool    bool             // part of a tool call; Text is empty
	Text    []byte           // valid UTF-8; may be empty
	Counted bool             // exactly one of the provider's tokens, with its log-probability or null
	Logprob float64          // natural logarithm of the token's probability; NaN when unknown
	Top     []float64        // log-probabilities of the listed alternatives, nil when none
	Listed  bool             // Top contains the token itself
	Unseen  int              // if Counted: the minimum number of other tokens of Text that the server did not list
}

// Usage is the provider's own count of tokens; -1 is unknown.
type Usage struct {
	Prompt     int64
	Completion int64 // all generated tokens, reasoning included
	Reasoning  int64
}

// Reason says why a choice ended.
type Reason uint8

const (
	Stop          Reason = iota // the model ended the answer, or wrote a stop sequence
	Length                      // a limit on tokens
	ContentFilter               // the provider's filter
	ToolCalls                   // the model called tools
	Refused                     // the model refused
	Failed                      // the provider reported an error
	Cancelled                   // the request was cancelled
	Other                       // another reason
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
