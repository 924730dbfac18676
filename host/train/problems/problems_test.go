package problems

import (
	"crypto/sha256"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var terms = regexp.MustCompile(`(\d+) ([-+*/]) (\d+) = (\d+)`)

// right reports whether a step's equation holds.
func right(t *testing.T, step string) bool {
	m := terms.FindStringSubmatch(step)
	if m == nil {
		t.Fatalf("no equation in %q", step)
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[3])
	c, _ := strconv.Atoi(m[4])
	switch m[2] {
	case "+":
		return a+b == c
	case "-":
		return a-b == c
	case "*":
		return a*b == c
	}
	return c*b == a
}

// Every step of a solution holds, and the solution ends in the answer. A spoilt solution has
// the same question, and its first wrong step is the one that it names.
func TestSolutions(t *testing.T) {
	steps := map[Domain][2]int{InDomain: {2, 5}, LongChains: {5, 7}, OtherWording: {2, 5}, Hard: {3, 5}}
	most := map[string]int{} // steps in domain
	for domain := range OpenEnded {
		families := map[string]int{}
		s := NewSource(7, domain, Corpus)
		lo, hi := math.MaxInt, 0
		for range 3000 {
			p := s.Next()
			families[p.Family]++
			lo, hi = min(lo, len(p.Steps)), max(hi, len(p.Steps))
			switch domain {
			case InDomain:
				most[p.Family] = max(most[p.Family], len(p.Steps))
			case LongChains:
				if len(p.Steps) <= most[p.Family] {
					t.Fatalf("%s has %d steps, as some in domain", p.ID, len(p.Steps))
				}
			}
			for _, step := range p.Steps {
				if !right(t, step) {
					t.Fatalf("%s: %q\n%s", p.ID, step, p.Question)
				}
			}
			if !strings.HasSuffix(p.Solution(len(p.Steps)), " "+strconv.Itoa(p.Answer)+".") && !strings.Contains(p.Steps[len(p.Steps)-1], "= "+strconv.Itoa(p.Answer)+" ") {
				t.Fatalf("%s ends in %q and its answer is %d", p.ID, p.Steps[len(p.Steps)-1], p.Answer)
			}
			q := s.Spoil(&p)
			if q.Question != p.Question || q.Wrong < 1 || q.Wrong > len(q.Steps) || len(q.Steps) != len(p.Steps) {
				t.Fatalf("%s spoilt in step %d: %q\n%q", p.ID, q.Wrong, q.Question, p.Question)
			}
			for i, step := range q.Steps[:q.Wrong] {
				if (i+1 == q.Wrong) == (step == p.Steps[i]) {
					t.Fatalf("%s spoilt in step %d: step %d is %q, was %q", p.ID, q.Wrong, i+1, step, p.Steps[i])
				}
			}
		}
		if got := [2]int{lo, hi}; got != steps[domain] {
			t.Errorf("%v: steps from %d to %d, want %v", domain, lo, hi, steps[domain])
		}
		if len(families) != 7 {
			t.Fatalf("%v: %v", domain, families)
		}
		t.Log(domain, families)
	}
}

// The models and results in the repository were made with these problems, so a seed must keep giving
// the same ones. The checksums are those of the commit before OpenEnded.
func TestProblemsStayWhatTheyAre(t *testing.T) {
	for domain, want := range []string{
		"f01c414e524d90f8", "7da27aec028366d9", "7fd1f87f06e7df8a", "5cb3db511d867002",
	} {
		h := sha256.New()
		for pool := range Pool(pools) {
			s := NewSource(1, Domain(domain), pool)
			for range 100 {
				p := s.Next()
				q := s.Spoil(&p)
				fmt.Fprintln(h, p.ID, p.Question, p.Solution(len(p.Steps)+1), p.Equations(), q.Solution(len(q.Steps)+1), q.Wrong)
			}
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != want {
			t.Errorf("%v: %s, want %s", Domain(domain), got, want)
		}
	}
}

func TestPools(t *testing.T) {
	for _, domain := range []Domain{InDomain, OpenEnded} {
		seen := map[string]Pool{}
		for pool := range Pool(pools) {
			a, b := NewSource(3, domain, pool), NewSource(3, domain, pool)
			for range 1000 {
				p := a.Next()
				if q := b.Next(); p.Question != q.Question || p.ID != q.ID {
					t.Fatal("the same seed gave another problem")
				}
				if other, ok := seen[p.Question]; ok {
					t.Fatalf("%q is in %v and %v", p.Question, other, pool)
				}
				seen[p.Question] = pool
			}
		}
	}
}
