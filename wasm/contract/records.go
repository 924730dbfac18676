package contract

// Form is how the value of a field is written.
type Form uint8

const (
	Whole  Form = iota // a whole number
	Number             // a number
	Truth              // true or false
	Text               // a string
	Texts              // an array of strings
	Named              // one name of Field.Names
	Named0             // one name of Field.Names, absent for the number 0
	Set                // an array of names of Field.Names
	Object             // the object of Field.Of
)

// Presence says when a field is written. A field that is not written has the
// value null in TypeScript (false and an empty list for Truth and lists).
type Presence uint8

const (
	Always    Presence = iota
	Known              // if the value is not NaN, not negative, not empty, or not false, by its Form
	WithValue          // if the confidence has a value: Fused is not NaN
)

// Field is a field of a record.
type Field struct {
	Key  string // in JSON: one word in lower case
	Go   string // in Go
	Form Form
	When Presence
	Int  bool // for Whole: an int in Go, not an int64

	Names *Names  // for Named, Named0, Set and Texts
	Of    *Record // for Object
	Doc   string
}

// Record is a JSON object: a record of its own or a part of one.
type Record struct {
	Type   string // the value of the key "type"; "" for a part of a record
	Go     string // the type in Go and in TypeScript
	Doc    string // the rest of a sentence that begins with the name in Go
	Place  bool   // the fields of Place come first
	Fields []Field
}

// Entropy is the entropy of the token at a position.
var Entropy = &Record{
	Go: "Entropy", Doc: "has bounds of the entropy, in nats, of the token that ends at a position. Providers list only the most probable tokens, so the exact entropy is seldom known.",
	Fields: []Field{
		{Key: "lower", Go: "Lower", Form: Number, When: Known, Doc: "the lower bound"},
		{Key: "upper", Go: "Upper", Form: Number, When: Known, Doc: "the upper bound"},
	},
}

// Source says where a confidence comes from.
var Source = &Record{
	Go: "Source", Doc: "says where a confidence comes from.",
	Fields: []Field{
		{Key: "estimator", Go: "Estimator", Form: Text, When: Known, Names: Estimators, Doc: "what estimated the raw value"},
		{Key: "method", Go: "Method", Form: Text, When: Known, Names: Methods, Doc: "with the estimator `logprob`: the statistic"},
		{Key: "basis", Go: "Basis", Form: Text, When: Known, Names: Bases, Doc: "with the estimator `model`: the part of its reply from which the number was read"},
		{Key: "mass", Go: "Mass", Form: Number, When: Known, Doc: "with the basis `expectation`: the total probability, in (0,1], of the replies whose mean is the value"},
		{Key: "model", Go: "Model", Form: Text, When: Known, Doc: "the name of the confidence model"},
		{Key: "map", Go: "Map", Form: Text, When: Known, Names: Maps, Doc: "the calibration map that was applied to the raw value"},
		{Key: "band", Go: "Band", Form: Text, When: Known, Names: Bands, Doc: "the positions for which this map is"},
		{Key: "outside", Go: "Outside", Form: Texts, When: Known, Names: Outside, Doc: "why the map or the model does not cover the value"},
	},
}

// Place has the fields that say where a position is. Position and Confidence begin with
// these fields.
var Place = &Record{
	Go: "Place", Doc: "says where in an answer a position is.",
	Fields: []Field{
		{Key: "choice", Go: "Choice", Form: Whole, Int: true, Doc: "the choice's number, from 0"},
		{Key: "index", Go: "Index", Form: Whole, Int: true, Doc: "the position's number in its choice: 0 is the question p(0), then 1, 2, ... over all segments"},
		{Key: "kinds", Go: "Kinds", Form: Set, Names: Kinds, Doc: "every strategy that chose this place"},
		{Key: "segment", Go: "Segment", Form: Named, Names: Segments, Doc: "the text in which the offsets count"},
		{Key: "byte", Go: "Byte", Form: Whole, Doc: "offset in the segment's text, in bytes of UTF-8"},
		{Key: "utf16", Go: "UTF16", Form: Whole, Doc: "the same offset in UTF-16 code units, as JavaScript strings count"},
		{Key: "token", Go: "Token", Form: Whole, Doc: "the number of the segment's tokens before the offset"},
		{Key: "ratio", Go: "Ratio", Form: Number, When: Known, Doc: "token ratio in [0,1]: token divided by the tokens of the whole segment; known after the end of the stream; 0 for p(0) and 1 for p(z)"},
		{Key: "entropy", Go: "Entropy", Form: Object, When: Known, Of: Entropy, Doc: "bounds of the entropy of the token that ends here"},
		{Key: "approximate", Go: "Approximate", Form: Truth, When: Known, Doc: "whether token is an estimate, because the provider did not send its tokens one by one"},
	},
}

