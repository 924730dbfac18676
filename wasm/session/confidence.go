package session

import (
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

func (s *Session) foundAll(c *choice) {
	for i := range s.found {
		s.position(c, &s.found[i])
	}
}

// position takes a position that the detector found. It estimates the confidence or emits an
// Ask.
func (s *Session) position(c *choice, p *position.Position) {
	if s.positions >= s.config.MaxPositions && p.Kind&(position.Question|position.End) == 0 {
		if !s.full {
			s.full = true
			s.fault(stream.Fault{Code: FaultPositions, Offset: -1, Detail: []byte("later positions but the question and the end are left out")}, c.number)
		}
		return
	}
	s.positions++
	p.Index = c.next
	c.next++
	_, s.revisions = c.window.Push(s.revisions[:0])
	s.revise(c) // reports the position that was given up for this one; this one takes its slot
	if p.Index == len(c.slots) {
		s.shareSettled(c)
	}
	*c.slot(p.Index) = slot{position: *p, raw: nan, fallback: nan, revision: -1}
	s.events = append(s.events, Event{Kind: Positioned, Choice: c.number, Position: *p})

	if p.Index == 0 && c.number != s.choices[0].number {
		s.shareQuestion(c)
		return
	}
	if why := s.unscorable(c, p); why != NoReason {
		s.settle(c, p.Index, nan, Source{}, why)
		return
	}
	if s.config.Estimator == Model {
		if s.config.Fallback {
			c.slot(p.Index).fallback, _ = s.estimate(c, p)
		}
		s.confidence(c, p.Index, nan, false)
		s.events = append(s.events, Event{Kind: Ask, Choice: c.number, ID: askID(c.number, p.Index), Position: position.Position{Index: p.Index, Kind: p.Kind}})
		return
	}
	value, why := s.estimate(c, p)
	s.settle(c, p.Index, value, s.ownSource(), why)
}

// estimate returns the confidence at p from the stream's log-probabilities, or NaN with a
// reason.
func (s *Session) estimate(c *choice, p *position.Position) (value float64, why Reason) {
	if p.Index == 0 {
		return nan, NoText
	}
	value, why = c.tracks[p.Segment].estimate(p, s.config.Trajectory, s.config.MaxMissing)
	switch {
	case why != NoReason:
	case !c.scores.Believed():
		return nan, ImplausibleLogprobs
	case s.lacking && p.Kind&position.End != 0:
		return nan, NoLogprobs
	}
	return value, why
}

// unscorable returns the reason why no estimate of p is possible, or NoReason.
func (s *Session) unscorable(c *choice, p *position.Position) Reason {
	if p.Kind&position.Question != 0 {
		if s.config.Question == "" {
			return NoText
		}
		return NoReason
	}
	if p.Kind&position.End != 0 {
		switch {
		case s.failed && s.empty:
			return NoText
		case s.failed && !c.finished || c.finish == stream.Failed:
			return StreamFailed
		case c.refused || c.finish == stream.Refused:
			return Refusal
		case p.Byte == 0 && (c.tool || c.finish == stream.ToolCalls):
			return ToolCall
		case p.Byte == 0:
			return NoText
		}
	}
	if t := &c.tracks[p.Segment]; s.config.Estimator == Model && p.Byte > int64(len(t.text)) {
		return TextTooLong
	}
	return NoReason
}

// shareQuestion gives a new choice the state of the question. The first choice asks about the
// question.
func (s *Session) shareQuestion(c *choice) {
	if s.question.state == Pending {
		s.confidence(c, 0, nan, false)
		return
	}
	s.settle(c, 0, s.question.raw, s.question.source, s.question.reason)
}

// shareSettled gives the other choices the question's estimate, or the reason why there is
// none, as soon as it is known.
func (s *Session) shareSettled(c *choice) {
	first := c.slot(0)
	if c != s.choices[0] || s.question.state != Pending || first.state == Pending {
		return
	}
	s.question = *first
	for _, other := range s.choices[1:] {
		if other.live(0, Pending) {
			s.settle(other, 0, first.raw, first.source, first.reason)
		}
	}
}

// settle records a position's estimate, or the reason why there is none, and reports every
// confidence that changes. If the position has its estimate already, raw is the estimate of a
// sampled continuation, which ends an answer.
func (s *Session) settle(c *choice, index int, raw float64, from Source, why Reason) {
	slot, value := c.slot(index), nan
	own := *slot
	if sampled := own.state == Provisional; sampled || why == NoReason {
		if sampled {
			slot.position.Kind = position.End
		}
		slot.raw, slot.source = raw, from
		value = s.calibrated(slot)
		if sampled {
			if slot.probable != own.probable {
				value = nan // an average of a probability and a certainty would mean nothing
			}
			*slot = own
		}
	} else if slot.reason = why; slot.fallback == slot.fallback && why.gone() {
		// The fallback is not integrated: an average with the model's estimates would mean nothing.
		slot.raw, slot.source, slot.reason = slot.fallback, Source{Estimator: Builtin, Method: uint8(s.config.Method), Mass: nan}, NoReason
		slot.fallback = s.calibrated(slot)
	}
	s.revisions = c.window.Resolve(index, value, s.revisions[:0])
	s.revise(c)
	if index == 0 {
		s.shareSettled(c)
	}
}

// calibrated applies the calibration to a slot's raw value, notes the map in the slot's source,
// and decides whether the value is a probability. RATIONALE.md says why this comes before
// integration.
func (s *Session) calibrated(slot *slot) float64 {
	slot.probable, slot.source.Outside = false, 0
	if !(slot.raw >= 0 && slot.raw <= 1) {
		return slot.raw
	}
	p, from, value := &slot.position, &slot.source, slot.raw
	covers := true
	var card *calibrate.Card
	by, trained := s.config.Calibration, s.config.Trained()
	if from.Estimator != s.config.Estimator {
		by, trained = s.config.FallbackCalibration, nil
	}
	if by != nil {
		from.Band = by.Band(p.Kind&position.Question != 0, p.Kind&position.End != 0, p.Token)
		from.Map = by.Maps[from.Band].Method
		var outside bool
		if value, outside = by.Apply(from.Band, slot.raw); outside {
			from.Outside = calibrate.OutsideRange
		}
		card, covers = by.Card, by.Card.CoversBand(from.Band)
	}
	switch {
	case from.Map.Fitted():
		slot.probable = true
	case trained != nil:
		card, covers, slot.probable = trained, true, true
		if value = min(max(value, card.Low), card.High); value != slot.raw {
			from.Outside = calibrate.OutsideRange
		}
	}
	from.Outside |= card.Excludes(s.config.Asked)
	if from.Estimator == Model && s.config.Asked.Conversation == calibrate.ManyTurns && !s.config.Conversations() {
		from.Outside |= calibrate.OutsideConversation // the model was asked only about a part of the conversation
	}
	if s.unlike(card) {
		from.Outside |= calibrate.OutsideUnlike
	}
	if !covers || !card.Covers(p.Kind) {
		from.Outside |= calibrate.OutsideKind
	}
	slot.probable = slot.probable && from.Outside&calibrate.Disqualifying == 0
	return value
}

// unlike reports whether the question reads unlike those of a card. It keeps the result for the
// last card, since a session uses only one or two cards.
func (s *Session) unlike(card *calibrate.Card) bool {
	if card == nil || card.Questions == nil || s.config.Question == "" {
		return false
	}
	if s.likenessOf != card {
		s.likenessOf, s.isUnlike = card, card.Questions.Unlike(s.config.Question)
	}
	return s.isUnlike
}

// revise reports the confidences that the fusion window changed.
func (s *Session) revise(c *choice) {
	for _, r := range s.revisions {
		slot := c.slot(r.ID)
		fused, probable := r.Fused, !r.Failed && c.calibrated(r.ID, r.Last)
		switch {
		case r.Failed && slot.raw == slot.raw:
			slot.state, fused, probable = Final, slot.fallback, slot.probable
		case r.Failed:
			slot.state = Unavailable
			if slot.reason == NoReason {
				slot.reason = GivenUp
			}
		case r.Final:
			slot.state = Final
		default:
			slot.state = Provisional
		}
		s.confidence(c, r.ID, fused, probable)
	}
}

// calibrated reports whether all estimates of the positions from first to last are
// probabilities. Positions without an estimate do not count.
func (c *choice) calibrated(first, last int) bool {
	for i := first; i <= last; i++ {
		if slot := c.slot(i); slot.raw == slot.raw && !slot.probable && slot.source.Estimator == c.slot(first).source.Estimator {
			return false
		}
	}
	return true
}

// confidence reports a position's present state.
func (s *Session) confidence(c *choice, index int, fused float64, calibrated bool) {
	slot := c.slot(index)
	slot.revision++
	s.events = append(s.events, Event{
		Kind: Confidence, Choice: c.number, Position: position.Position{Index: index}, Revision: slot.revision,
		State: slot.state, Raw: slot.raw, Fused: fused, Source: slot.source, Reason: slot.reason, Calibrated: calibrated,
	})
}

func (s *Session) finish(c *choice) {
	e := Event{Kind: Finish, Choice: c.number, Finish: c.finish, Missing: c.detector.Missing()}
	switch {
	case c.finished:
	case s.failed:
		e.Finish = stream.Failed
	case s.decoder.Format() != stream.Text:
		e.Finish = stream.Other // the stream gave no reason for this choice
	}
	for segment := range e.Total {
		e.Total[segment].Tokens, e.Total[segment].Estimated = c.detector.Total(position.Segment(segment))
	}
	s.events = append(s.events, e)
}
