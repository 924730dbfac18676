package gateway

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// surface is the grammar of one API of model servers: it reads a client's request, and
// writes what the gateway says in the form that the API's clients know. The answers
// themselves are read by the core.
type surface interface {
	// path is where the API is, in the spelling that [canonical] returns.
	path() string
	// member reads the value of a member of a request that not every surface has, and
	// reports whether it knows the member.
	member(r *request, s *jsonscan.Scanner, key string) bool
	// ask makes the changes that a request needs so that its answer has log-probabilities,
	// with alternatives for entropy.
	ask(r *request, entropy bool, c *changes)
	// format is that of the API's answers; stream.Auto if their objects are
	// [stream.FrameChunk], else these are [stream.FrameMessage].
	format() stream.Format
	// strip returns the edits that remove log-probabilities which the client did not ask
	// for from an object, at an offset of an event, if the core does not say where they are.
	strip(object []byte, at int, a *asked) []edit
	// writer returns what writes in the stream that answers a request.
	writer(r *request) writer
	// emptied appends a plain answer without its text, and with a further member.
	emptied(dst []byte, a *answer, finish string, member []byte) []byte
	// textEnds returns where the text of each choice ends in a plain answer, before its
	// closing quote.
	textEnds(body []byte) map[int]int
	// counts are the API's names of token counts.
	counts() counts
	// authorize gives a request to the upstream the operator's key.
	authorize(h http.Header, key string)
	// refusal appends an error of the gateway.
	refusal(dst []byte, status int, code, message string) []byte
}

// writer writes in one stream what the gateway adds to it. What may be added depends on
// what the client was sent, so the writer is told of the events that are objects of the
// API.
type writer interface {
	// came takes an event as it comes from the upstream; sent one that is sent to the client
	// next, and may add edits to it.
	came(e *event)
	sent(e *event)
	// names has the answer's id and model; nil until they have come.
	names() *template
	// alone reports whether records may have an event of their own, which carrier appends.
	// If not, they wait for an event of the upstream.
	alone() bool
	carrier(dst, member []byte) []byte
	// closes reports whether text cannot be added as usual once e was sent, although e ends
	// no choice.
	closes(e *event) bool
	// text appends an event that adds a text to a choice, or reports that this is no longer
	// possible.
	text(dst []byte, choice int, text []byte) (_ []byte, ok bool)
	// add appends an event that adds a text to the first choice, and a member if there is one.
	// What it begins for the text is ended by end.
	add(dst, text, member []byte) []byte
	// end appends what ends some choices, and a member if there is one.
	end(dst []byte, choices []int, finish string, member []byte) []byte
	// close appends what ends the stream. usage is the upstream's event with token counts
	// and nothing else, if that was held.
	close(dst, usage []byte) []byte
}

// counts are names of token counts; "" is none. They are in the member usage of an object, of its
// member in, or, if they are bare, in the object itself.
type counts struct {
	prompt, completion, total, in string
	bare                          bool
}

// append appends token counts.
func (c counts) append(dst []byte, u *stream.Usage) []byte {
	names, numbers := []string{c.prompt, c.completion}, []int64{max(u.Prompt, 0), max(u.Completion, 0)}
	if c.total != "" {
		names, numbers = append(names, c.total), append(numbers, numbers[0]+numbers[1])
	}
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(append(append(dst, '"'), name...), '"', ':'), numbers[i], 10)
	}
	return append(dst, '}')
}

// The paths of the APIs whose answers are scored, as [canonical] spells them.
const (
	PathChat        = "/v1/chat/completions"
	PathCompletions = "/v1/completions"
	PathMessages    = "/v1/messages"
	PathResponses   = "/v1/responses"

	PathOllamaChat     = "/api/chat"
	PathOllamaGenerate = "/api/generate"
)

// surfaces is every API whose answers are scored.
var surfaces = []surface{chat{}, completions{}, messages{}, responses{}, ollamaChat{}, ollamaGenerate{}}

// surfaceOf is the surface at a path, nil if there is none.
func surfaceOf(path string) surface {
	path = canonical(path)
	for _, s := range surfaces {
		if s.path() == path {
			return s
		}
	}
	return nil
}

// speaking is the surface whose clients a request is from: in its form the gateway refuses
// the request, or gives it the operator's key.
func speaking(r *http.Request) surface {
	if x := treatmentOf(r.Context()); x != nil && x.on != nil {
		return x.on // r's path may be the upstream's
	}
	path := canonical(r.URL.Path)
	for _, s := range surfaces {
		if below(path, s.path()) {
			return s
		}
	}
	if r.Header.Get("Anthropic-Version") != "" { // its clients send it to every path, such as that of models
		return messages{}
	}
	return chat{}
}

// changes are edits of a request's body, and members that are added to it.
type changes struct {
	edits   []edit
	members []byte
}

// set gives a member a value: instead of the one at a place of the body, or as a new
// member if at is zero.
func (c *changes) set(name, value string, at edit) {
	if at.to > 0 {
		c.edits = append(c.edits, edit{at.from, at.to, value})
		return
	}
	if len(c.members) > 0 {
		c.members = append(c.members, ',')
	}
	c.members = append(append(append(append(c.members, '"'), name...), `":`...), value...)
}

// apply returns a body with the changes. The closing brace of its object is at end.
func (c *changes) apply(body []byte, end int) []byte {
	slices.SortFunc(c.edits, func(x, y edit) int { return x.from - y.from })
	return appendEdited(nil, body, c.edits, end, c.members)
}

// each walks an object, and calls f where the member called name has its value.
func each(s *jsonscan.Scanner, name string, f func()) {
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) == name {
			f()
		} else {
			s.Skip()
		}
	}
}
