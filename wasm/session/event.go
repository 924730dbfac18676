package session

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

// EventKind says which fields of an [Event] are set.
type EventKind uint8

const (
	// Text has new text of the answer, the reasoning or a refusal, if Config.Text is set.
	// Fields: Segment, Text.
	Text EventKind = iota + 1
	// Positioned says that a calibration position was found. Field: Position.
	Positioned
	// Ask asks for an estimate from the confidence model. Send the body that
	// Session.Request writes, and call Resolve or Fail. Fields: ID, Position.
	Ask
	// Confidence gives a position's confidence or revises it. Fields: Position.Index,
	// Revision, State, Raw, Fused, Calibrated, Source, Reason.
	Confidence
	// Usage has the provider's own token counts, over all choices. Field: Usage.
	Usage
	// Fault reports something wrong in the input. The session continues. Choice is 0 if the
	// fault is about the whole stream. Field: Fault.
	Fault
	// Finish ends a choice. There is one for each choice, from End. Fields: Finish, Total,
	// Missing.
	Finish
	// Ended says that the stream's end marker was read, or an error that ends the stream.
	// Later input is ignored, and End can be called at once. There is at most one.
	Ended
	// Said reports what an event of the stream says about a choice, if Config.Frames is set.
	// It comes right before the Framed of that event. Field: Said.
	Said
	// Framed reports where an event of the stream ends and of which kind it is, if
	// Config.Frames is set. It comes after all other events for the same event of the stream.
	// Field: Frame.
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

// State is the state of a position's confidence. See the package comment.
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
	NoLogprobs                 // some text so far has no log-probabilities, or they are not enough for Config.Method
	NoText                     // there is no text so far
	Refusal                    // the model refused; a refusal is not right or wrong
	ToolCall                   // the answer is a tool call
	StreamFailed               // the stream broke off or reported an error, so there is no whole answer
	TextTooLong                // the text to judge is longer than Config.MaxText
	GivenUp                    // too many positions waited for an estimate at once
	BadReply                   // the confidence model's reply could not be read as one probability
	Timeout                    // the reply did not come in time; the reasons from Timeout to Cancelled come from Fail
	Superseded                 // a newer position made the request stale
	EndpointError              // the confidence model's server replied with an error
	Unreachable                // the confidence model's server could not be reached
	Cancelled                  // the host gave up
	ImplausibleLogprobs        // the log-probabilities cannot be true; see estimate.Plausible
	CoreLost                   // the core did not load, or its instance trapped; only the host reports it
	NoTrajectory               // the estimator is Trajectory, and Config.Trajectory is nil
	reasons
)

var reasonNames = [reasons]string{
	"", "no-logprobs", "no-text", "refusal", "tool-call", "stream-failed",
	"text-too-long", "given-up", "bad-reply", "timeout", "superseded",
	"endpoint-error", "unreachable", "cancelled", "implausible-logprobs", "core-lost", "no-trajectory",
}

// String returns the reason's name, "" for NoReason.
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

// Event is one event of a session. Choice is set in every event; Kind says which other fields
// are set. Slices are valid until the session's next call.
type Event struct {
	Kind   EventKind
	Choice int

	Segment position.Segment // Text
	Text    []byte           // Text

	Position position.Position // Positioned; Ask: its index and kind; Confidence: its index

	ID uint32 // Ask

	Revision int     // Confidence: 0 for the first one of a position
	State    State   // Confidence
	Raw      float64 // Confidence: the estimate itself, in [0,1]; NaN unless Provisional or Final
	Fused    float64 // Confidence: Raw after calibration, if there is any, and integration, in [0,1]; NaN unless Provisional or Final
	Source   Source  // Confidence: where Raw comes from, and how it was calibrated
	Reason   Reason  // Confidence: why the confidence is Unavailable
	// Calibrated says that Fused is a probability; see the package comment. Confidence.
	Calibrated bool

	Usage  stream.Usage  // Usage
	Fault  stream.Fault  // Fault
	Said   stream.Said   // Said
	Frame  stream.Frame  // Framed
	Finish stream.Reason // Finish
	Total  [2]Total      // Finish: by position.Answer and position.Reasoning
	// Missing has the strategies that were asked for but were impossible in this choice.
	// Finish.
	Missing position.Kind
}

// Total is the length of a whole segment. With it, token ratios are known.
type Total struct {
	Tokens    int64
	Estimated bool // counted by the estimate of package position, not by the provider
}
