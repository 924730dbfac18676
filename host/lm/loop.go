package lm

import (
	"slices"
	"time"
)

// loop is the goroutine that runs the engine. Only this goroutine changes sequences and
// pages.
func (e *Engine) loop() {
	defer close(e.ended)
	defer e.stepper.close()
	for {
		e.mu.Lock()
		for !e.closed && len(e.incoming) == 0 && len(e.waiting)+len(e.filling)+len(e.ready)+len(e.active) == 0 {
			e.wake.Wait()
		}
		e.waiting = append(e.waiting, e.incoming...)
		e.incoming = e.incoming[:0]
		closed := e.closed
		e.mu.Unlock()
		if closed {
			e.abandon()
			return
		}
		e.reap()
		e.begin()
		e.step()
		e.stats.active.Store(int64(len(e.active)))
		e.stats.waiting.Store(int64(len(e.waiting)))
	}
}

// abandon ends all requests with ErrClosed.
func (e *Engine) abandon() {
	ends := map[*group]bool{}
	for _, groups := range [][]*group{e.waiting, e.filling, e.ready} {
		for _, g := range groups {
			ends[g] = true
		}
	}
	for _, c := range e.active {
		ends[c.of] = true
	}
	for g := range ends {
		g.end(ErrClosed)
	}
}

// reap drops the requests that nobody waits for, and frees their pages.
func (e *Engine) reap() {
	e.active = slices.DeleteFunc(e.active, func(c *completion) bool {
		if c.of.gone.Load() {
			c.release(e.pool)
			return true
		}
		return false
	})
	free := func(g *group) bool {
		if !g.gone.Load() {
			return false
		}
		e.free(g)
		return true
	}
	e.ready = slices.DeleteFunc(e.ready, free)
	e.filling = slices.DeleteFunc(e.filling, free)
	n := len(e.waiting)
	e.waiting = slices.DeleteFunc(e.waiting, func(g *group) bool { return g.gone.Load() })
	e.left(n - len(e.waiting))
}

// left notes that n requests no longer wait.
func (e *Engine) left(n int) {
	e.mu.Lock()
	e.waits -= n
	e.mu.Unlock()
}

// free releases the pages and reservations of a prompt.
func (e *Engine) free(g *group) {
	e.pool.reserved -= g.spare
	g.spare = 0
	g.release(e.pool)
}

// begin starts as much as there is room for. First come the completions of prompts that are
// read, in the order of the requests. If all of these run, prompts are started.
//
// begin never blocks for good. A prompt has pages reserved for its first completion. After
// that one has ended, the next completion can lack room only while others are running.
func (e *Engine) begin() {
	e.ready = slices.DeleteFunc(e.ready, func(g *group) bool {
		for g.begun < g.request.N {
			if len(e.active) >= e.options.MaxSequences || !e.beginCompletion(g) {
				return false
			}
		}
		e.free(g)
		return true
	})
	for len(e.ready) == 0 && len(e.waiting) > 0 && len(e.active)+len(e.filling) < e.options.MaxSequences {
		if !e.beginPrompt(e.waiting[0]) {
			return
		}
		e.filling = append(e.filling, e.waiting[0])
		e.waiting = slices.Delete(e.waiting, 0, 1)
		e.left(1)
	}
}

// beginPrompt finds the part of a prompt that the cache has. It reserves pages for the other
// tokens and for one completion, so a prompt that has started can always continue. It reports
// whether there were enough pages.
func (e *Engine) beginPrompt(g *group) bool {
	spare := 0
	if g.request.N > 0 {
		spare = g.ownPages()
	}
	if !g.resume(e.pool, spare, !g.request.PromptLogprobs) {
		return false
	}
	g.spare, g.found = spare, g.n
	e.stats.prompt.Add(int64(len(g.tokens)))
	e.stats.cached.Add(int64(g.found))
	return true
}

// ownPages returns the number of pages that a completion may need in addition to those it
// shares with its prompt.
func (g *group) ownPages() int {
	total := len(g.tokens) + g.request.MaxTokens - 1 // the last token has no keys and values
	return pagesFor(max(total, len(g.tokens))) - len(g.tokens)/pageTokens
}

