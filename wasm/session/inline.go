package session

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

// maxWaiting is the most tokens that wait until the segment of their text is known. A tag and
// the white space before it have fewer bytes, so only tokens without text can reach this
// limit.
const maxWaiting = 128

// content takes a token of a choice's content, which may have inline reasoning in tags. A token
// counts once: in the segment of its text, or as reasoning if all of it is part of a tag. A
// token with text before and after a tag counts in both segments.
func (s *Session) content(c *choice, t *stream.Token) {
	was, known := c.splitter.Segment()
	switch {
	case known && was == position.Answer: // no tag can follow
		if len(t.Text) == 0 {
			was = c.segment
		}
		s.piece(c, position.Piece{Segment: was, Text: t.Text}, t)
		return
	case len(t.Text) == 0 && !c.waits:
		s.piece(c, position.Piece{Segment: c.segment}, t)
		return
	}
	s.pieces = c.splitter.Feed(t.Text, s.pieces[:0])
	now, known := c.splitter.Segment()
	switch {
	case len(s.pieces) > 0:
		if was == position.Answer { // it was a guess
			was = s.pieces[0].Segment
		}
		s.release(c, was)
		s.join()
		for _, piece := range s.pieces {
			s.piece(c, piece, t)
		}
	case !known:
		if len(c.waiting) == maxWaiting {
			s.release(c, was)
		}
		c.waits = true
		if t.Counted {
			c.waiting = append(c.waiting, drawnOf(t).kept())
		}
	default: // the text ends with a complete tag
		if now == position.Answer {
			now = position.Reasoning // the closing tag is part of the reasoning
		}
		s.release(c, now)
		s.piece(c, position.Piece{Segment: now}, t)
	}
}

// release feeds the waiting tokens to their segment, which is known now. Their text, unless it
// is a tag, comes with the next token.
func (s *Session) release(c *choice, segment position.Segment) {
	for _, w := range c.waiting {
		s.feed(c, position.Piece{Segment: segment}, true, w)
	}
	c.waiting = c.waiting[:0]
}

// endContent takes the text that the splitter still holds back.
func (s *Session) endContent(c *choice) {
	segment, _ := c.splitter.Segment()
	s.pieces = c.splitter.End(s.pieces[:0])
	last := drawn{logprob: nan, entropyLo: nan, entropyHi: nan, peak: nan}
	n := len(c.waiting)
	if n > 0 && len(s.pieces) > 0 {
		last = c.waiting[n-1]
		c.waiting = c.waiting[:n-1]
	}
	s.release(c, segment)
	for _, piece := range s.pieces {
		s.feed(c, piece, n > 0, last)
	}
}

// join joins the first two pieces if they are of the same segment. The first one was held back
// until now.
func (s *Session) join() {
	if len(s.pieces) < 2 || s.pieces[0].Segment != s.pieces[1].Segment {
		return
	}
	n := len(s.arena)
	s.arena = append(append(s.arena, s.pieces[0].Text...), s.pieces[1].Text...)
	s.pieces[1].Text = s.arena[n:]
	s.pieces = s.pieces[:copy(s.pieces, s.pieces[1:])]
}
