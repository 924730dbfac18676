package contract

import (
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Name is one name of a [Names], and its number in the events of finece.wasm.
type Name struct {
	Number int
	Text   string
	Doc    string // its meaning; only for names that are defined in this package
}

// Names is a closed list of names for one kind of thing, such as the states of a
// confidence. Most names are defined in the package of that thing.
type Names struct {
	Type  string // the name's type in TypeScript, such as "State"
	Const string // the constant with the list in TypeScript, such as "STATES"
	Doc   string // one or two sentences

	// Go is the Go type of a record's field, such as "session.State". GoName is the function
	// that returns the name of a value. Both are "" if the field of a record is text.
	Go, GoName string

	// Prefix is for names that are defined in this package: package record gets Go constants
	// for them, and their names begin with Prefix. For other names it is "".
	Prefix string

	// Closed says that a reader cannot use a record with an unknown value of this list. An
	// unknown value of another list is read as "unknown".
	Closed bool

	// Bits says that a value is a set. Number is then the number of a bit.
	Bits bool
	List []Name
}

// Texts returns the names in the order of the list.
func (n *Names) Texts() []string {
	texts := make([]string, len(n.List))
	for i, name := range n.List {
		texts[i] = name.Text
	}
	return texts
}

// listed makes a list of values with the numbers that they have in Go.
func listed[T ~uint8 | ~uint32](values []T, name func(T) string) []Name {
	list := make([]Name, len(values))
	for i, v := range values {
		list[i] = Name{Number: int(v), Text: name(v)}
	}
	return list
}

func kindNames() []Name {
	var list []Name
	for bit, kind := range position.Kinds() {
		list = append(list, Name{Number: bit, Text: kind.String()})
	}
	return list
}

// The lists of names that records, settings and events use.
var (
	Segments = &Names{
		Type: "Segment", Const: "SEGMENTS", Closed: true, Go: "position.Segment", GoName: "position.Segment.String",
		Doc:  "One of the texts of an answer: the text for the user, the model's reasoning, or a refusal that the provider marks.",
		List: listed(position.Segments(), position.Segment.String),
	}
	Kinds = &Names{
		Type: "PositionKind", Const: "POSITION_KINDS", Go: "position.Kind", Bits: true,
		Doc:  "Why there is a position: `question` is p(0), `end` is p(z), and the others are strategies.",
		List: kindNames(),
	}
	States = &Names{
		Type: "State", Const: "STATES", Closed: true, Go: "session.State", GoName: "session.State.String",
		Doc:  "The state of a position's confidence. `final` and `unavailable` are never revised.",
		List: listed(session.States(), session.State.String),
	}
	Reasons = &Names{
		Type: "Reason", Const: "REASONS", Go: "session.Reason", GoName: "session.Reason.String",
		Doc:  "Why a confidence is unavailable.",
		List: listed(session.Reasons(), session.Reason.String),
	}
	Finishes = &Names{
		Type: "FinishReason", Const: "FINISHES", Go: "stream.Reason", GoName: "stream.Reason.String",
		Doc:  "Why a choice ended.",
		List: listed(stream.Reasons(), stream.Reason.String),
	}
	Faults = &Names{
		Type: "FaultCode", Const: "FAULTS", Go: "stream.FaultCode", GoName: "session.FaultName",
		Doc:  "What is wrong in a stream or with a confidence model's reply.",
		List: listed(session.FaultCodes(), session.FaultName),
	}
	Methods = &Names{
		Type: "Method", Const: "METHODS",
		Doc:  "A statistic of the stream's own log-probabilities.",
		List: listed(estimate.Methods(), estimate.Method.String),
	}
	Bases = &Names{
		Type: "Basis", Const: "BASES",
		Doc:  "The part of a confidence model's reply from which its number was read.",
		List: listed(estimate.Bases(), estimate.Basis.String),
	}
	Maps = &Names{
		Type: "CalibrationMap", Const: "MAPS",
		Doc:  "The form of a calibration map.",
		List: listed(calibrate.Methods(), calibrate.Method.String),
	}
	Bands = &Names{
		Type: "Band", Const: "BANDS",
		Doc:  "Which positions a calibration map is for: p(0), those with few tokens before them, or the others.",
		List: listed(calibrate.AllBands(), calibrate.Band.String),
	}
)

// Outside are the reasons why a map or a confidence model does not cover a value.
var Outside = &Names{
	Type: "Outside", Const: "OUTSIDE", Bits: true,
	Doc:  "Why a value's map or confidence model does not cover it. With `range` or `unlike` the value may still be calibrated, with any other reason it is not.",
	List: outsideNames(),
}

func outsideNames() []Name {
	var list []Name
	for bit, o := range calibrate.AllOutside() {
		list = append(list, Name{Number: bit, Text: o.Names()[0]})
	}
	return list
}

// The lists of names that settings and the events of finece.wasm use.
var (
	Events = &Names{
		Type: "EventType", Const: "EVENTS",
		Doc:  "The kinds of a core's events.",
		List: listed(session.EventKinds(), session.EventKind.String),
	}
	Statuses = &Names{
		Type: "Status", Const: "STATUS",
		Doc:  "The status of an answer of the core, by its number; 0 is success.",
		List: listed(abi.Statuses(), abi.Status.String),
	}
	Formats = &Names{
		Type: "Format", Const: "FORMATS",
		Doc:  "A stream's format; `auto` recognises it.",
		List: listed(stream.Formats(), stream.Format.String),
	}
	Adapters = &Names{
		Type: "Adapter", Const: "ADAPTERS",
		Doc:  "The shape of a confidence model's API.",
		List: listed(estimate.Adapters(), estimate.Adapter.String),
	}
	Turns = &Names{
		Type: "Conversation", Const: "CONVERSATION",
		Doc:  "Whether the question of an answer is a conversation: it has more than one message, system messages not counted.",
		List: listed(calibrate.AllTurns(), calibrate.Turns.String),
	}
	Activations = &Names{
		Type: "Activation", Const: "ACTIVATIONS",
		Doc:  "The function that turns the output of a model's head into a probability.",
		List: listed(estimate.Activations(), estimate.Activation.String),
	}
)

// TypeScript returns every list of names, in their order in www/src/contract.ts.
func TypeScript() []*Names {
	return []*Names{
		Statuses, Events, Segments, Kinds, States, Reasons, Finishes, Faults, Estimators, Methods, Bases, Maps, Bands,
		Outside, Actions, Formats, Adapters, Activations, Turns, Words, Rules,
	}
}

// The lists of names that are defined in this package, because they belong to no other.
var (
	Estimators = &Names{
		Type: "Estimator", Const: "ESTIMATORS", Prefix: "Estimator",
		Doc: "What estimated a raw confidence.",
		List: []Name{
			{Text: "logprob", Doc: "a statistic of the stream's own log-probabilities"},
			{Text: "trajectory", Doc: "a model of how the log-probabilities develop"},
			{Text: "model", Doc: "a confidence model"},
			{Text: "samples", Doc: "further answers to the same question"},
		},
	}
	Actions = &Names{
		Type: "Action", Const: "ACTIONS", Prefix: "Action",
		Doc: "What a policy did to an answer.",
		List: []Name{
			{Text: "hold", Doc: "text waits for a confidence"},
			{Text: "release", Doc: "text that waited is sent"},
			{Text: "end", Doc: "the answer ends here"},
			{Text: "replace", Doc: "another answer takes its place"},
			{Text: "cancel", Doc: "the request to the model is cancelled"},
			{Text: "ask", Doc: "another model is asked"},
			{Text: "skip", Doc: "the policy did nothing, for the reason given"},
		},
	}
)
