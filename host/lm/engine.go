package lm

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/finece/finece/wasm/contract/defaults"
)

// Options bound an engine. Start from [DefaultOptions].
type Options struct {
	MaxSequences int   // completions written at the same time; at least 1
	MaxContext   int   // tokens of a prompt and its completion; 0, or more than the model's context, is the model's
	Chunk        int   // prompt tokens per step, in addition to the completions; at least 1
	CacheBytes   int64 // memory for keys and values; it is raised to what one full context needs
	MaxWaiting   int   // requests that may wait; one more gets ErrFull
}

// DefaultOptions returns the defaults of package contract, and the model's context.
func DefaultOptions() Options {
	return Options{MaxSequences: defaults.LMMaxSequences, Chunk: 128, CacheBytes: defaults.LMCache << 20, MaxWaiting: 4096}
}

const (
	maxBatch = 1 << 20 // bounds MaxSequences and Chunk: larger values would overflow buffer sizes
)

// Engine runs a model. Concurrent requests are computed in one batch: in each step every
// running completion grows by one token, and up to Options.Chunk tokens of prompts are
// read. An Engine is safe for concurrent use.
type Engine struct {
	m       *Model
	options Options

	mu       sync.Mutex
	wake     *sync.Cond
	incoming []*group
	waits    int // requests not yet begun
	closed   bool
	ended    chan struct{}

	// used only by the loop
	pool    *pool
	stepper *stepper
	waiting []*group
	filling []*group // prompts being read
	ready   []*group // prompts that are read, with completions still to begin
	active  []*completion
	rows    []row
	scratch scratch

	stats counters
}

// NewEngine starts an engine. The caller must call Close.
func NewEngine(m *Model, o Options) (*Engine, error) {
	if o.MaxSequences < 1 || o.Chunk < 1 {
		return nil, fmt.Errorf("lm: Options has MaxSequences %d and Chunk %d: want at least 1", o.MaxSequences, o.Chunk)
	}
	if o.MaxContext < 0 || o.CacheBytes < 0 || o.MaxWaiting < 0 {
		return nil, fmt.Errorf("lm: Options has a negative number: %+v", o)
	}
	if o.MaxContext == 0 || o.MaxContext > m.config.MaxContext {
		o.MaxContext = m.config.MaxContext
	}
	if o.MaxSequences > maxBatch || o.Chunk > maxBatch {
		return nil, fmt.Errorf("lm: Options has MaxSequences %d and Chunk %d: want at most %d", o.MaxSequences, o.Chunk, maxBatch)
	}
	e := &Engine{m: m, options: o, ended: make(chan struct{})}
	e.wake = sync.NewCond(&e.mu)
	e.pool = newPool(m.config, 0)
	// One page more than a full context has: a completion continues in a copy of the
	// prompt's last page.
	e.pool.limit = max(int(o.CacheBytes/int64(4*e.pool.size)), pagesFor(o.MaxContext)+1)
	e.stepper = newStepper(m, o.MaxSequences+o.Chunk, o.MaxContext)
	go e.loop()
	return e, nil
}

// Model returns the model that the engine runs.
func (e *Engine) Model() *Model { return e.m }

// MaxContext returns the most tokens that a prompt and its completion can have together.
func (e *Engine) MaxContext() int { return e.options.MaxContext }

// Close ends all requests with ErrClosed and stops the engine.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.wake.Signal()
	e.mu.Unlock()
	<-e.ended
}

// Generate writes completions. If tell is not nil, it is called with every part as soon as
// it is written, from this goroutine. An error of tell ends the request. When ctx is done,
// Generate returns, and the request is dropped before the engine's next step.
func (e *Engine) Generate(ctx context.Context, r Request, tell func(Delta) error) (*Result, error) {
	if err := r.prepare(e.m, e.options.MaxContext); err != nil {
		return nil, err
	}
	g := newGroup(r, tell != nil)
	if err := e.ask(ctx, g, tell); err != nil {
		return nil, err
	}
	return g.result(), nil
}

