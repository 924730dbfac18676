package gateway

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// surface is one API of model servers. It reads a client's request, and writes the gateway's
// additions in the form that the API's clients know. The core reads the answers.
type surface interface {
	// path is the API's path, in the spelling that [canonical] returns.
	path() string
	// member reads the value of a member of a request that not every surface has, and
	// reports whether it knows the member.
	member(r *request, s *jsonscan.Scanner, key string) bool
	// ask adds to c the changes of a request that asks for log-probabilities. With entropy it
	// also asks for alternatives.
	ask(r *request, entropy bool, c *changes)
	// format is the format of the API's answers. If it is stream.Auto, their objects are
	// [stream.FrameChunk], else [stream.FrameMessage].
	format() stream.Format
	// strip returns the edits that remove log-probabilities that the client did not ask for from
	// an object of an event. at is the object's offset. It is for APIs in which the core does
	// not report where log-probabilities are.
	strip(object []byte, at int, a *asked) []edit
	// writer returns the writer for the stream that answers a request.
	writer(r *request) writer
	// emptied appends a plain answer without its text, and with a further member.
	emptied(dst []byte, a *answer, finish string, member []byte) []byte
	// textEnds returns where the text of each choice ends in a plain answer, before its
	// closing quote.
	textEnds(body []byte) map[int]int
	// counts returns the API's names of token counts.
	counts() counts
	// authorize adds the operator's key to a request to the upstream.
	authorize(h http.Header, key string)
	// refusal appends an error of the gateway.
	refusal(dst []byte, status int, code, message string) []byte
}

// writer writes the gateway's additions to one stream. They depend on the events that the client
// has, so the writer is told of all events that are objects of the API.
type writer interface {
	// came is called with an event when it comes from the upstream. sent is called just before
	// the event is sent to the client, and may add edits to it.
	came(e *event)
	sent(e *event)
	// names returns the answer's id and model, or nil until they have come.
	names() *template
	// alone reports whether records may have an event of their own, which carrier appends. If
	// not, records wait for an event of the upstream.
	alone() bool
	carrier(dst, member []byte) []byte
	// closes reports whether e, which ends no choice, ends the block to which text could be
	// added.
	closes(e *event) bool
	// text appends an event that adds a text to a choice. ok is false if that is no longer
	// possible.
	text(dst []byte, choice int, text []byte) (_ []byte, ok bool)
	// add appends an event that adds a text to the first choice, and a member if there is one.
	// If it begins a block or an item for the text, end ends that.
	add(dst, text, member []byte) []byte
	// end appends the events that end some choices, and a member if there is one.
	end(dst []byte, choices []int, finish string, member []byte) []byte
	// close appends the events that end the stream. usage is the upstream's event with token
	// counts and nothing else, if it was held, or nil.
	close(dst, usage []byte) []byte
}

// counts are an API's names of token counts; "" is none. The counts are in the member usage of
// an object, or of the object's member called in. If bare is set, they are in the object itself.
type counts struct {
	prompt, completion, total, in string
	bare                          bool
}

// append appends token counts as an object.
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

// surfaceOf returns the surface at a path, or nil.
func surfaceOf(path string) surface {
	path = canonical(path)
	for _, s := range surfaces {
		if s.path() == path {
			return s
		}
	}
	return nil
}

// speaking returns the surface whose API a client uses. The gateway writes errors in its form,
// and sends the operator's key as it does.
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
	if r.Header.Get("Anthropic-Version") != "" { // Anthropic's clients send it to every path, such as /v1/models
		return messages{}
	}
	return chat{}
}

// changes are edits of a request's body, and members that are added to it.
type changes struct {
	edits   []edit
	members []byte
}

// set gives a member a value. The value replaces the one at the place at; if at is zero, the
// member is new.
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

// each reads an object. It calls f when the scanner is at the value of the member called name,
// and skips other members.
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
