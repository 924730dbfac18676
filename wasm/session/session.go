package session

import (
	"math"
	"unicode/utf8"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/stream"
)

var nan = math.NaN()

// Session scores one stream. It is not safe for concurrent use.
type Session struct {
	config    Config
	decoder   *stream.Decoder
	choices   []*choice
	asks      []byte // Config.Question, converted once, because the core frees nothing
	question  slot   // p(0), after it was settled for the first choice
	positions int    // number of positions, over all choices
	full      bool   // MaxPositions was reached and reported
	empty     bool   // there was no byte yet
	foreign   bool   // an event is in no known format
	failed    bool   // the stream broke off, reported an error, or was not a stream
	usage     stream.Usage
	lacking   bool // usage counts many more tokens than had a log-probability
	over      bool // the end of the stream was read and reported
	ended     bool // End was called

	likenessOf *calibrate.Card // the last card with which the question was compared
	isUnlike   bool            // the result of that comparison

	events []Event
	arena  []byte // the texts of the events of this call

	found     []position.Position
	pieces    []position.Piece
	revisions []bci.Revision
}

// Open starts a session and returns the events of the question, p(0): a Positioned, and an Ask
// if the estimator is a confidence model. The error says which setting of c is wrong.
func Open(c Config) (*Session, []Event, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	decoder, err := stream.New(stream.Options{Format: c.Format, MaxEvent: c.MaxEvent, MaxChoices: c.MaxChoices, Frames: c.Frames})
	if err != nil {
		return nil, nil, err
	}
	s := &Session{config: c, decoder: decoder, asks: []byte(c.Question), empty: true, usage: stream.Usage{Prompt: -1, Completion: -1, Reasoning: -1}}
	s.begin()
	if _, err := s.choice(0); err != nil {
		return nil, nil, err
	}
	return s, s.events, nil
}

// Write takes the next bytes of the stream, cut anywhere.
func (s *Session) Write(p []byte) ([]Event, error) {
	if s.ended {
		return nil, ErrEnded
	}
	s.begin()
	s.empty = s.empty && len(p) == 0
	s.decoder.Write(p, (*sink)(s))
	if s.decoder.Ended() && !s.over {
		s.over = true
		s.events = append(s.events, Event{Kind: Ended})
	}
	return s.events, nil
}

// End says that no more bytes will come. It returns the last positions and a Finish for each
// choice. Requests may still be resolved afterwards.
func (s *Session) End() ([]Event, error) {
	if s.ended {
		return nil, ErrEnded
	}
	s.begin()
	s.ended = true
	s.decoder.End((*sink)(s))
	s.failed = s.failed || s.foreign && s.decoder.Format() == stream.Auto
	for _, c := range s.choices {
		s.endContent(c)
	}
	s.account()
	for _, c := range s.choices {
		s.found = c.detector.End(s.found[:0])
		s.foundAll(c)
		s.revisions = c.window.End(s.revisions[:0])
		s.revise(c)
		s.finish(c)
	}
	return s.events, nil
}

// Request appends to dst the body of the request for an Ask, in the form of the adapter in
// Config.Model. It may be called again for a retry, until the id is settled.
func (s *Session) Request(dst []byte, id uint32) ([]byte, error) {
	c, index, err := s.asked(id)
	if err != nil {
		return dst, err
	}
	p := &c.slot(index).position
	stage, text := estimate.Partial, []byte(nil)
	switch {
	case p.Kind&position.Question != 0:
		stage = estimate.QuestionOnly
	case p.Kind&position.End != 0:
		stage = estimate.Complete
	}
	if stage != estimate.QuestionOnly {
		text = c.tracks[p.Segment].text[:p.Byte]
	}
	return s.config.Model.AppendRequest(dst, stage, s.asks, text), nil
}

// Resolve takes the reply to a request. If the reply cannot be read, the position is
// unavailable, and a Fault reports the reply. The error is ErrUnknownAsk for an id that no Ask
// had, or that is settled.
//
// With id | Rollout, the reply is about a sampled continuation of the position with that id;
// see the package comment. The position must be provisional.
func (s *Session) Resolve(id uint32, reply []byte) ([]Event, error) {
	reading, err := s.Read(reply)
	if err != nil {
		return s.Refuse(id, []byte(err.Error()))
	}
	return s.Accept(id, reading)
}