// Score runs the model over given tokens and returns its output after the last one. A model
// without a value head also gives the log-probability of each token, with the given number
// of alternatives (top, 0 to MaxTopLogprobs).
func (e *Engine) Score(ctx context.Context, tokens []int, top int) (*Scores, error) {
	if top < 0 || top > MaxTopLogprobs {
		return nil, fmt.Errorf("lm: %d alternatives: want 0 to %d", top, MaxTopLogprobs)
	}
	if err := checkPrompt(tokens, e.m, 0, e.options.MaxContext); err != nil {
		return nil, err
	}
	g := newGroup(Request{Prompt: tokens, TopLogprobs: top, PromptLogprobs: !e.m.config.ValueHead}, false)
	if err := e.ask(ctx, g, nil); err != nil {
		return nil, err
	}
	s := &Scores{Logits: g.logits, Logprobs: g.prompt, Usage: Usage{Prompt: len(tokens), Cached: g.found}}
	if e.m.config.ValueHead {
		s.Value = float64(g.logits[0])
	}
	return s, nil
}

// ask passes g to the loop and waits until it ends.
func (e *Engine) ask(ctx context.Context, g *group, tell func(Delta) error) error {
	e.mu.Lock()
	switch {
	case e.closed:
		e.mu.Unlock()
		return ErrClosed
	case e.waits >= e.options.MaxWaiting:
		e.mu.Unlock()
		return ErrFull
	}
	e.waits++
	e.incoming = append(e.incoming, g)
	e.wake.Signal()
	e.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			g.gone.Store(true)
			return ctx.Err()
		case <-g.news:
		}
		deltas, done, err := g.take()
		for _, d := range deltas {
			if err := tell(d); err != nil {
				g.gone.Store(true)
				return err
			}
		}
		if done {
			return err
		}
	}
}

// group is a request: a prompt and its completions.
type group struct {
	request Request
	sequence
	found   int       // prompt tokens that were cached
	logits  []float32 // after the prompt's last token
	prompt  []TokenLogprob
	spare   int // pages reserved for the next completion
	begun   int // completions that have begun
	writing int // completions that have begun and not ended

	gone atomic.Bool   // the caller no longer waits
	news chan struct{} // signals that there is something to take
	tell bool

	mu      sync.Mutex
	deltas  []Delta
	choices []Choice
	sampled int
	over    bool
	err     error
}

func newGroup(r Request, tell bool) *group {
	g := &group{request: r, news: make(chan struct{}, 1), tell: tell, choices: make([]Choice, r.N)}
	g.tokens = make([]int32, len(r.Prompt))
	for i, id := range r.Prompt {
		g.tokens[i] = int32(id)
	}
	if r.PromptLogprobs {
		g.prompt = make([]TokenLogprob, len(r.Prompt))
		g.prompt[0] = TokenLogprob{ID: r.Prompt[0], Logprob: math.NaN()}
	}
	return g
}

func (g *group) take() (deltas []Delta, over bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	deltas, g.deltas = g.deltas, nil
	return deltas, g.over, g.err
}

func (g *group) result() *Result {
	return &Result{Choices: g.choices, Prompt: g.prompt, Usage: Usage{Prompt: len(g.request.Prompt), Cached: g.found, Completion: g.sampled}}
}

// note signals that there is something to take.
func (g *group) note() {
	select {
	case g.news <- struct{}{}:
	default:
	}
}

// told passes on the next part of c, if there is one.
func (g *group) told(c *completion) {
	d, ok := c.delta()
	if !ok {
		return
	}
	g.mu.Lock()
	g.deltas = append(g.deltas, d)
	g.mu.Unlock()
	g.note()
}

// finished stores a completion that has ended.
func (g *group) finished(c *completion) {
	g.mu.Lock()
	g.choices[c.index] = c.choice()
	g.sampled += c.sampled
	g.mu.Unlock()
}

// end ends the request.
func (g *group) end(err error) {
	g.mu.Lock()
	g.over, g.err = true, err
	g.mu.Unlock()
	g.note()
}
