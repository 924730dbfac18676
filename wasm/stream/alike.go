package stream

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// alike is what OpenAI's chunks have in common with the ones before: all up to
// the text of the first choice, and in most streams all behind its
// log-probabilities. It is compared instead of read.
type alike struct {
	begin   jsonscan.Checkpoint // up to the text of the first choice
	choice  int64               // which that is
	delta   bool                // whether the text is a delta's
	resumed bool                // this chunk begins so

	end jsonscan.Ending // a rest that nothing comes of
	// Where such a rest may begin in this chunk, 0 for nowhere, in how many
	// containers, and what there was before.
	at, depth      int
	number         int64 // of the choice
	pieces, tokens int
}

// resume begins a chunk, behind what it has in common with the last one.
func (r *reader) resume() bool {
	a := &r.alike
	a.at = 0
	a.resumed = r.scanner.Resume(&a.begin)
	return a.resumed
}

// deltaContent reads the text of a delta, which is where the next chunk is
// likely to begin to differ.
func (r *reader) deltaContent(e *entry) {
	if a := &r.alike; !a.resumed && r.blank(e) {
		r.scanner.Save(&a.begin)
		a.choice, a.delta = e.choice, e.delta
	}
	r.contentOf(position.Answer)
}

// deltaDepth is how many containers a delta's members are in: the chunk, its
// choices, the choice and the delta.
const deltaDepth = 4

// blank reports whether the chunk had nothing yet but the number of its first
// choice, e.
func (r *reader) blank(e *entry) bool {
	return len(r.entries) == 1 && len(r.pieces) == 0 && len(r.tokens) == 0 && r.scanner.Depth() == deltaDepth &&
		*e == entry{choice: e.choice, delta: e.delta} && r.plain()
}

// plain reports whether the chunk has nothing beside its choices.
func (r *reader) plain() bool {
	return r.usage == unknownUsage && !r.failed && !r.bareError && r.bareMessage == nil
}

// skipEnding consumes the rest of a chunk that ends like the last one, or else
// notes that such a rest may begin here.
func (r *reader) skipEnding(e *entry) {
	a := &r.alike
	if r.scanner.SkipEnding(&a.end) || len(r.entries) != 1 {
		return
	}
	a.at, a.depth = r.scanner.Offset(), r.scanner.Depth()
	a.number, a.pieces, a.tokens = e.choice, len(r.pieces), len(r.tokens)
}

// saveEnding remembers the rest of the chunk from where skipEnding was last, if
// nothing came of it.
func (r *reader) saveEnding() {
	a := &r.alike
	if a.at == 0 || len(r.entries) != 1 || len(r.pieces) != a.pieces || len(r.tokens) != a.tokens || r.short != 0 || !r.plain() {
		return
	}
	if e := &r.entries[0]; !e.finished && !e.tool && e.choice == a.number {
		r.scanner.SaveEnding(&a.end, a.at, a.depth)
	}
}
