package stream

import (
	"math"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// payload takes an event's payload, which begins at an offset of the stream.
func (d *Decoder) payload(data []byte, offset int64, h Handler) {
	i := skipBlank(data, 0)
	output := is(d.kind, "output") && len(data) > 0 // an event of Replicate, with text as its payload
	words := output && (d.format == Replicate || d.format == Auto && (i == len(data) || data[i] != '{'))
	if i == len(data) && !words {
		return
	}
	r := &d.reader
	r.words, r.ends = nil, is(d.kind, "done")
	known := d.format
	r.scanner.Reset(data)
	if rest := data[i:]; !words && rest[0] == '[' && len(rest) >= 6 && is(rest[:6], "[DONE]") {
		d.marker = true
		d.end(h)
		return
	}
	if known == Auto && !words {
		known = r.recognise()
		for r.scanner.Short() {
			r.scanner.Reserve(3 * len(data))
			r.scanner.Reset(data)
			known = r.recognise()
		}
		r.scanner.Reset(data)
		if known == Auto && is(d.kind, "messageStart") {
			known = Bedrock
		}
	}
	if words || known == Auto && output {
		known, r.words = Replicate, data
	}
	d.decode(known, data, offset, h)
}

// decode reads a payload in a format and reports its content.
func (d *Decoder) decode(known Format, data []byte, offset int64, h Handler) {
	r := &d.reader
	failed := is(d.kind, "error")
	like := known == OpenAIChat && !d.compareNone && r.alike(data)
	if !like {
		r.scanner.Reset(data)
	}
	if cap(r.entries) == 0 { // a first guess at the lists of a whole answer
		r.short, r.wanted = shortEntries|shortPieces|shortTokens|shortTop, min(len(data)/32, 1024)
		r.lacking = r.wanted
		r.grow(data)
	}
	before := r.state
	for !like && !r.read(known) {
		r.state = before
		if r.full(d.options.MaxEvent) {
			d.report(EventTooLarge, offset, "an event of fewer tokens", h)
			return
		}
		r.grow(data)
		r.scanner.Reset(data)
	}
	if !r.scanner.End() {
		r.state = before
		if failed { // an error message in words
			r.message = data
			d.fail(offset, h)
			return
		}
		err := r.scanner.Err().(*jsonscan.SyntaxError)
		d.report(InvalidJSON, offset+int64(err.Offset), err.Want, h)
		return
	}
	if d.format == Auto {
		d.format = known
	}
	if i := skipBlank(data, 0); r.words == nil && i < len(data) && data[i] == '{' {
		d.object = object{data, offset}
	}
	if r.scanner.Replaced() || r.replaced {
		d.once(InvalidUTF8, offset, "UTF-8", h)
	}
	if failed && !r.failed && !r.known {
		d.readUnknown(data)
		r.failed, r.known = true, true
	}
	if !r.known {
		if d.format == Auto {
			d.unknownFormat(offset, h)
		} else if !d.has(UnknownEvent) { // the core never frees the text
			d.report(UnknownEvent, offset, "an event of the format "+d.format.String(), h)
		}
		return
	}
	if known == OpenAIChat && !like {
		r.learn(data)
	}
	d.usage.merge(&r.usage)
	for i := range r.entries {
		d.emit(&r.entries[i], offset, h)
	}
	switch {
	case r.failed:
		d.fail(offset, h)
	case r.done:
		d.end(h)
	}
}

// unknownFormat reports, once, that the stream is in none of the formats.
//
//go:noinline
func (d *Decoder) unknownFormat(offset int64, h Handler) {
	if d.has(UnknownFormat) {
		return
	}
	d.said |= 1 << UnknownFormat
	d.fault = Fault{Code: UnknownFormat, Offset: offset, Detail: appendFormats(append(d.detail[:0], "one of "...), Auto+1)}
	h.Fault(&d.fault)
}

// readUnknown reads the payload again, for an error in an unusual form.
func (d *Decoder) readUnknown(data []byte) {
	r := &d.reader
	r.scanner.Reset(data)
	for !r.read(Auto) {
		r.grow(data)
		r.scanner.Reset(data)
	}
}

// fail reports a provider's error, which ends every choice.
//
//go:noinline
func (d *Decoder) fail(offset int64, h Handler) {
	detail := sanitise(d.detail[:0], d.reader.message)
	if len(detail) == 0 {
		detail = append(detail, "no message"...)
	}
	d.said |= 1 << ProviderError
	d.fault = Fault{Code: ProviderError, Offset: offset, Detail: detail}
	h.Fault(&d.fault)
	if len(d.choices) == 0 {
		d.choice(0)
	}
	for i := range d.choices {
		if c := &d.choices[i]; c.seen && !c.finished {
			c.finished = true
			h.Finish(i, Failed)
		}
	}
	d.end(h)
}

// choice returns the state of a choice with a number below MaxChoices.
func (d *Decoder) choice(number int) *choice {
	for len(d.choices) <= number {
		d.choices = append(d.choices, choice{})
	}
	d.choices[number].seen = true
	return &d.choices[number]
}

// emit reports the content of one event for one choice.
func (d *Decoder) emit(e *entry, offset int64, h Handler) {
	if e.choice < 0 || e.choice >= int64(d.options.MaxChoices) {
		d.once(TooManyChoices, offset, "a choice's number below MaxChoices", h)
		return
	}
	number := int(e.choice)
	c := d.choice(number)
	t := &d.token
	pieces := d.reader.pieces[e.pieces:e.piecesEnd]
	tokens := d.reader.tokens[e.tokens:e.tokensEnd]
	if e.finished && e.reason != Length && !e.tool {
		tokens = withoutEnd(tokens, pieces)
	}
	if len(tokens) > 0 && !d.has(BadLogprobs) {
		if d.reader.repeats(c, tokens, pieces) {
			d.report(BadLogprobs, offset, "log-probabilities of this chunk's tokens alone", h)
		} else {
			if c.tokens == 0 {
				c.first = tokens[0].logprob
			}
			c.tokens += len(tokens)
		}
	}
	if d.has(BadLogprobs) {
		tokens = nil
	}
	*t = Token{Choice: number, Logprob: math.NaN()}
	switch {
	case len(tokens) == 1 && len(pieces) <= 1: // the ordinary case
		if len(pieces) == 1 {
			t.Segment, t.Text = pieces[0].segment, pieces[0].text
		} else {
			t.Segment = e.segment
		}
		d.counted1(&tokens[0], h)
	case len(tokens) > 0:
		d.cut(number, e.segment, pieces, tokens, h)
	default:
		for i := range pieces {
			t.Segment, t.Text = pieces[i].segment, pieces[i].text
			h.Token(t)
		}
	}
	if e.tool {
		*t = Token{Choice: number, Segment: position.Answer, Tool: true, Logprob: math.NaN()}
		h.Token(t)
	}
	if e.finished && !c.finished {
		c.finished = true
		h.Finish(number, e.reason)
	}
}

// withoutEnd leaves out the last token if the other tokens make up the whole text. It is then
// the token that ended the sequence or completed a stop sequence, which vLLM lists. It is not
// part of the answer.
//
//go:noinline
func withoutEnd(tokens []scored, pieces []piece) []scored {
	n := len(tokens) - 1
	if n < 0 || len(tokens[n].text) == 0 || !aligned(tokens[:n], pieces) && !alignedBytes(tokens[:n], pieces) {
		return tokens
	}
	return tokens[:n]
}

// undisclosed is the log-probability that OpenAI and vLLM write if they do not disclose it, for
// example because the token is not among the most probable ones.
const undisclosed = -9999

// counted1 reports d.token with the log-probabilities of one token.
func (d *Decoder) counted1(p *scored, h Handler) {
	t := &d.token
	t.Counted, t.Logprob, t.Top, t.Listed, t.Unseen = true, p.logprob, nil, false, 0
	if p.partial {
		t.Unseen = 1
	}
	if t.Logprob <= undisclosed {
		t.Logprob = math.NaN()
	}
	if p.top < p.topEnd {
		t.Top, t.Listed = d.reader.top[p.top:p.topEnd:p.topEnd], p.listed
	}
	h.Token(t)
}

var unknownUsage = Usage{-1, -1, -1}

// merge replaces counts by the later ones that are known.
func (u *Usage) merge(later *Usage) {
	if later.Prompt >= 0 {
		u.Prompt = later.Prompt
	}
	if later.Completion >= 0 {
		u.Completion = later.Completion
	}
	if later.Reasoning >= 0 {
		u.Reasoning = later.Reasoning
	}
}
