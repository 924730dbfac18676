package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/wasm/estimate"
)

// Layout is the format of a line of training data.
type Layout uint8

const (
	// Messages is {"messages":[{"role","content"}]}. The instruction is the system
	// message, the input is the user's, and the number is the assistant's.
	Messages Layout = iota
	// Alpaca is {"instruction","input","output"}.
	Alpaca
	layouts = iota
)

var layoutNames = [layouts]string{"messages", "alpaca"}

func (l Layout) String() string {
	if int(l) < len(layoutNames) {
		return layoutNames[l]
	}
	return fmt.Sprintf("layout(%d)", l)
}

// ParseLayout reads "messages" or "alpaca".
func ParseLayout(s string) (Layout, error) {
	for i, name := range layoutNames {
		if s == name {
			return Layout(i), nil
		}
	}
	return 0, fmt.Errorf("train: unknown layout %q: want %s", s, strings.Join(layoutNames[:], " or "))
}

// ExportConfig says which states are exported, and how.
type ExportConfig struct {
	Layout Layout
	Model  *estimate.Model // has the instructions; nil is [estimate.DefaultModel]
	Digits int             // after the decimal point of a label, 1 to 6
	// One writes a label of 1 as 1.0. If it is false, a label of 1 is written with one more
	// digit, such as 0.99 if Digits is 1. Every reply then begins with "0.", and a reader of
	// the reply sees the alternatives to the next digit. The alternatives of a reply "1.0"
	// do not show which digit would have followed "0.", so package estimate reads 1 if "1.0"
	// is more likely than "0.".
	One   bool
	Seed  uint64 // of the rounding
	Split string // train, dev or test; "" is all
	// Answers, if it is not 0, writes each state as often as it occurs in this many answers
	// to its question, on average. The states then have the frequencies of real use. This
	// needs states of construct.Config.Pool. The question alone is written once, and a
	// state that no answer passes through is left out. If Answers is 0, each state is
	// written once, and a complete answer as often as it was sampled.
	Answers int
	// QuestionOnly leaves out partial and complete answers. P(IK) is trained on such data.
	QuestionOnly bool
}

// example is a line in either layout.
type example struct {
	Messages    []Message `json:"messages,omitempty"`
	Instruction string    `json:"instruction,omitempty"`
	Input       string    `json:"input,omitempty"`
	Output      string    `json:"output,omitempty"`

	Confidence float64 `json:"confidence"`
	K          int     `json:"k"`
	N          int     `json:"N"`
	ID         string  `json:"id"`
	Position   string  `json:"position"`
}

// Export reads states, one JSON line each, as finece construct writes them. It writes
// training data and returns the number of lines written.
func Export(w io.Writer, r io.Reader, c ExportConfig) (int, error) {
	if c.Digits < 1 || c.Digits > 6 {
		return 0, fmt.Errorf("train: %d digits: want 1 to 6", c.Digits)
	}
	if c.Model == nil {
		m := estimate.DefaultModel()
		c.Model = &m
	}
	if c.Answers < 0 {
		return 0, fmt.Errorf("train: %d answers: want 0 or more", c.Answers)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	wrote := 0
	var question construct.State // the latest p(0); it comes before the states of its answers
	err := EachState(r, func(s *construct.State) error {
		stage := StageOf(s)
		if stage == estimate.QuestionOnly {
			question = *s
		} else if c.Answers > 0 && question.ID != s.ID {
			return fmt.Errorf("a state of question %s without its p(0) before it: want all states of a question together", s.ID)
		}
		if c.Split != "" && s.Split != c.Split || c.QuestionOnly && stage != estimate.QuestionOnly {
			return nil
		}
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %d", s.ID, s.State)
		rounding := rand.New(rand.NewPCG(c.Seed, h.Sum64()))
		for range c.copies(s, stage, question.N, rand.New(rand.NewPCG(c.Seed+1, h.Sum64()))) {
			wrote++
			if err := enc.Encode(c.example(s, stage, c.label(s, rounding.Float64()))); err != nil {
				return err
			}
		}
		return nil
	})
	return wrote, err
}

// copies returns how often a state is written. answers is the number of sampled answers to
// its question. Right answers are often the same text, wrong ones seldom: if each text were
// written once, a model would learn that most answers are wrong.
func (c *ExportConfig) copies(s *construct.State, stage estimate.Stage, answers int, r *rand.Rand) int {
	switch {
	case stage == estimate.QuestionOnly:
		return 1
	case c.Answers > 0:
		return int(float64(c.Answers*s.Count)/float64(answers) + r.Float64())
	case stage == estimate.Complete:
		return max(s.Count, 1)
	}
	return 1
}

// StageOf returns the stage of a state: how much of an answer it contains.
func StageOf(s *construct.State) estimate.Stage {
	switch s.Position {
	case "p(0)":
		return estimate.QuestionOnly
	case "p(z)":
		return estimate.Complete
	}
	return estimate.Partial
}

func (c *ExportConfig) example(s *construct.State, stage estimate.Stage, output string) example {
	instruction := c.Model.Instruction(stage)
	input := string(estimate.AppendInput(nil, stage, []byte(s.Question), []byte(s.Text)))
	e := example{Confidence: s.Confidence, K: s.K, N: s.N, ID: s.ID, Position: s.Position}
	if c.Layout == Alpaca {
		e.Instruction, e.Input, e.Output = instruction, input, output
	} else {
		e.Messages = []Message{{"system", instruction}, {"user", input}, {"assistant", output}}
	}
	return e
}

// label returns the confidence of s, rounded up or down by u, a uniform draw from [0,1).
// The mean of the label over u is the confidence. Without One, the largest label has one
// more digit: 0.99 if Digits is 1.
func (c *ExportConfig) label(s *construct.State, u float64) string {
	scale := math.Pow10(c.Digits)
	top := 1 - 1/scale // the largest number of Digits digits below 1
	if c.One || s.Confidence < top {
		return strconv.FormatFloat(math.Floor(s.Confidence*scale+u)/scale, 'f', c.Digits, 64)
	}
	most := 1 - 1/(scale*10)
	if u < (s.Confidence-top)/(most-top) {
		return strconv.FormatFloat(most, 'f', c.Digits+1, 64)
	}
	return strconv.FormatFloat(top, 'f', c.Digits, 64)
}

const maxLine = 16 << 20 // bytes of a state

// EachState calls do for each state in r, one JSON line each.
func EachState(r io.Reader, do func(*construct.State) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var s construct.State
		if err := json.Unmarshal(line, &s); err != nil {
			return fmt.Errorf("train: line %d: %w; want a state as finece construct writes it", number, err)
		}
		if s.N < 1 || s.K < 0 || s.K > s.N || s.Confidence != float64(s.K)/float64(s.N) {
			return fmt.Errorf("train: line %d: confidence %v with k %d and N %d: want k/N, with 0 <= k <= N and N >= 1", number, s.Confidence, s.K, s.N)
		}
		if s.Question == "" || s.Position == "" {
			return fmt.Errorf("train: line %d: no question or no position: want a state as finece construct writes it", number)
		}
		if err := do(&s); err != nil {
			return fmt.Errorf("train: line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}
