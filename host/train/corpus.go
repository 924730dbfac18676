package train

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/estimate"
)

// Message is a turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// conversation is a line of the messages layout.
type conversation struct {
	Messages []Message `json:"messages"`
}

// The generator also learns to reply to the question how likely an answer is to be right,
// as chat models can. These are its two replies. They do not calibrate it.
const (
	SureReply   = "0.9" // no mistake so far
	UnsureReply = "0.2" // a mistake was planted
)

// WriteCorpus writes n conversations for the training of a generator, one JSON line each.
// The problems are those of domain in the pool [problems.Corpus]. Of eight conversations:
//
//   - Five are a question and its solution (an open-ended question has many; one is used).
//   - Two are exercises: the calculations of three problems, without words.
//   - One is a solution, or its first paragraphs, followed by the question of package
//     baseline how likely it is to be right, and the reply. Half of these solutions have a
//     planted mistake.
func WriteCorpus(w io.Writer, seed uint64, domain problems.Domain, n int) error {
	return writeCorpus(w, problems.NewSource(seed, domain, problems.Corpus), seed, n)
}

func writeCorpus(w io.Writer, s *problems.Source, seed uint64, n int) error {
	r := rand.New(rand.NewPCG(seed, 1))
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range n {
		var c conversation
		switch i % 8 {
		case 2, 5:
			c = exercise(s)
		case 7:
			c = opinion(s, r)
		default:
			p := s.Next()
			c = conversation{[]Message{{"user", p.Question}, {"assistant", p.Solution(len(p.Steps) + 1)}}}
		}
		if err := enc.Encode(c); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// exercise returns the calculations of three problems as a conversation.
func exercise(s *problems.Source) conversation {
	var terms, solved []string
	for range 3 {
		p := s.Next()
		for _, e := range p.Equations() {
			term, _, _ := strings.Cut(e, " =")
			terms, solved = append(terms, term), append(solved, e)
		}
	}
	return conversation{[]Message{{"user", "Calculate: " + strings.Join(terms, ", ")}, {"assistant", strings.Join(solved, "\n")}}}
}

// opinion returns an answer, perhaps a wrong one, and the reply about it.
func opinion(s *problems.Source, r *rand.Rand) conversation {
	p := s.Next()
	steps := 1 + r.IntN(len(p.Steps)+1)
	said := p
	if r.IntN(2) == 0 {
		said = s.Spoil(&p)
	}
	reply := SureReply
	if said.Wrong > 0 && said.Wrong <= steps {
		reply = UnsureReply
	}
	return conversation{[]Message{
		{"user", p.Question}, {"assistant", said.Solution(steps)},
		{"user", baseline.DefaultVerbPrompt}, {"assistant", reply},
	}}
}

// WritePrompts writes n conversations with a confidence model, one JSON line each, at every
// stage. Tokenizers and solvers are trained on them. The solutions are right; the replies
// are arbitrary numbers.
func WritePrompts(w io.Writer, seed uint64, n int) error {
	return writePrompts(w, problems.NewSource(seed, problems.InDomain, problems.Corpus), n)
}

func writePrompts(w io.Writer, s *problems.Source, n int) error {
	m := estimate.DefaultModel()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range n {
		p := s.Next()
		stage := estimate.Stage(i % 3)
		text := p.Solution(1 + i%2*len(p.Steps))
		c := conversation{[]Message{
			{"system", m.Instruction(stage)},
			{"user", string(estimate.AppendInput(nil, stage, []byte(p.Question), []byte(text)))},
			{"assistant", fmt.Sprintf("%.1f", float64(i%11)/10)},
		}}
		if err := enc.Encode(c); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// WriteQuestions writes n problems as questions, one JSON line each. The gold of an
// open-ended question is the list of all true statements. Problems whose chain is in
// without are left out; without may be nil.
func WriteQuestions(w io.Writer, seed uint64, domain problems.Domain, pool problems.Pool, n int, without Chains) error {
	s := problems.NewSource(seed, domain, pool)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for range n {
		p := s.Next()
		for without.Has(&p) {
			p = s.Next()
		}
		err := enc.Encode(struct {
			ID       string   `json:"id"`
			Question string   `json:"question"`
			Gold     []string `json:"gold"`
			Family   string   `json:"family"`
			Solution string   `json:"solution"`
		}{p.ID, p.Question, p.Gold(), p.Family, p.Solution(len(p.Steps) + 1)})
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}