// Read reads a reply and changes nothing. Resolve is Read and then Accept or Refuse. The core
// calls them one by one, to free the memory that Read allocates before the other call.
func (s *Session) Read(reply []byte) (estimate.Reading, error) {
	return s.config.Model.ReadReply(reply)
}

// Accept takes the reading of the reply to a request.
func (s *Session) Accept(id uint32, reading estimate.Reading) ([]Event, error) {
	c, index, err := s.asked(id)
	if err != nil {
		return nil, err
	}
	s.begin()
	s.settle(c, index, reading.Confidence, modelSource(reading), NoReason)
	return s.events, nil
}

// Refuse says that the reply to a request could not be read, because of problem. A Fault
// reports problem, cut to stream.MaxDetail bytes.
func (s *Session) Refuse(id uint32, problem []byte) ([]Event, error) {
	c, index, err := s.asked(id)
	if err != nil {
		return nil, err
	}
	if n := stream.MaxDetail; len(problem) > n {
		for n > 0 && !utf8.RuneStart(problem[n]) {
			n--
		}
		problem = problem[:n]
	}
	s.begin()
	s.fault(stream.Fault{Code: FaultReply, Offset: -1, Detail: problem}, c.number)
	s.settle(c, index, nan, Source{}, BadReply)
	return s.events, nil
}

// Fail says that a request will have no reply. The reason should be one of
// Timeout, Superseded, EndpointError, Unreachable and Cancelled.
func (s *Session) Fail(id uint32, why Reason) ([]Event, error) {
	if why == NoReason || why >= reasons {
		return nil, ErrReason
	}
	c, index, err := s.asked(id)
	if err != nil {
		return nil, err
	}
	s.begin()
	s.settle(c, index, nan, Source{}, why)
	return s.events, nil
}

// Format returns the stream's format, or stream.Auto if it is not recognised yet.
func (s *Session) Format() stream.Format { return s.decoder.Format() }

func (s *Session) begin() {
	s.events = s.events[:0]
	s.arena = s.arena[:0]
}

// quote copies bytes into the arena. The copy is valid until the next call.
func (s *Session) quote(b []byte) []byte {
	n := len(s.arena)
	s.arena = append(s.arena, b...)
	return s.arena[n:len(s.arena):len(s.arena)]
}

func (s *Session) fault(f stream.Fault, choice int) {
	f.Detail = s.quote(f.Detail)
	s.events = append(s.events, Event{Kind: Fault, Choice: choice, Fault: f})
}

// Rollout is the bit of an id that means a sampled continuation of the position, for Resolve
// and Fail.
const Rollout = 1 << 31

// RolloutID returns the id of the sampled continuations of a choice's position.
func RolloutID(choice, index int) uint32 { return Rollout | askID(choice, index) }

// An id is the choice's number and the position's index. So it needs no table, and a log of
// ids shows the positions.
func askID(choice, index int) uint32 { return uint32(choice)<<24 | uint32(index) }

func (s *Session) asked(id uint32) (*choice, int, error) {
	number, index, state := int(id>>24&127), int(id&(1<<24-1)), State(id>>31)
	for _, c := range s.choices {
		if c.number == number && c.live(index, state) && (index > 0 || state == Provisional || c == s.choices[0]) {
			return c, index, nil
		}
	}
	return nil, 0, ErrUnknownAsk
}

// choice returns the state of choice n. It makes a new one if needed.
func (s *Session) choice(n int) (*choice, error) {
	for _, c := range s.choices {
		if c.number == n {
			return c, nil
		}
	}
	detector, err := position.New(s.config.Positions)
	if err != nil {
		return nil, err
	}
	window, err := bci.NewWindow(s.config.Fusion, s.config.MaxPending)
	if err != nil {
		return nil, err
	}
	c := &choice{number: n, detector: detector, window: window, slots: make([]slot, s.config.MaxPending)}
	for i := range c.tracks {
		c.tracks[i].estimator = estimate.NewLogprob(s.config.Method)
		if s.config.Estimator == Trajectory {
			c.tracks[i].shape = new(shape)
		}
	}
	s.choices = append(s.choices, c)
	p := detector.Question()
	s.position(c, &p)
	return c, nil
}

// sink is the session as the decoder's handler.
type sink Session

