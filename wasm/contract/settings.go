package contract

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/finece/finece/wasm/session"
)

// Setting is one setting of FineCE. It has one name in four spellings: in files
// withhold_below, as a flag --withhold-below, in the environment
// FINECE_WITHHOLD_BELOW, and in TypeScript withholdBelow.
type Setting struct {
	// Name is the spelling in files. A point in it separates the name of an object
	// from that of its member: "model.max_tokens".
	Name string
	// Help is one sentence without its full stop, in lower case.
	Help string
	// Unit is what a number counts, such as "bytes" or "nats"; "" if Help says it.
	Unit string
	// Default is a string, bool, int, float64, time.Duration or []string, which also is the
	// setting's type.
	Default any
	// Low and High are the range of a number, both included. A Duration's is in
	// nanoseconds.
	Low, High float64
	// Names are the values of a setting that is one of a list.
	Names []string
	// Was is a flag's former name, which is refused with a sentence that says the
	// new one.
	Was string
	// Secret is true of a key: it has no flag, and no output shows it.
	Secret bool
	// Short is the letter of the flag's short form, or "".
	Short string

	flag  string // instead of what Name gives
	typed string // the type in TypeScript, instead of what Default gives
}

// Flag is the setting's name on a command line, without its dashes.
func (s *Setting) Flag() string {
	if s.flag != "" {
		return s.flag
	}
	return strings.ReplaceAll(s.key(), "_", "-")
}

// Env is the setting's name in the environment.
func (s *Setting) Env() string {
	return "FINECE_" + strings.ToUpper(strings.ReplaceAll(s.Flag(), "-", "_"))
}

// Camel is the setting's name in TypeScript.
func (s *Setting) Camel() string {
	parts := strings.Split(s.key(), "_")
	for i, part := range parts[1:] {
		parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
	}
	return strings.Join(parts, "")
}

// Typed is the setting's type in TypeScript.
func (s *Setting) Typed() string {
	if s.typed != "" {
		return s.typed
	}
	switch s.Default.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	}
	return "number"
}

// key is the last part of the name.
func (s *Setting) key() string { return s.Name[strings.LastIndexByte(s.Name, '.')+1:] }

// In reports whether the setting is a member of an object of that name; "" is
// the top.
func (s *Setting) In(object string) bool {
	return strings.TrimSuffix(s.Name, s.key()) == strings.TrimLeft(object+".", ".")
}

// Range is the range of a number in words, such as "0 to 1" or "at least 1"; ""
// for a setting that is no number.
func (s *Setting) Range() string {
	low, high := s.bound(s.Low), s.bound(s.High)
	switch {
	case low == "":
		return ""
	case s.High >= math.MaxInt32:
		if _, isDuration := s.Default.(time.Duration); !isDuration || s.High >= math.MaxInt64 {
			return "at least " + low
		}
	}
	return low + " to " + high
}

