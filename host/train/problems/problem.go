package problems

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Domain is a kind of problems.
type Domain uint8

const (
	InDomain     Domain = iota // 2 to 5 steps
	LongChains                 // 5 to 7 steps, more than any InDomain problem of the family, in the same words
	OtherWording               // 2 to 5 steps, in other words
	Hard                       // InDomain problems of 3 to 5 steps, the most in their family, with the largest numbers
	OpenEnded                  // any 3 to 5 of many true statements are an answer
	domains      = iota
)

var domainNames = [domains]string{"in", "long", "wording", "hard", "open"}

// Domains returns the names of the domains.
func Domains() []string { return slices.Clone(domainNames[:]) }

func (d Domain) String() string {
	if int(d) < len(domainNames) {
		return domainNames[d]
	}
	return fmt.Sprintf("domain(%d)", d)
}

// ParseDomain reads "in", "long", "wording", "hard" or "open".
func ParseDomain(s string) (Domain, error) {
	for i, name := range domainNames {
		if s == name {
			return Domain(i), nil
		}
	}
	return 0, fmt.Errorf("problems: unknown domain %q: want %s", s, strings.Join(domainNames[:], ", "))
}

// Pool is a share of all questions. Each question is in one pool, which depends on its text
// alone.
type Pool uint8

const (
	Corpus     Pool = iota // 70% of the questions, for the training of generators and solvers
	Confidence             // 20%, for the labels of confidence models
	Test                   // 10%, for measurements
	pools      = iota
)

var poolNames = [pools]string{"corpus", "confidence", "test"}

func (p Pool) String() string {
	if int(p) < len(poolNames) {
		return poolNames[p]
	}
	return fmt.Sprintf("pool(%d)", p)
}

// ParsePool reads "corpus", "confidence" or "test".
func ParsePool(s string) (Pool, error) {
	for i, name := range poolNames {
		if s == name {
			return Pool(i), nil
		}
	}
	return 0, fmt.Errorf("problems: unknown pool %q: want %s", s, strings.Join(poolNames[:], ", "))
}

// PoolOf returns the pool of a question.
func PoolOf(question string) Pool {
	h := fnv.New64a()
	h.Write([]byte(question))
	switch u := (h.Sum64() * 0x9e3779b97f4a7c15 >> 32) % 100; { // multiplied, because FNV's low bits depend mostly on the last letters
	case u < 70:
		return Corpus
	case u < 90:
		return Confidence
	}
	return Test
}

// Problem is a question with a solution.
type Problem struct {
	ID       string
	Family   string
	Question string
	Steps    []string // a paragraph each
	Answer   int      // 0 for an open-ended question
	Wrong    int      // the step, from 1, at which a mistake was planted; 0 for none
	// Statements has all true statements about an open-ended question. Steps are some of
	// them, in any order. It is nil for a question that has one answer.
	Statements []string
}

// Gold returns the texts that an answer is compared with: the right answer, or all true
// statements.
func (p *Problem) Gold() []string {
	if p.Statements != nil {
		return p.Statements
	}
	return []string{strconv.Itoa(p.Answer)}
}

// Solution returns the first n steps. If n is larger than their number, it returns all
// steps and, unless the question is open-ended, the answer.
func (p *Problem) Solution(n int) string {
	if n <= len(p.Steps) || p.Statements != nil {
		return strings.Join(p.Steps[:min(n, len(p.Steps))], "\n\n")
	}
	return strings.Join(p.Steps, "\n\n") + "\n\n#### " + strconv.Itoa(p.Answer)
}

var equation = regexp.MustCompile(`\d+ [-+*/] \d+ = \d+`)

// Equations returns the equation of each step, such as "3 * 14 = 42".
func (p *Problem) Equations() []string {
	var out []string
	for _, step := range p.Steps {
		out = append(out, equation.FindString(step))
	}
	return out
}

// Chain returns the family and the chain of equations of a problem, as one text. Two
// questions with the same chain are the same problem with other names and things. For an
// open-ended question it returns the family and the question, because the steps are only a
// sample of the statements.
func (p *Problem) Chain() string {
	if p.Statements != nil {
		return p.Family + ": " + p.Question
	}
	return p.Family + ": " + strings.Join(p.Equations(), ", ")
}

// Source makes problems. The same seed, domain and pool give the same problems in the same
// order. No question comes twice.
type Source struct {
	// Made, if it is not nil, is called with each problem that Next returns.
	Made func(*Problem)

	domain Domain
	pool   Pool
	r      *rand.Rand
	seen   map[string]bool
}

// NewSource returns a source of problems of a domain in a pool.
func NewSource(seed uint64, domain Domain, pool Pool) *Source {
	return &Source{domain: domain, pool: pool, r: rand.New(rand.NewPCG(seed, uint64(domain)<<8|uint64(pool))), seen: map[string]bool{}}
}

// Next returns a new problem with its right solution.
func (s *Source) Next() Problem {
	for {
		seed := s.r.Uint64()
		p := build(seed, s.domain, 0)
		if PoolOf(p.Question) != s.pool || s.seen[p.Question] {
			continue
		}
		s.seen[p.Question] = true
		p.ID = fmt.Sprintf("%s-%s-%016x", p.Family, s.domain, seed)
		if s.Made != nil {
			s.Made(&p)
		}
		return p
	}
}

// Spoil returns p with a mistake in the result of one step. The later steps continue with
// the wrong result. p must come from Next. In an open-ended question no step depends on
// another: one step is then a statement that is not in p.Statements.
func (s *Source) Spoil(p *Problem) Problem {
	seed, _ := strconv.ParseUint(p.ID[strings.LastIndexByte(p.ID, '-')+1:], 16, 64)
	q := build(seed, s.domain, 1+s.r.IntN(len(p.Steps)))
	q.ID = p.ID
	return q
}

// build makes the problem of a seed, with a mistake in step wrong if that is not 0.
func build(seed uint64, domain Domain, wrong int) Problem {
	for attempt := uint64(0); ; attempt++ {
		d := draftOf(seed, attempt, domain, 0)
		if d.failed {
			continue
		}
		if wrong > 0 {
			d = draftOf(seed, attempt, domain, wrong)
		}
		return Problem{Family: d.family, Question: strings.Join(d.question, " "), Steps: d.steps, Answer: d.last, Wrong: wrong, Statements: d.statements}
	}
}
