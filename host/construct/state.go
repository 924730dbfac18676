package construct

import (
	"fmt"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics"
)

// State is a state with its label: one line of training data.
type State struct {
	ID    string `json:"id"`    // of the question
	State int    `json:"state"` // number among the question's states, from 0
	// States is the number of the question's states. A file that has all of them is complete.
	States int    `json:"states"`
	Split  string `json:"split,omitempty"` // train, dev or test

	Position  string `json:"position"`         // p(0), the question; p(i), a partial answer of i fragments; p(z), a complete answer
	Branch    int    `json:"branch,omitempty"` // of a partial answer, from 1
	Fragments int    `json:"fragments"`        // in Text; 0 for a complete answer
	Question  string `json:"question"`
	Text      string `json:"text"` // the answer up to the position

	// Confidence is K/N, the share of correct completions.
	Confidence float64 `json:"confidence"`
	K          int     `json:"k"` // correct completions
	N          int     `json:"N"` // graded completions
	// Interval is the Wilson interval of Confidence at Config.Level. The label of a complete
	// answer is not an estimate, so both ends are Confidence.
	Interval [2]float64 `json:"interval"`
	// Count depends on the state. A complete answer: how often it was sampled. A partial
	// answer of one fragment: how many of the sampled first fragments it represents. With
	// Config.Pool, a partial answer: how many answers to the question pass through it.
	Count int `json:"count,omitempty"`
	Cut   int `json:"cut,omitempty"` // completions, among N, that reached the token limit

	Gold []string `json:"gold,omitempty"`
	Provenance
}

// Provenance says how a label was made.
type Provenance struct {
	Dataset     string  `json:"dataset,omitempty"`
	Model       string  `json:"model"`            // the name in the requests
	Served      string  `json:"served,omitempty"` // the name in the server's replies
	Temperature float64 `json:"temperature"`
	TopP        float64 `json:"top_p,omitempty"`
	MaxTokens   int     `json:"max_tokens,omitempty"`
	Seed        uint64  `json:"seed"`
	Grader      string  `json:"grader"`
	Level       float64 `json:"level"`              // of the interval
	Settings    string  `json:"settings,omitempty"` // a short hash of everything that labels depend on
}

// Line returns the state as JSON, without a line end.
func (s *State) Line() ([]byte, error) {
	b, err := openai.Line(s)
	if err != nil {
		return nil, fmt.Errorf("construct: %w", err)
	}
	return b, nil
}

// label computes the confidence of s from its completions. N is 0 if none was graded.
func (s *State) label(verdicts []grade.Verdict, completions []openai.Completion, level float64) error {
	for i, v := range verdicts {
		if v == grade.Ungraded {
			continue
		}
		s.N++
		if v == grade.Right {
			s.K++
		}
		if completions[i].Finish == "length" {
			s.Cut++
		}
	}
	if s.N == 0 {
		return nil
	}
	s.Confidence = float64(s.K) / float64(s.N)
	iv, err := metrics.WilsonInterval(uint64(s.K), uint64(s.N), level)
	if err != nil {
		return fmt.Errorf("construct: %w", err)
	}
	s.Interval = [2]float64{iv.Low, iv.High}
	return nil
}

// completed returns the states of complete answers, each text once. It leaves out
// answers that the token limit cut off, empty ones, and answers without a verdict.
func completed(answers []string, completions []openai.Completion, verdicts []grade.Verdict) []State {
	at := map[string]int{}
	var out []State
	for i, a := range answers {
		if a == "" || completions[i].Finish == "length" || verdicts[i] == grade.Ungraded {
			continue
		}
		if j, ok := at[a]; ok {
			out[j].Count++
			continue
		}
		at[a] = len(out)
		s := State{Position: "p(z)", Text: a, N: 1, Count: 1}
		if verdicts[i] == grade.Right {
			s.K, s.Confidence, s.Interval = 1, 1, [2]float64{1, 1}
		}
		out = append(out, s)
	}
	return out
}
