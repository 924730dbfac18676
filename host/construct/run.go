package construct

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// Result holds the data for one question.
type Result struct {
	Question *grade.Question
	States   []State // in order: p(0), the branches' partial answers, complete answers
	Tally    Tally
	Err      error // why there are no States
}

// Run builds the data for questions and passes the results to emit in the order of the
// questions, one at a time. A question that fails gives a Result with an Err, and the
// others continue. An error of emit ends the run, and so does the end of ctx. All
// goroutines have ended when Run returns.
func Run(ctx context.Context, c Config, questions []*grade.Question, emit func(*Result) error) error {
	if err := c.Validate(); err != nil {
		return err
	}
	cutter, err := newFragments(c.Truncate, c.MinLength, c.KeepSpace)
	if err != nil {
		return err
	}
	if j, ok := c.Grader.(*grade.Judge); ok {
		c.Grader = j.KeepIn(c.Store)
	}
	if c.Equivalence != nil {
		c.Equivalence = c.Equivalence.KeepIn(c.Store)
	}
	b := &builder{Config: c, cutter: cutter, sampler: openai.NewSampler(c.Generator, c.Seed, c.Store, c.Requests)}
	b.sampler.Observe = func(n int) { b.observe(n, 0) }
	p := &b.Provenance
	g := c.Generator.Config()
	p.Model, p.Temperature, p.TopP, p.MaxTokens = g.Model, g.Temperature, g.TopP, g.MaxTokens
	p.Seed, p.Grader, p.Level = c.Seed, c.Grader.Name(), c.Level
	if c.Equivalence != nil {
		p.Grader += ", " + c.Equivalence.Name()
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	window := make(chan struct{}, c.Questions)
	results := make([]chan *Result, len(questions))
	for i := range results {
		results[i] = make(chan *Result, 1)
	}
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel() // before the wait
	working.Go(func() {
		for i, q := range questions {
			select {
			case window <- struct{}{}:
			case <-ctx.Done():
				return
			}
			working.Go(func() { results[i] <- b.question(ctx, q, i) })
		}
	})
	for i := range questions {
		select {
		case r := <-results[i]:
			if r.Err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := emit(r); err != nil {
				return err
			}
			<-window
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// builder is the state of a run.
type builder struct {
	Config
	cutter  *fragments
	sampler *openai.Sampler
}

func (b *builder) observe(completions, notAsked int) {
	if b.Observe != nil && (completions != 0 || notAsked != 0) {
		b.Observe(completions, notAsked)
	}
}

// question builds the data of one question.
func (b *builder) question(ctx context.Context, q *grade.Question, seq int) *Result {
	r := &Result{Question: q}
	if err := b.Grader.Check(q); err != nil {
		r.Err = fmt.Errorf("construct: %w", err)
		return r
	}
	rank := seq * b.Prefixes()
	var g *graded
	if b.Equivalence != nil {
		g = &graded{Meanings: b.Equivalence.Meanings(q), q: q}
	}
	root, err := b.visit(ctx, q, node{rank: rank}, g, &r.Tally)
	if err != nil {
		r.Err = err
		return r
	}
	states := root.states(State{Position: "p(0)"})
	complete := root.complete(b.Complete != OfNone)

	clusters, firsts, err := b.firstFragments(ctx, q, root, &r.Tally)
	if err != nil {
		r.Err = err
		return r
	}
	openings := map[string]bool{}
	if _, anyOrder := b.Grader.(grade.StatementsGrader); !anyOrder { // with it, any statement may come first
		for _, a := range root.answers {
			openings[opening(a)] = true
		}
	}
	branches := make([]branch, len(clusters))
	var group sync.WaitGroup
	for i, c := range clusters {
		group.Go(func() {
			first := node{partial: firsts[c.Centre], rank: rank, openings: openings}
			// Each branch starts from a copy of the root's meanings, so that no branch
			// depends on the speed of another.
			branches[i] = b.branch(ctx, q, i+1, first, len(c.Members), g.clone())
		})
	}
	group.Wait()
	var errs []error
	var begun []State // partial answers
	for _, br := range branches {
		errs = append(errs, br.err)
		begun = append(begun, br.states...)
		complete = append(complete, br.complete...)
		r.Tally.add(&br.tally)
	}
	if r.Err = openai.FirstError(errs); r.Err != nil {
		return r
	}
	if b.Pool {
		if begun, r.Err = b.pooled(root, branches, begun); r.Err != nil {
			return r
		}
	}
	r.States = slices.Concat(states, begun, complete)
	p := b.Provenance
	p.Served = root.Served
	split := b.Split.Of(b.Seed, q)
	for i := range r.States {
		s := &r.States[i]
		s.ID, s.State, s.States, s.Split = q.ID, i, len(r.States), split
		s.Question, s.Gold, s.Provenance = q.Text, q.Gold, p
	}
	return r
}

// firstFragments clusters the first fragments of the answers to a question. firsts[i]
// is the partial answer of member i in the clusters.
func (b *builder) firstFragments(ctx context.Context, q *grade.Question, root *visited, t *Tally) (clusters []Cluster, firsts []string, err error) {
	if b.T == 0 {
		return nil, nil, nil
	}
	for _, a := range root.answers {
		if end := b.cutter.next(a, 0); end > 0 {
			firsts = append(firsts, a[:end])
		} else {
			t.Short++
		}
	}
	if len(firsts) > 0 {
		clusters, err = b.clusters(ctx, q, "", firsts, func(vectors [][]float64) ([]Cluster, error) {
			return Clusters(vectors, b.ClusterDistance, b.M, b.Surplus)
		})
		if err != nil {
			return nil, nil, err
		}
	}
	missing := (b.M - len(clusters)) * b.T * b.K
	t.NotClustered += missing
	b.observe(0, missing)
	return clusters, firsts, nil
}

// node is a prefix to sample from: a question with a partial answer.
type node struct {
	at      string // "" for the question, else branch.fragments
	partial string
	rank    int
	// openings has the first 16 bytes of each answer to the question.
	openings map[string]bool
}

// branch is a partial answer and the longer ones that continue it.
type branch struct {
	visits           []*visited
	states, complete []State
	tally            Tally
	err              error
}

func (b *builder) branch(ctx context.Context, q *grade.Question, number int, n node, count int, g *graded) (br branch) {
	rank := n.rank
	for t := 1; ; t++ {
		n.at, n.rank = fmt.Sprintf("%d.%d", number, t), rank+(t-1)*b.M+number
		partial := n.partial
		v, err := b.visit(ctx, q, n, g, &br.tally)
		if err != nil {
			br.err = err
			return br
		}
		br.visits = append(br.visits, v)
		fragments := b.cutter.count(partial)
		br.states = append(br.states, v.states(State{
			Position: fmt.Sprintf("p(%d)", fragments), Branch: number, Fragments: fragments, Text: partial, Count: count,
		})...)
		br.complete = append(br.complete, v.complete(b.Complete == OfAll)...)
		if t == b.T {
			return br
		}
		count = 0
		var longer, added []string
		for _, a := range v.answers {
			if end := b.cutter.next(a, len(partial)); end > 0 {
				longer, added = append(longer, a[:end]), append(added, a[len(partial):end])
			}
		}
		if len(longer) == 0 {
			missing := (b.T - t) * b.K
			br.tally.Ends++
			br.tally.NotContinued += missing
			b.observe(0, missing)
			return br
		}
		centre, err := b.clusters(ctx, q, n.at, added, func(vectors [][]float64) ([]Cluster, error) {
			c, err := Centre(vectors)
			return []Cluster{{Centre: c}}, err
		})
		if err != nil {
			br.err = err
			return br
		}
		n.partial = longer[centre[0].Centre]
	}
}

// savedClusters are clusters in the store.
type savedClusters struct {
	openai.Saved
	At       string    `json:"at"`
	Clusters []Cluster `json:"clusters"`
}

// clusters applies find to the vectors of texts. Clusters of a server's embeddings are
// saved, because the embeddings may differ from one call to the next.
func (b *builder) clusters(ctx context.Context, q *grade.Question, at string, texts []string, find func([][]float64) ([]Cluster, error)) ([]Cluster, error) {
	if _, pure := b.Vectorizer.(TFIDF); pure || len(texts) == 1 {
		vectors, err := TFIDF{}.Vectors(ctx, texts)
		if err != nil {
			return nil, err
		}
		return find(vectors)
	}
	key, err := openai.KeyOf("clusters", q.ID, at, b.Vectorizer.Name(), b.ClusterDistance, b.M, b.Surplus, texts)
	if err != nil {
		return nil, err
	}
	var was savedClusters
	if ok, err := openai.LoadFrom(b.Store, key, &was); err != nil || ok && valid(was.Clusters, len(texts)) {
		return was.Clusters, err
	}
	trimmed := make([]string, len(texts))
	for i, t := range texts {
		trimmed[i] = strings.TrimSpace(t)
	}
	vectors, err := b.Vectorizer.Vectors(ctx, trimmed)
	if err != nil {
		return nil, err
	}
	found, err := find(vectors)
	if err != nil {
		return nil, err
	}
	return found, openai.SaveTo(b.Store, key, q.ID, "clusters", &savedClusters{At: at, Clusters: found})
}

func valid(clusters []Cluster, n int) bool {
	for _, c := range clusters {
		if c.Centre < 0 || c.Centre >= n {
			return false
		}
	}
	return len(clusters) > 0
}

// visited is a prefix with its graded completions.
type visited struct {
	*openai.Sampled
	partial  string
	answers  []string // the partial answer with each completion
	verdicts []grade.Verdict
	label    State
}

func (b *builder) visit(ctx context.Context, q *grade.Question, n node, g *graded, t *Tally) (*visited, error) {
	stem := openai.Stem{ID: q.ID, Question: q.Text, At: n.at, Partial: n.partial, Rank: n.rank}
	s, err := b.sampler.Sample(ctx, stem, b.K)
	if err != nil {
		return nil, err
	}
	v := &visited{Sampled: s, partial: n.partial}
	tally := Tally{
		Completions: len(s.Completions), Requests: s.Requests,
		PromptTokens: s.PromptTokens, CompletionTokens: s.CompletionTokens,
	}
	for _, c := range s.Completions {
		v.answers = append(v.answers, n.partial+c.Text)
		if c.Finish == "length" {
			tally.Cut++
		}
		if o := opening(c.Text); o != "" && n.openings[o] {
			tally.Restarted++
		}
	}
	if v.verdicts, err = b.grade(ctx, q, v.answers, g, &tally); err != nil {
		return nil, err
	}
	for _, verdict := range v.verdicts {
		switch verdict {
		case grade.Unread:
			tally.Unread++
		case grade.Ungraded:
			tally.Ungraded++
		}
	}
	t.add(&tally)
	return v, v.label.label(v.verdicts, s.Completions, b.Level)
}

// opening returns the first 16 bytes of a text, or "" if it is shorter.
func opening(text string) string {
	const telling = 16 // bytes
	if text = strings.TrimSpace(text); len(text) < telling {
		return ""
	}
	return text[:telling]
}

// states returns s with the prefix's label, or nothing if no completion has a verdict.
func (v *visited) states(s State) []State {
	if v.label.N == 0 {
		return nil
	}
	s.Confidence, s.K, s.N, s.Interval, s.Cut = v.label.Confidence, v.label.K, v.label.N, v.label.Interval, v.label.Cut
	return []State{s}
}

func (v *visited) complete(wanted bool) []State {
	if !wanted {
		return nil
	}
	return completed(v.answers, v.Completions, v.verdicts)
}
