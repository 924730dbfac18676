package session

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

// EventKind says which fields of an [Event] are set.
type EventKind uint8

const (
	// Text carries answer, reasoning or refusal text as it comes, when
	// Config.Text asks for it: Segment, Text.
	Text EventKind = iota + 1
	// Positioned says that a calibration position was found: Position.
	Positioned
	// Ask wants an estimate from the confidence model: ID, Position. Send the
	// body that Session.Request writes; answer with Resolve or Fail.
	Ask
	// Confidence gives a position's confidence or revises it: Position.Index,
	// Revision, State, Raw, Fused, Calibrated, Source, Reason.
	Confidence
	// Usage repeats the provider's own token counts, over all choices: Usage.
	Usage
	// Fault reports something wrong in the input: Fault. The session continues.
	// Choice is 0 for what concerns the stream.
	Fault
	// Finish ends a choice: Finish, Total, Missing. It comes once a choice, from
	// End.
	Finish
	// Ended says that the stream's end marker came, or an error that ends it. The
	// remaining input is ignored, and End can be called at once. It comes at most
	// once.
	Ended
	// Said is what an event of the stream says about a choice, when Config.Frames
	// asks for it: Said. It comes right before the event's Framed.
	Said
	// Framed says where an event of the stream ends and what it is, when
	// Config.Frames asks for it, after everything else that is in the event: Frame.
	Framed
)

var eventNames = [...]string{"", "text", "position", "ask", "confidence", "usage", "fault", "finish", "ended", "said", "framed"}

// String returns the kind's name, such as "position" for Positioned.
func (k EventKind) String() string { return nameOf(eventNames[:], int(k)) }

// EventKinds returns every kind, in the order of their numbers.
func EventKinds() []EventKind {
	all := make([]EventKind, 0, len(eventNames))
	for k := Text; int(k) < len(eventNames); k++ {
		all = append(all, k)
	}
	return all
}

// State is where a position's confidence stands. See the package comment.
type State uint8

const (
	Pending State = iota
	Provisional
	Final
	Unavailable
)

var stateNames = [...]string{"pending", "provisional", "final", "unavailable"}

// String returns the state's name in lower case.
func (s State) String() string { return nameOf(stateNames[:], int(s)) }

// Reason says why a confidence is unavailable.
type Reason uint8

const (
	NoReason            Reason = iota
	NoLogprobs                 // text up to here came without the log-probabilities that tell its tokens apart, or they do not say what Config.Method needs
	NoText                     // nothing was generated up to here
	Refusal                    // the model refused; a refusal is not right or wrong
	ToolCall                   // the answer is a tool call
	StreamFailed               // the stream broke off or reported an error, so there is no whole answer
	TextTooLong                // the text to judge is longer than Config.MaxText
	GivenUp                    // too many positions waited for an estimate at once
	BadReply                   // the confidence model's reply could not be read as one probability
	Timeout                    // from here to Cancelled: what Fail was told
	Superseded                 // a newer position made the request stale
	EndpointError              // the confidence model's server answered with an error
	Unreachable                // the confidence model's server could not be reached
	Cancelled                  // the surroundings gave up
	ImplausibleLogprobs        // the log-probabilities cannot be true; see estimate.Plausible
	CoreLost                   // the core did not load, or its instance trapped; only the surroundings report it
	NoTrajectory               // the estimator is Trajectory, and Config.Trajectory is nil
	reasons
)

var reasonNames = [reasons]string{
	"", "no-logprobs", "no-text", "refusal", "tool-call", "stream-failed",
	"text-too-long", "given-up", "bad-reply", "timeout", "superseded",
	"endpoint-error", "unreachable", "cancelled", "implausible-logprobs", "core-lost", "no-trajectory",
}

// String returns the reason in words, "" for NoReason.
func (r Reason) String() string { return nameOf(reasonNames[:], int(r)) }

// gone reports whether the confidence model could not be asked, or its reply could not be
// read.
func (r Reason) gone() bool {
	return r == BadReply || r == Timeout || r == EndpointError || r == Unreachable
}

// States returns every state, in the order of their numbers.
func States() []State { return []State{Pending, Provisional, Final, Unavailable} }

// Reasons returns every reason but NoReason, in the order of their numbers.
func Reasons() []Reason {
	all := make([]Reason, 0, reasons)
	for r := NoReason + 1; r < reasons; r++ {
		all = append(all, r)
	}
	return all
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

// Event is one thing that a session has to say. Kind tells which of the other
// fields count; Choice always does. Slices are valid until the session's next
// call.
type Event struct {
	Kind   EventKind
	Choice int

	Segment position.Segment // Text
	Text    []byte           // Text

	Position position.Position // Positioned; Ask: its index and kind; Confidence: its index

	ID uint32 // Ask

	Revision int     // Confidence: 0 for a position's first
	State    State   // Confidence
	Raw      float64 // Confidence: the estimate itself, in [0,1]; NaN unless Provisional or Final
	Fused    float64 // Confidence: Raw after calibration, if there is any, and integration, in [0,1]; NaN likewise
	Source   Source  // Confidence: where Raw comes from, and how it was calibrated
	Reason   Reason  // Confidence: why it is Unavailable
	// Calibrated says that Fused is a probability: each raw value that it was integrated
	// from went through a fitted map of Config.Calibration, or came from the model of
	// Config.Card, and lies inside what the map or the model covers. Confidence.
	Calibrated bool

	Usage  stream.Usage  // Usage
	Fault  stream.Fault  // Fault
	Said   stream.Said   // Said
	Frame  stream.Frame  // Framed
	Finish stream.Reason // Finish
	Total  [2]Total      // Finish: by position.Answer and position.Reasoning
	// Missing are the strategies that were asked for and that the choice could not
	// serve. Finish.
	Missing position.Kind
}

// Total is the length of a whole segment, which makes token ratios known.
type Total struct {
	Tokens    int64
	Estimated bool // counted by the estimate of package position, not by the provider
}
