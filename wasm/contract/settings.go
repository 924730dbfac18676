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
	// Name is the spelling in files. "model.max_tokens" is the member max_tokens of the
	// object model.
	Name string
	// Help is one sentence without its full stop, in lower case.
	Help string
	// Unit is the unit of a number, such as "bytes" or "nats"; "" if Help says it.
	Unit string
	// Default is a string, bool, int, float64, time.Duration or []string. Its type is the
	// setting's type.
	Default any
	// Low and High are the range of a number, both included. A Duration's is in
	// nanoseconds.
	Low, High float64
	// Names are the allowed values of a setting, if it has a list of them.
	Names []string
	// Was is the flag's former name. It is refused, and the error says the new name.
	Was string
	// Secret is true for keys: they have no flag, and no output shows them.
	Secret bool
	// Short is the letter of the flag's short form, or "".
	Short string

	flag  string // the flag's name, if it is not that of Name
	typed string // the type in TypeScript, if it is not that of Default
}

// Flag returns the setting's name on a command line, without the leading dashes.
func (s *Setting) Flag() string {
	if s.flag != "" {
		return s.flag
	}
	return strings.ReplaceAll(s.key(), "_", "-")
}

// Env returns the setting's name in the environment.
func (s *Setting) Env() string {
	return "FINECE_" + strings.ToUpper(strings.ReplaceAll(s.Flag(), "-", "_"))
}

// Camel returns the setting's name in TypeScript.
func (s *Setting) Camel() string {
	parts := strings.Split(s.key(), "_")
	for i, part := range parts[1:] {
		parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
	}
	return strings.Join(parts, "")
}

// Typed returns the setting's type in TypeScript.
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

// In reports whether the setting is a member of the object of that name. "" is the outermost
// object.
func (s *Setting) In(object string) bool {
	return strings.TrimSuffix(s.Name, s.key()) == strings.TrimLeft(object+".", ".")
}

// Range returns the range of a number in words, such as "0 to 1" or "at least 1". It returns ""
// for a setting that is not a number.
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

// bound returns a bound of the range in the notation of the setting's type.
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

// Usage returns the help text of the flag, with its allowed values.
func (s *Setting) Usage() string {
	switch {
	case len(s.Names) > 0:
		return s.Help + ": " + strings.Join(s.Names, ", ")
	case s.bounded():
		return s.Help + ", " + s.Range()
	}
	return s.Help
}

// bounded reports whether the range is worth stating in the help.
func (s *Setting) bounded() bool {
	switch s.Default.(type) {
	case int, float64:
		return s.High < math.MaxInt32 || s.Low > 0
	}
	return false
}

// core has the settings of the session, with their defaults and ranges.
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

// of returns a setting of the core, with the help and the unit that this package adds.
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
	Strategy         = of("strategy", "where to estimate: paragraph, line, periodic, entropy, or several such as paragraph+entropy", "", typed("Strategy"))
	MinLength        = of("min_length", "paragraph, line: fewest characters of a paragraph or line; a shorter one joins the next", "code points")
	Every            = of("every", "periodic: tokens from one position to the next", "tokens")
	EntropyThreshold = of("entropy_threshold", "entropy: there is a position after each token whose entropy is above this value, in nats", "nats", formerly("threshold"))
	MinGap           = of("min_gap", "entropy: fewest tokens from one position to the next", "tokens", formerly("gap"))
	Alpha            = of("alpha", "revision coefficient of Backward Confidence Integration; 1 keeps every estimate as it is", "")
	Depth            = of("depth", "fusion depth: number of later positions that revise an estimate; 0 for no integration", "positions")
	Width            = of("width", "fusion width: how many continuations of a position revise its estimate, the stream itself included; only finece serve samples others; 0 for no integration", "continuations")
	Estimator        = of("estimator", "the source of estimates: a statistic of the stream's log-probabilities, trajectory, or model", "", typed(`Method | "trajectory" | "model"`))
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
	Fallback         = of("fallback", "model: the statistic that estimates when the confidence model fails, or none; it is never integrated with the model's estimates", "", typed(`Method | "none"`))
	FallbackMaps     = of("fallback_calibration", "fallback: the object that finece calibrate writes for that statistic; without one its estimates are not calibrated", "", typed("Calibration"))
	Trajectory       = of("trajectory", "trajectory: the object that finece calibrate --estimator trajectory writes. Without one confidences are unavailable", "", typed("Trajectory"))
	Card             = of("card", "the card of the confidence model, which says on which answers the model was trained. Without one its estimates are not calibrated", "", typed("Card"))
	Generator        = of("generator", "the model that answers, to be compared with cards", "")
	Domain           = of("domain", "what the question is about, to be compared with cards", "")
	Conversation     = of("conversation", "whether the question is a conversation, to be compared with cards", "", oneOf(Turns))
	ReportText       = of("text", "report the stream's text as events", "")
	ReportFrames     = of("frames", "report where each event of the stream ends, and of which kind it is", "")
	MaxEvent         = of("max_event", "the largest event of the stream that is read", "bytes")
	MaxChoices       = of("max_choices", "choices of a stream that are scored", "choices")
	MaxPositions     = of("max_positions", "positions over all choices of a stream", "positions")
	MaxPending       = of("max_pending", "positions of a choice whose confidence later events may still change", "positions")
	MaxText          = of("max_text", "the most text of a segment that is kept for the confidence model", "bytes")
	MaxMissing       = of("max_missing", "statistics: share of the tokens so far whose log-probabilities may be missing or implausible", "")
)