// beginCompletion starts the next completion of a prompt that is read. It reports whether
// there was room.
func (e *Engine) beginCompletion(g *group) bool {
	if g.spare == 0 && !e.pool.reserve(g.ownPages()) {
		return false
	}
	r := &g.request
	c := &completion{of: g, index: g.begun, sampler: newSampler(r.Seed, g.begun, r.Temperature, r.TopP), begin: len(g.tokens)}
	c.quota, c.chain, c.n = g.ownPages(), g.chain, g.n
	g.spare = 0
	c.tokens = append(make([]int32, 0, len(g.tokens)+min(r.MaxTokens, 256)), g.tokens...)
	for _, p := range g.pages {
		e.pool.use(p)
	}
	c.pages = append(make([]*page, 0, len(g.pages)+c.quota), g.pages...)
	g.begun++
	g.writing++
	c.draw(g.logits, &e.scratch)
	// Next to the completions of the same prompt: attend then shares products over their pages.
	at := len(e.active)
	for at > 0 && e.active[at-1].of != g {
		at--
	}
	if at == 0 {
		at = len(e.active)
	}
	if !e.grown(c) {
		e.active = slices.Insert(e.active, at, c)
	}
	return true
}

// grown accepts the token that c has drawn, and reports whether it was the last.
func (e *Engine) grown(c *completion) bool {
	g := c.of
	c.accept(e.m.tokenizer)
	e.stats.completion.Add(1)
	if g.tell {
		g.told(c)
	}
	if c.finish == "" {
		return false
	}
	c.publish(e.pool)
	c.release(e.pool)
	g.finished(c)
	if g.writing--; g.writing == 0 && g.begun == g.request.N {
		e.stats.requests.Add(1)
		g.end(nil)
	}
	return true
}

// step runs one step and processes its results.
func (e *Engine) step() {
	rows := e.rows[:0]
	for i, c := range e.active {
		c.room(e.pool, 1)
		rows = append(rows, row{token: c.tokens[c.n], position: c.n, pages: c.pages, want: true, owner: i})
	}
	left := e.options.Chunk
	filled := 0
	for i, g := range e.filling {
		if left == 0 {
			break
		}
		n := min(left, len(g.tokens)-g.n)
		g.room(e.pool, n)
		for j := g.n; j < g.n+n; j++ {
			want := j == len(g.tokens)-1 || g.request.PromptLogprobs
			rows = append(rows, row{token: g.tokens[j], position: j, pages: g.pages, want: want, owner: ^i})
		}
		left -= n
		filled = i + 1
	}
	if len(rows) == 0 {
		return
	}
	begun := time.Now()
	e.stepper.step(rows, filled > 0, e.visit)
	e.stats.busy.Add(int64(time.Since(begun)))
	e.stats.steps.Add(1)
	for _, c := range e.active {
		c.wrote(e.pool, 1)
	}
	for i := range rows[len(e.active):] {
		e.filling[^rows[len(e.active)+i].owner].wrote(e.pool, 1)
	}
	e.active = slices.DeleteFunc(e.active, e.grown)
	clear(rows)
	e.rows = rows[:0]
	e.filling = slices.DeleteFunc(e.filling, func(g *group) bool {
		if g.n < len(g.tokens) {
			return false
		}
		g.publish(e.pool)
		if g.request.N == 0 {
			e.free(g)
			e.stats.requests.Add(1)
			g.end(nil)
		} else {
			e.ready = append(e.ready, g)
		}
		return true
	})
}

// visit processes the logits of a row. It runs on a worker.
func (e *Engine) visit(r *row, logits []float32, w *worker) {
	if r.owner >= 0 {
		e.active[r.owner].draw(logits, &w.sampling)
		return
	}
	g := e.filling[^r.owner]
	last := r.position == len(g.tokens)-1
	if g.request.PromptLogprobs && !last {
		g.prompt[r.position+1] = logprob(logits, int(g.tokens[r.position+1]), g.request.TopLogprobs)
	}
	if last {
		g.logits = append([]float32(nil), logits...)
	}
}
