package gateway

import (
	"time"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// gate is the policy Withhold: it holds events and decides which are sent. Text is
// counted as the session counts it, by choice and segment.
type gate struct {
	idle
	threshold float64
	allow     bool // also act on confidences that are not calibrated
	failure   Failure

	passages map[int]*passage
	held     []held
	pushed   int // events so far
	bytes    int
	cuts     []*record.Decision // decisions to end choices that were not sent yet
	verdict  *record.Decision   // set if the rest of all choices is not sent
	released string             // why text is sent unchecked; "" after the client was told
}

// passage is the state of one choice.
type passage struct {
	seen, clear extent
	through     bool // p(z) is not below the threshold: everything is sent
	touched     bool // the last event had text of this choice
	refused     bool // all of its text is a refusal
	waiting     []judgement
	cut         *record.Decision // set if the rest of the choice is not sent
	from        int              // the number of the first event that is part of that rest
}

func newGate(c *Config, _ *request) acting {
	return &gate{threshold: c.WithholdBelow, allow: c.Uncalibrated == Allow, failure: c.Failure, passages: map[int]*passage{}}
}

// extent is a length of text in bytes, for the answer and for the reasoning. The text
// of a refusal is neither right nor wrong, so it is not counted.
type extent [2]int64

func (e extent) within(other extent) bool { return e[0] <= other[0] && e[1] <= other[1] }

func (e extent) max(other extent) extent {
	return extent{max(e[0], other[0]), max(e[1], other[1])}
}

// judgement is a position whose confidence decides on the text before it.
type judgement struct {
	index   int
	before  extent
	end     bool // p(z)
	decided bool
	outcome *record.Confidence
}

// Reasons of decisions. The others are those of confidences and faults.
const (
	low       = "low"           // a confidence is below the threshold
	notScored = "not-scored"    // the session found no text, or could not read the event
	heldLong  = "held-too-long" // text was held for more than Config.MaxDelay
	heldMuch  = "held-too-much" // more than Config.MaxHeld bytes were held
)

var (
	brokenOff   = session.StreamFailed.String() // the upstream's stream broke off
	upstreamErr = stream.ProviderError.String() // the upstream reported an error
	coreLost    = session.CoreLost.String()     // the core was lost, so nothing is scored from here on
)

// held is an event that is held, with its conditions.
type held struct {
	*event
	number int
	needs  []need
	whole  bool // its choices are not known: it waits for p(z) of all choices
	unread bool // the session could not read it, so no confidence covers it
	since  time.Time
}

// need is a condition on one choice.
type need struct {
	choice  int
	through bool // p(z) must not be below the threshold
	beyond  bool // some text beyond the extent must be clear: the event's own text is not counted yet
	text    extent
}

func (g *gate) of(choice int) *passage {
	p := g.passages[choice]
	if p == nil {
		p = &passage{}
		g.passages[choice] = p
	}
	return p
}

func (g *gate) text(choice int, segment position.Segment, text []byte) {
	p := g.of(choice)
	p.touched = true
	if int(segment) < len(p.seen) {
		p.seen[segment] += int64(len(text))
	}
}

func (g *gate) position(at *record.Position) {
	if at.Kinds&position.Question != 0 {
		return
	}
	p := g.of(at.Choice)
	j := judgement{index: at.Index, end: at.Kinds&position.End != 0}
	switch {
	case j.end:
		j.before = p.seen
	case at.Segment == position.Answer:
		j.before = extent{position.Answer: at.Byte, position.Reasoning: p.seen[position.Reasoning]}
	case at.Segment == position.Reasoning:
		j.before = extent{position.Reasoning: at.Byte}
	}
	p.waiting = append(p.waiting, j)
}

// confidence notes a position's confidence, and judges positions in order.
func (g *gate) confidence(c *record.Confidence) *record.Decision {
	if c.State == session.Pending || c.Kinds&position.Question != 0 {
		return nil
	}
	p := g.of(c.Choice)
	for i := range p.waiting {
		if j := &p.waiting[i]; j.index == c.Index && !j.decided {
			j.decided, j.outcome = true, c
		}
	}
	for len(p.waiting) > 0 && p.waiting[0].decided && p.cut == nil {
		g.judge(p, &p.waiting[0])
		p.waiting = p.waiting[1:]
	}
	return nil // clear text is sent before the choice ends: see pop
}

// judge clears the text before a position, or decides that the rest is not sent.
func (g *gate) judge(p *passage, j *judgement) {
	c := j.outcome
	switch {
	case c.HasValue() && !c.Calibrated && !g.allow:
		g.unchecked(p, j, notCalibrated)
	case c.HasValue() && c.Fused < g.threshold:
		d := decisionOn(Withhold, record.ActionEnd, c, g.threshold)
		g.end(p, d)
		return
	case c.HasValue():
		p.through = j.end
	case c.Reason == session.Refusal || c.Reason == session.NoText:
		p.refused = j.end && c.Reason == session.Refusal
		// A refusal, or an answer without text, is neither right nor wrong. Other content still waits.
	default:
		g.unchecked(p, j, c.Reason.String())
	}
	if p.cut == nil {
		p.clear = p.clear.max(j.before)
	}
}

// end ends a choice where its clear text ends. Events with that text may still be held.
func (g *gate) end(p *passage, d *record.Decision) {
	d.Byte = p.clear[position.Answer]
	p.from = g.pushed
	for i := range g.held {
		if g.held[i].beyond(d.Choice, p) {
			p.from = g.held[i].number
			break
		}
	}
	p.cut = d
	g.cuts = append(g.cuts, d)
}

// beyond reports whether an event ends a choice, or has content of the choice that is not clear.
func (h *held) beyond(choice int, p *passage) bool {
	for i := range h.needs {
		if n := &h.needs[i]; n.choice == choice && !n.met(p) {
			return true
		}
	}
	for _, s := range h.said {
		if s.Choice == choice && s.Finished {
			return true
		}
	}
	return false
}

// met reports whether the text of n is clear.
func (n *need) met(p *passage) bool {
	return !n.through && n.text.within(p.clear) && !(n.beyond && !p.refused && p.clear.within(n.text))
}

// unchecked decides about the text before a position that cannot be checked.
func (g *gate) unchecked(p *passage, j *judgement, why string) {
	if g.failure == Closed {
		d := decision(Withhold, record.ActionEnd, why)
		d.Choice, d.Index = j.outcome.Choice, j.index
		g.end(p, d)
		return
	}
	g.released = why
	p.through = j.end
}

// push adds an event that the session has just been given. unread says that the session could
// not read it.
func (g *gate) push(e *event, unread bool, now time.Time) {
	h := held{event: e.keep(), number: g.pushed, since: now, unread: unread || e.part || e.is(stream.FrameUnread)}
	h.whole = !e.is(stream.FrameChunk | stream.FrameEmpty | stream.FrameComment)
	for _, s := range e.said {
		if s.Text || s.Other {
			p := g.of(s.Choice)
			h.needs = append(h.needs, need{choice: s.Choice, through: s.Other, beyond: !p.touched, text: p.seen})
		}
	}
	for _, p := range g.passages {
		p.touched = false
	}
	g.pushed++
	g.held = append(g.held, h)
	g.bytes += len(e.raw)
}

// pop returns the next event that can be sent. It drops events whose choices were all ended.
func (g *gate) pop() (held, bool) {
	for len(g.held) > 0 && g.verdict == nil {
		h := g.held[0]
		ended, all := g.ended(&h)
		switch {
		case all:
			g.drop()
			continue
		case h.unread && g.failure == Closed:
			g.verdict = decision(Withhold, record.ActionEnd, notScored)
			return held{}, false
		case h.unread:
			g.released = notScored
		case !g.mayGo(&h):
			return held{}, false
		case h.whole && g.cutAny(): // it may hold text of the choice that was ended
			g.drop()
			continue
		case ended != nil: // the event cannot be sent without the choice that was ended
			g.verdict = ended
			return held{}, false
		}
		g.drop()
		return h, true
	}
	return held{}, false
}

// drop removes the first event that is held.
func (g *gate) drop() {
	g.bytes -= len(g.held[0].raw)
	g.held[0] = held{}
	g.held = g.held[1:]
}

// cutAny reports whether a choice was ended.
func (g *gate) cutAny() bool {
	for _, p := range g.passages {
		if p.cut != nil {
			return true
		}
	}
	return false
}

// ended returns the decision that ended one of an event's choices before the event, or nil. all
// reports whether all its choices were ended before.
func (g *gate) ended(h *held) (d *record.Decision, all bool) {
	all = len(h.said) > 0
	for _, s := range h.said {
		if p := g.of(s.Choice); p.cut != nil && h.number >= p.from {
			d = p.cut
		} else {
			all = false
		}
	}
	return d, all
}

func (g *gate) mayGo(h *held) bool {
	for i := range h.needs {
		n := &h.needs[i]
		if p := g.of(n.choice); !p.through && p.cut == nil && !n.met(p) {
			return false
		}
	}
	if h.whole {
		for _, p := range g.passages {
			if !p.through && p.cut == nil {
				return false
			}
		}
		return len(g.passages) > 0
	}
	return true
}

// letGo releases everything that is held now. Later text is still held until its confidence
// comes or Config.MaxDelay passes, also at the end of the answer.
func (g *gate) letGo(why string) {
	g.released = why
	for i := range g.held {
		g.held[i].needs, g.held[i].whole, g.held[i].unread = nil, false, false
	}
	for _, p := range g.passages {
		p.clear = p.clear.max(p.seen)
	}
}

// open sends the events that the gate releases.
func (b *body) open() {
	g := b.gate
	for {
		h, ok := g.pop()
		if !ok {
			break
		}
		b.scorer.seen.held(h.since)
		if g.released != "" {
			b.scorer.tell(decision(Withhold, record.ActionRelease, g.released))
			g.released = ""
		}
		if b.config.Carrier == Comment && b.scorer.hasNews() {
			b.tell()
		}
		if h.is(stream.FrameDone) {
			b.done = h.event // it waits for the last records
			continue
		}
		b.send(h.event)
	}
	for _, d := range g.cuts {
		if b.phase != over {
			b.end(d)
		}
	}
	g.cuts = nil
	switch {
	case b.phase == over:
		return
	case g.verdict != nil:
		b.conclude(g.verdict)
		return
	}
	b.heldDue = time.Time{}
	if len(g.held) > 0 {
		b.heldDue = g.held[0].since.Add(b.config.MaxDelay)
	}
}
