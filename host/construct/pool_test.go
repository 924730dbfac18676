package construct_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
)

// TestPool counts again, from the saved replies, which completions pass through each prefix of
// the answers.
func TestPool(t *testing.T) {
	for _, plan := range []construct.Plan{{K: 12, T: 2, M: 3}, {K: 12}} {
		t.Run(fmt.Sprintf("T=%d", plan.T), func(t *testing.T) {
			m := newLLM(t)
			store := &memory{}
			c := m.config(t, nil)
			c.Plan, c.Store, c.Seed, c.ClusterDistance = plan, store, 5, 0.05
			all := questions(6, 4)
			plain := build(t, c, all)
			asked := m.completions.Load()
			c.Pool = true
			pooled := build(t, c, all)
			if n := m.completions.Load(); n != asked {
				t.Errorf("%d completions more", n-asked)
			}
			for i, r := range pooled {
				k, n, count := passing(t, store, r.Question)
				begun := map[string]bool{}
				for _, s := range r.States {
					if s.Position == "p(0)" || s.Position == "p(z)" {
						continue
					}
					if begun[s.Text] {
						t.Errorf("%q twice", s.Text)
					}
					begun[s.Text] = true
					if s.K != k[s.Text] || s.N != n[s.Text] || s.Count != count[s.Text] || s.Confidence != float64(s.K)/float64(s.N) {
						t.Errorf("%q: %d of %d, %d answers; want %d of %d, %d answers", s.Text, s.K, s.N, s.Count, k[s.Text], n[s.Text], count[s.Text])
					}
					if s.Position != fmt.Sprintf("p(%d)", s.Fragments) || s.Fragments != strings.Count(s.Text, "\n\n")+1 {
						t.Errorf("%q is %s with %d fragments", s.Text, s.Position, s.Fragments)
					}
				}
				for text := range count {
					if !begun[text] {
						t.Errorf("%q has no state", text)
					}
				}
				branches := 0
				for _, s := range plain[i].States {
					if s.Branch > 0 {
						branches++
						if !begun[s.Text] {
							t.Errorf("%q of branch %d is gone", s.Text, s.Branch)
						}
					}
				}
				if len(begun) <= branches {
					t.Errorf("%d partial answers, no more than the %d of the branches", len(begun), branches)
				}
			}
		})
	}
}

// TestPoolWhereACompletionWritesOn completes "A." with a further paragraph, which is right, or
// with more of the same paragraph, which is wrong. The answers to the question have a
// paragraph end there.
func TestPoolWhereACompletionWritesOn(t *testing.T) {
	m := newLLM(t)
	m.says(t, func(partial string, i int) string {
		gap := "\n\n"
		if strings.HasSuffix(partial, gap) {
			gap = ""
		}
		switch {
		case partial == "":
			return "A.\n\n#### 1"
		case strings.Contains(partial, "More"):
			return gap + "#### 2"
		case i%2 == 0:
			return gap + "#### 1"
		}
		return " More.\n\n#### 2"
	})
	for _, c := range []struct {
		pool, keepSpace bool
		want            []string
	}{
		{false, false, []string{`p(1) "A." 2/4`, `p(1) "A. More." 0/4`}},
		{true, false, []string{`p(1) "A." 6/6`, `p(1) "A. More." 0/6`}},
		{true, true, []string{`p(1) "A.\n\n" 6/6`, `p(2) "A.\n\n More.\n\n" 0/6`}},
	} {
		conf := m.config(t, nil)
		conf.Plan, conf.Pool, conf.KeepSpace = construct.Plan{K: 4, T: 2, M: 1}, c.pool, c.keepSpace
		var got []string
		for _, s := range build(t, conf, []*grade.Question{{ID: "1", Text: "Which?", Gold: []string{"1"}}})[0].States {
			if s.Branch > 0 {
				got = append(got, fmt.Sprintf("%s %q %d/%d", s.Position, s.Text, s.K, s.N))
				if s.Position != fmt.Sprintf("p(%d)", s.Fragments) {
					t.Errorf("%s has %d fragments", s.Position, s.Fragments)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("pool %v, space %v: %q, want %q", c.pool, c.keepSpace, got, c.want)
		}
	}
}

// passing counts the saved completions that pass through each prefix of whole paragraphs: all
// of them, those that are right, and those that were sampled from the question.
func passing(t *testing.T, store *memory, q *grade.Question) (k, n, count map[string]int) {
	t.Helper()
	k, n, count = map[string]int{}, map[string]int{}, map[string]int{}
	for _, v := range store.completions(t) {
		if v.ID != q.ID {
			continue
		}
		for _, c := range v.Completions {
			answer := v.Partial + c.Text
			for end := range answer {
				if end < len(v.Partial) || end == 0 || !strings.HasPrefix(answer[end:], "\n\n") {
					continue
				}
				text := answer[:end]
				n[text]++
				k[text] += int(conf(q, answer))
				if v.Partial == "" {
					count[text]++
				}
			}
		}
	}
	return k, n, count
}
