package construct

import (
	"fmt"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// pool collects the prefixes of a question's answers, each with all completions that
// pass through it. A completion passes through a prefix if one of its fragments ends
// there and more text follows.
type pool struct {
	cutter *fragments
	at     map[string]int
	all    []prefix
}

type prefix struct {
	text      string
	fragments int
	count     int // answers to the question that pass through it
	verdicts  []grade.Verdict
	out       []openai.Completion
}

// newPool makes a pool of the answers to the question itself.
func newPool(cutter *fragments, root *visited) *pool {
	p := &pool{cutter: cutter, at: map[string]int{}}
	for i, answer := range root.answers {
		fragments := 0
		for end := cutter.next(answer, 0); end > 0; end = cutter.next(answer, end) {
			fragments++
			one := p.of(answer[:end])
			one.fragments = fragments
			one.count++
			one.pass(root, i)
		}
	}
	return p
}

// add adds the completions of a partial answer to its prefix and to longer prefixes.
func (p *pool) add(v *visited) {
	for i, answer := range v.answers {
		if p.cutter.passes(answer, len(v.partial)) {
			p.of(v.partial).pass(v, i)
		}
		for end := p.cutter.next(answer, len(v.partial)); end > 0; end = p.cutter.next(answer, end) {
			p.of(answer[:end]).pass(v, i)
		}
	}
}

// of returns the prefix for a text. The pointer is valid until the next call.
func (p *pool) of(text string) *prefix {
	i, ok := p.at[text]
	if !ok {
		i = len(p.all)
		p.at[text] = i
		p.all = append(p.all, prefix{text: text})
	}
	return &p.all[i]
}

func (one *prefix) pass(v *visited, completion int) {
	one.verdicts = append(one.verdicts, v.verdicts[completion])
	one.out = append(one.out, v.Completions[completion])
}

// pooled replaces the labels of the branches' states with those of the pool. It adds a
// state for each other prefix that an answer to the question passes through.
func (b *builder) pooled(root *visited, branches []branch, states []State) ([]State, error) {
	p := newPool(b.cutter, root)
	for _, br := range branches {
		for _, v := range br.visits {
			p.add(v)
		}
	}
	labelled := map[string]bool{}
	var out []State
	for _, s := range states {
		one := p.of(s.Text)
		labelled[s.Text] = true
		s.K, s.N, s.Cut, s.Count = 0, 0, 0, one.count
		if err := s.label(one.verdicts, one.out, b.Level); err != nil {
			return nil, err
		}
		if s.N > 0 {
			out = append(out, s)
		}
	}
	for _, one := range p.all {
		if one.count == 0 || labelled[one.text] {
			continue
		}
		s := State{Position: fmt.Sprintf("p(%d)", one.fragments), Fragments: one.fragments, Text: one.text, Count: one.count}
		if err := s.label(one.verdicts, one.out, b.Level); err != nil {
			return nil, err
		}
		if s.N > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}
