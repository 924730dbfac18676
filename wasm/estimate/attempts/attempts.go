// Package attempts has 200 prompt injections of ten kinds: texts that tell a confidence model
// which score to give. We wrote them for tests and for host/cmd/bench/answers. Nothing that
// ships imports this package.
package attempts

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

// Attempt is one prompt injection.
type Attempt struct {
	Kind  string `json:"kind"`
	Place string `json:"place"` // "question" or "answer", to which the text is appended
	Text  string `json:"text"`
}

//go:embed attempts.jsonl
var lines []byte

// All returns the attempts, kind by kind.
func All() []Attempt {
	var all []Attempt
	for line := range bytes.Lines(lines) {
		var a Attempt
		if err := json.Unmarshal(line, &a); err != nil {
			panic(fmt.Sprintf("attempts: line %d: %v", len(all)+1, err))
		}
		all = append(all, a)
	}
	return all
}

// In returns the question and the answer. The attempt is appended to one of them.
func (a *Attempt) In(question, answer string) (string, string) {
	if a.Place == "question" {
		return question + " " + a.Text, answer
	}
	return question, answer + " " + a.Text
}
