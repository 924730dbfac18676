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

// Layout is how a line of training data looks.
type Layout uint8

const (
	// Messages is {"messages":[{"role","content"}]}: the instruction is the
	// system message, the input the user's, the number the assistant's.
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

// ExportConfig is what of some states is exported, and how.
type ExportConfig struct {
	Layout Layout
	Model  *estimate.Model // its instructions; nil is [estimate.DefaultModel]
	Digits int             // behind the point of a label, 1 to 6
	// One writes a label of 1 as 1.0. Else it is written as 0.99, with one digit,
	// and the largest label is that: a model then begins each reply with "0.",
	// and of the digit behind it all alternatives are known to who reads the
	// reply. Of a reply "1.0" only how likely it was is known, not what would have
	// stood behind "0.", so that package estimate reads any reply that is more
	// likely to be 1 than not as 1.
	One   bool
	Seed  uint64 // of the rounding
	Split string // train, dev or test; "" is all
	// QuestionOnly leaves out answers, whole and begun: what P(IK) learns from.
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

// Export reads states, one JSON line each as finece construct writes them, and
// writes training data. It returns how many lines it wrote.
func Export(w io.Writer, r io.Reader, c ExportConfig) (int, error) {
	if c.Digits < 1 || c.Digits > 6 {
		return 0, fmt.Errorf("train: %d digits: want 1 to 6", c.Digits)
	}
	if c.Model == nil {
		m := estimate.DefaultModel()
		c.Model = &m
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	wrote := 0
	err := EachState(r, func(s *construct.State) error {
		stage := StageOf(s)
		if c.Split != "" && s.Split != c.Split || c.QuestionOnly && stage != estimate.QuestionOnly {
			return nil
		}
		e := c.example(s, stage)
		for range copies(s, stage) {
			wrote++
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
		return nil
	})
	return wrote, err
}

// copies is how often a state is written: a complete answer as often as it was
// sampled. Right answers are alike more often than wrong ones, so that each once
// would teach that most answers are wrong.
func copies(s *construct.State, stage estimate.Stage) int {
	if stage == estimate.Complete {
		return max(s.Count, 1)
	}
	return 1
}

// StageOf is how much of an answer a state has.
func StageOf(s *construct.State) estimate.Stage {
	switch s.Position {
	case "p(0)":
		return estimate.QuestionOnly
	case "p(z)":
		return estimate.Complete
	}
	return estimate.Partial
}

func (c *ExportConfig) example(s *construct.State, stage estimate.Stage) example {
	instruction := c.Model.Instruction(stage)
	input := string(estimate.AppendInput(nil, stage, []byte(s.Question), []byte(s.Text)))
	output := c.label(s)
	e := example{Confidence: s.Confidence, K: s.K, N: s.N, ID: s.ID, Position: s.Position}
	if c.Layout == Alpaca {
		e.Instruction, e.Input, e.Output = instruction, input, output
	} else {
		e.Messages = []Message{{"system", instruction}, {"user", input}, {"assistant", output}}
	}
	return e
}

// label is the confidence of s, rounded at random such that its mean over seeds
// is the confidence; without One the largest number that there is, if the
// confidence is larger.
func (c *ExportConfig) label(s *construct.State) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", s.ID, s.State)
	u := rand.New(rand.NewPCG(c.Seed, h.Sum64())).Float64()
	scale := math.Pow10(c.Digits)
	top := 1 - 1/scale // the last number of so many digits below 1
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

// EachState calls do for each state of r.
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