// Records is every record that a stream consists of, in the order of their
// documentation.
var Records = []*Record{
	{
		Type: "position", Go: "Position", Place: true,
		Doc: "is a place in an answer at which confidence is estimated.",
	},
	{
		Type: "confidence", Go: "Confidence", Place: true,
		Doc: "gives a position's confidence or revises it. A record with the same choice and index and a higher revision replaces this one.",
		Fields: []Field{
			{Key: "state", Go: "State", Form: Named, Names: States, Doc: "the state of the confidence"},
			{Key: "revision", Go: "Revision", Form: Whole, Int: true, Doc: "0 for the position's first confidence, 1 for the next, and so on"},
			{Key: "raw", Go: "Raw", Form: Number, When: Known, Doc: "the estimate itself, in [0,1]; never show it as a percentage"},
			{Key: "fused", Go: "Fused", Form: Number, When: Known, Doc: "raw after calibration and integration with later estimates, in [0,1]"},
			{Key: "calibrated", Go: "Calibrated", Form: Truth, When: WithValue, Doc: "whether fused is a probability; otherwise it is a certainty, which only puts answers in order"},
			{Key: "source", Go: "Source", Form: Object, When: Known, Of: Source, Doc: "where the value comes from"},
			{Key: "reason", Go: "Reason", Form: Named0, When: Known, Names: Reasons, Doc: "with the state `unavailable`: why there is no value"},
		},
	},
	{
		Type: "decision", Go: "Decision",
		Doc: "says what a policy did to an answer.",
		Fields: []Field{
			{Key: "choice", Go: "Choice", Form: Whole, Int: true, Doc: "the choice's number, from 0"},
			{Key: "index", Go: "Index", Form: Whole, Int: true, When: Known, Doc: "the position that decided"},
			{Key: "policy", Go: "Policy", Form: Text, Doc: "the policy's name, such as `withhold`"},
			{Key: "action", Go: "Action", Form: Text, Names: Actions, Doc: "what was done"},
			{Key: "threshold", Go: "Threshold", Form: Number, When: Known, Doc: "the threshold of the policy, in [0,1]"},
			{Key: "byte", Go: "Byte", Form: Whole, When: Known, Doc: "offset in the answer's text at which the action begins, in bytes of UTF-8"},
			{Key: "reason", Go: "Reason", Form: Text, When: Known, Doc: "the reason, one word, such as `low`"},
		},
	},
	{
		Type: "fault", Go: "Fault",
		Doc: "reports something wrong in the stream or in a confidence model's reply. The stream continues.",
		Fields: []Field{
			{Key: "choice", Go: "Choice", Form: Whole, Int: true, Doc: "the choice's number, 0 for a fault of the whole stream"},
			{Key: "code", Go: "Code", Form: Named, Names: Faults, Doc: "what is wrong"},
			{Key: "offset", Go: "Offset", Form: Whole, When: Known, Doc: "the number of bytes of the stream before the fault"},
			{Key: "detail", Go: "Detail", Form: Text, When: Known, Doc: "one line of at most 256 bytes; parts of it may be from the provider, so show it as plain text"},
		},
	},
	{
		Type: "end", Go: "End",
		Doc: "ends a choice.",
		Fields: []Field{
			{Key: "choice", Go: "Choice", Form: Whole, Int: true, Doc: "the choice's number, from 0"},
			{Key: "reason", Go: "Reason", Form: Named, Names: Finishes, Doc: "why the choice ended"},
			{Key: "tokens", Go: "Tokens", Form: Whole, Doc: "tokens of the answer"},
			{Key: "reasoning", Go: "Reasoning", Form: Whole, Doc: "tokens of the reasoning"},
			{Key: "approximate", Go: "Approximate", Form: Truth, When: Known, Doc: "whether tokens or reasoning is an estimate"},
			{Key: "missing", Go: "Missing", Form: Set, When: Known, Names: Kinds, Doc: "the strategies that were asked for but were impossible in this stream, such as entropy without log-probabilities"},
		},
	},
	{
		Type: "start", Go: "Start",
		Doc: "is the first line of a file of records. In a stream, the envelope has the same fields.",
		Fields: []Field{
			{Key: "version", Go: "Version", Form: Whole, Int: true, Doc: "the version of the records; a reader for a lower version shows that no confidence is available"},
			{Key: "id", Go: "ID", Form: Text, When: Known, Doc: "the answer's identifier"},
			{Key: "generator", Go: "Generator", Form: Text, When: Known, Doc: "the name of the model that answers"},
		},
	},
}

// Parts is every part of a record that has a type of its own.
var Parts = []*Record{Entropy, Source, Place}
