package gateway

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// stopper is the policy Stop. It ends a choice whose confidence is below Config.StopBelow at
// Config.StopAfter positions in a row, and holds no text. One low position, such as a sentence
// that is hard to continue, says less about the answer than several.
type stopper struct {
	idle
	config  *Config
	choices map[int]*lows
}

// lows counts the low positions of a choice.
type lows struct {
	newest int   // the last position that was counted
	row    int   // how many positions in a row up to that one were low
	sent   int64 // bytes of the answer's text so far
}

func newStopper(c *Config, _ *request) acting {
	return &stopper{config: c, choices: map[int]*lows{}}
}

func (s *stopper) of(choice int) *lows {
	l := s.choices[choice]
	if l == nil {
		l = &lows{newest: -1}
		s.choices[choice] = l
	}
	return l
}

func (s *stopper) text(choice int, segment position.Segment, text []byte) {
	if segment == position.Answer {
		s.of(choice).sent += int64(len(text))
	}
}

// confidence acts only on positions between p(0) and p(z): at p(0) there is no answer yet, and
// at p(z) nothing is left to cancel.
func (s *stopper) confidence(c *record.Confidence) *record.Decision {
	l := s.of(c.Choice)
	if !s.config.usable(c) || c.Kinds&(position.Question|position.End) != 0 || !l.low(c, s.config.StopBelow, s.config.StopAfter) {
		return nil
	}
	d := decisionOn(Stop, record.ActionCancel, c, s.config.StopBelow)
	d.Byte = l.sent
	return d
}

// low counts each position once, by its first value, in the order of the text. It reports
// whether this position is the one that makes it after low positions in a row.
func (l *lows) low(c *record.Confidence, below float64, after int) bool {
	if c.Index <= l.newest || c.State == session.Pending {
		return false
	}
	l.newest = c.Index
	if c.Fused >= below {
		l.row = 0
		return false
	}
	l.row++
	return l.row == after
}