func (k *sink) Token(t *stream.Token) {
	s := (*Session)(k)
	c, err := s.choice(t.Choice)
	if err != nil {
		return // impossible: the same configuration was accepted for choice 0
	}
	if segment := min(t.Segment, position.Reasoning); t.Counted {
		c.counted[segment]++
		c.scores.Token(t.Logprob, t.Top, t.Listed)
	} else if len(t.Text) > 0 {
		c.uncounted[segment] = true
	}
	switch {
	case t.Tool:
		c.tool = true
	case t.Segment == position.Answer:
		s.content(c, t)
	default:
		s.piece(c, position.Piece{Segment: t.Segment, Text: t.Text}, t)
	}
}

// drawn is the log-probability of a token, and the bounds of the entropy of the distribution
// from which it was drawn.
type drawn struct {
	logprob, entropyLo, entropyHi float64
	unseen                        uint8 // tokens before it that the server did not list

	// If top is not empty, the bounds still have to be computed from top and outside.
	top     []float64 // valid as long as the token
	outside float64
	peak    float64 // the highest of logprob and top, set when top is dropped; NaN without alternatives
}

func drawnOf(t *stream.Token) drawn {
	from := drawn{logprob: t.Logprob, entropyLo: nan, entropyHi: nan, unseen: uint8(min(t.Unseen, 255)), top: t.Top, outside: nan, peak: nan}
	if !t.Listed {
		from.outside = t.Logprob
	}
	return from
}

// kept returns d in a form that stays valid after the token: it computes the bounds and drops
// top.
func (d drawn) kept() drawn {
	if len(d.top) > 0 {
		d.entropyLo, d.entropyHi, _ = position.EntropyBounds(d.top, d.outside)
		d.peak = d.likeliest()
		d.top = nil
	}
	return d
}

// likeliest is the highest log-probability of the token and its alternatives, NaN if it has no
// alternatives.
func (d *drawn) likeliest() float64 {
	if len(d.top) == 0 {
		return d.peak
	}
	peak := d.logprob
	for _, lp := range d.top {
		if lp > peak {
			peak = lp
		}
	}
	return peak
}

// piece takes text of one segment, from token t.
func (s *Session) piece(c *choice, piece position.Piece, t *stream.Token) {
	s.feed(c, piece, t.Counted, drawnOf(t))
}

// feed takes text of one segment. If counted, it is one token of the provider.
func (s *Session) feed(c *choice, piece position.Piece, counted bool, from drawn) {
	c.segment, c.waits = piece.Segment, false
	if piece.Segment == position.Refusal {
		c.refused = true
	}
	if s.config.Text && len(piece.Text) > 0 {
		s.events = append(s.events, Event{Kind: Text, Choice: c.number, Segment: piece.Segment, Text: s.quote(piece.Text)})
	}
	token := position.Token{Text: piece.Text, Segment: piece.Segment, Counted: counted, EntropyLo: from.entropyLo, EntropyHi: from.entropyHi, Top: from.top, Chosen: from.outside}
	if int(piece.Segment) < segments {
		track := &c.tracks[piece.Segment]
		if counted {
			track.push(from)
		}
		if s.config.Estimator == Model {
			track.keep(piece.Text, s.config.MaxText)
		}
	}
	s.found = c.detector.Feed(&token, s.found[:0])
	s.foundAll(c)
}

func (k *sink) Finish(n int, r stream.Reason) {
	c, err := (*Session)(k).choice(n)
	if err == nil && !c.finished {
		c.finish, c.finished = r, true
	}
}

func (k *sink) Fault(f *stream.Fault) {
	s := (*Session)(k)
	switch f.Code {
	case stream.ProviderError, stream.Truncated, stream.NotAStream:
		s.failed = true
	case stream.UnknownFormat:
		s.foreign = true
	}
	s.fault(*f, 0)
}

func (k *sink) Usage(u *stream.Usage) {
	k.usage = *u
	k.events = append(k.events, Event{Kind: Usage, Usage: *u})
}

func (k *sink) Said(said *stream.Said) {
	k.events = append(k.events, Event{Kind: Said, Choice: said.Choice, Said: *said})
}

func (k *sink) Frame(f *stream.Frame) {
	k.events = append(k.events, Event{Kind: Framed, Frame: *f})
}