// bound is a bound of the range as its type writes it.
func (s *Setting) bound(v float64) string {
	switch s.Default.(type) {
	case time.Duration:
		return time.Duration(v).String()
	case int:
		return strconv.FormatInt(int64(v), 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// Usage is the help text of the flag: what it is, and its values.
func (s *Setting) Usage() string {
	switch {
	case len(s.Names) > 0:
		return s.Help + ": " + strings.Join(s.Names, ", ")
	case s.bounded():
		return s.Help + ", " + s.Range()
	}
	return s.Help
}

// bounded reports whether the range says something that no reader expects.
func (s *Setting) bounded() bool {
	switch s.Default.(type) {
	case int, float64:
		return s.High < math.MaxInt32 || s.Low > 0
	}
	return false
}

// core is the session's own settings: their defaults and ranges.
var core = func() map[string]*Setting {
	c := session.DefaultConfig()
	all := map[string]*Setting{}
	for _, from := range session.Settings(&c) {
		s := &Setting{Name: from.Name, Low: from.Low, High: from.High}
		switch {
		case from.Text != nil:
			s.Default = *from.Text
		case from.Truth != nil:
			s.Default = *from.Truth
		case from.Whole != nil:
			s.Default = *from.Whole
		case from.Number != nil:
			s.Default = *from.Number
		case from.Get != nil:
			s.Default = from.Get()
		}
		all[s.Name] = s
	}
	return all
}()

// Session is every setting that the core reads, in the order of session.Settings.
var Session []*Setting

// of is a setting of the core with what the contract says about it.
func of(name, help, unit string, more ...func(*Setting)) *Setting {
	s := core[name]
	if s == nil {
		panic("contract: package session has no setting " + name)
	}
	s.Help, s.Unit = help, unit
	for _, add := range more {
		add(s)
	}
	Session = append(Session, s)
	return s
}

func oneOf(n *Names) func(*Setting) {
	return func(s *Setting) { s.Names, s.typed = n.Texts(), n.Type }
}

func typed(t string) func(*Setting)    { return func(s *Setting) { s.typed = t } }
func flagged(f string) func(*Setting)  { return func(s *Setting) { s.flag = f } }
func formerly(f string) func(*Setting) { return func(s *Setting) { s.Was = f } }

// The settings of a session.
var (
	Question         = of("question", "the question that the stream answers; without it p(0) is unavailable", "")
	Format           = of("format", "format of the stream", "", oneOf(Formats))
	Strategy         = of("strategy", "where to estimate: paragraph, line, periodic, entropy, or a union such as paragraph+entropy", "", typed("Strategy"))
	MinLength        = of("min_length", "paragraph, line: fewest characters of a paragraph or line; a shorter one joins the next", "code points")
	Every            = of("every", "periodic: tokens from one position to the next", "tokens")
	EntropyThreshold = of("entropy_threshold", "entropy: an entropy in nats; a position is at a token with a higher entropy", "nats", formerly("threshold"))
	MinGap           = of("min_gap", "entropy: fewest tokens from one position to the next", "tokens", formerly("gap"))
	Alpha            = of("alpha", "revision coefficient of Backward Confidence Integration; 1 keeps every estimate as it is", "")
	Depth            = of("depth", "fusion depth: later positions that revise an estimate; 0 for no integration", "positions")
	Width            = of("width", "fusion width: how many continuations of a position revise its estimate, the stream itself included; only finece serve samples others; 0 for no integration", "continuations")
	Estimator        = of("estimator", "who estimates: a statistic of the stream's log-probabilities, trajectory, or model", "", typed(`Method | "trajectory" | "model"`))
	ModelAdapter     = of("model.adapter", "the API of the confidence model", "", oneOf(Adapters))
	ModelName        = of("model.name", "the confidence model's name on its server", "", flagged("model"))
	OneMessage       = of("model.one_message", "chat: instruction and input in one user message", "")
	AboutQuestion    = of("model.instructions.question", "instruction for judging a question; empty for the built-in one", "")
	AboutPartial     = of("model.instructions.partial", "instruction for judging a partial answer; empty for the built-in one", "")
	AboutComplete    = of("model.instructions.complete", "instruction for judging a complete answer; empty for the built-in one", "")
	MaxTokens        = of("model.max_tokens", "chat, completions: the most tokens of a reply", "tokens")
	TopLogprobs      = of("model.top_logprobs", "chat, completions: alternatives to each token; 0 asks for no log-probabilities", "tokens")
	Class            = of("model.class", "classify, pooling: which of several outputs means a correct answer", "")
	Label            = of("model.label", "reward: which of several labels means a correct answer", "")
	Activation       = of("model.activation", "classify, pooling, reward: the function that turns the output into a probability", "", oneOf(Activations))
	Calibration      = of("calibration", "the object that finece calibrate writes: its maps calibrate estimates before they are integrated", "", typed("Calibration"))
	Fallback         = of("fallback", "model: the statistic that estimates where the confidence model fails, or none; never integrated with the model's estimates", "", typed(`Method | "none"`))
	FallbackMaps     = of("fallback_calibration", "fallback: the object that finece calibrate writes for that statistic; without one its estimates are not calibrated", "", typed("Calibration"))
	Trajectory       = of("trajectory", "trajectory: the object that finece calibrate --estimator trajectory writes. Without one confidences are unavailable", "", typed("Trajectory"))
	Card             = of("card", "the card of the confidence model: what it was trained on. Without one its estimates are not calibrated", "", typed("Card"))
	Generator        = of("generator", "the model that answers, to be compared with cards", "")
	Domain           = of("domain", "what the question is about, to be compared with cards", "")
	Conversation     = of("conversation", "whether the question is a conversation, to be compared with cards", "", oneOf(Turns))
	ReportText       = of("text", "report the stream's text as events", "")
	ReportFrames     = of("frames", "report the stream's own events: where each ends, and what it is", "")
	MaxEvent         = of("max_event", "the largest event of the stream that is read", "bytes")
	MaxChoices       = of("max_choices", "choices of a stream that are scored", "choices")
	MaxPositions     = of("max_positions", "positions over all choices of a stream", "positions")
	MaxPending       = of("max_pending", "positions of a choice that later events may still change", "positions")
	MaxText          = of("max_text", "text of a segment that is kept for the confidence model", "bytes")
	MaxMissing       = of("max_missing", "statistics: share of the tokens so far whose log-probabilities may be missing or cannot be true", "")
)
