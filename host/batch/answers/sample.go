package answers

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// lm-evaluation-harness writes samples_TASK_DATE.jsonl with --log_samples. A task that
// generates text has
//
//	{"doc_id": 0, "doc": {...}, "target": "18", "arguments": {"gen_args_0": {"arg_0": "the prompt"}},
//	 "resps": [["the answer"]], "filtered_resps": ["18"], "exact_match": 1.0}
//
// and a task of multiple choice has the log-likelihood of each option, and whether the
// option is what greedy decoding gives:
//
//	{"doc_id": 0, "resps": [[["-1.5", "True"]], [["-3.25", "False"]]], "acc": 1.0}
//
// Older versions have numbers and truth values there, and a list of lists as arguments.

// sample is a line of samples.
type sample struct {
	ID        json.RawMessage   `json:"doc_id"`
	Target    json.RawMessage   `json:"target"`
	Arguments json.RawMessage   `json:"arguments"`
	Resps     []json.RawMessage `json:"resps"`
}

func sampleOf(line []byte) (s sample, err error) {
	if err := json.Unmarshal(line, &s); err != nil {
		return s, describe(err)
	}
	if len(s.Resps) == 0 {
		return s, errors.New(`no "resps"`)
	}
	return s, nil
}

// text is the first answer.
func (s *sample) text() (string, error) {
	var texts []string
	if json.Unmarshal(s.Resps[0], &texts) == nil && len(texts) > 0 {
		return texts[0], nil
	}
	if s.options() != nil {
		return "", errors.New("a multiple choice has no text of an answer; finece eval reads its confidence")
	}
	return "", fmt.Errorf("resps is %s, want a list of lists of texts", short(s.Resps[0]))
}

// gold is the right answer. Of a solution of GSM8K it is what follows ####.
func (s *sample) gold() json.RawMessage {
	var text string
	if json.Unmarshal(s.Target, &text) != nil {
		return s.Target
	}
	if _, last, found := strings.Cut(text, "\n#### "); found {
		gold, err := json.Marshal(last)
		if err == nil {
			return gold
		}
	}
	return s.Target
}

// question is the prompt that the model was given.
func (s *sample) question() string {
	var named map[string]map[string]any
	if json.Unmarshal(s.Arguments, &named) == nil {
		text, _ := named["gen_args_0"]["arg_0"].(string)
		return text
	}
	var list [][]any
	if json.Unmarshal(s.Arguments, &list) == nil && len(list) > 0 && len(list[0]) > 0 {
		text, _ := list[0][0].(string)
		return text
	}
	return ""
}

// options are the log-likelihoods of a multiple choice; nil for something else.
func (s *sample) options() (list []float64) {
	for _, raw := range s.Resps {
		var tries [][]any
		if json.Unmarshal(raw, &tries) != nil || len(tries) == 0 || len(tries[0]) != 2 {
			return nil
		}
		switch v := tries[0][0].(type) {
		case float64:
			list = append(list, v)
		case string:
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return nil
			}
			list = append(list, f)
		default:
			return nil
		}
	}
	return list
}

// OptionConfidence is the confidence in the chosen option of a line of samples: the
// softmax of the options' log-likelihoods at the largest one, which is the option that
// the harness's "acc" is about. It is NaN for a line without options.
func OptionConfidence(line []byte) float64 {
	s, err := sampleOf(line)
	if err != nil {
		return math.NaN()
	}
	options := s.options()
	if len(options) < 2 {
		return math.NaN()
	}
	most := math.Inf(-1)
	for _, v := range options {
		most = max(most, v)
	}
	sum := 0.0
	for _, v := range options {
		sum += math.Exp(v - most)
	}
	return 1 / sum
}

// readSample reads a line of samples.
func (r *Reader) readSample(line []byte, number int) (*Answer, error) {
	s, err := sampleOf(line)
	a := &Answer{Line: number, ID: compact(s.ID)}
	if err != nil {
		return a, err
	}
	a.Question = s.question()
	a.Text, err = s.text()
	return a, err
}
