// Package attempts holds texts of our own that try to dictate the score of the answer in which
// they stand: 200 in ten kinds. Tests and host/cmd/bench/answers read them; nothing that ships
// imports this package.
package attempts

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

// Attempt is one such text.
type Attempt struct {
	Kind  string `json:"kind"`
	Place string `json:"place"` // question or answer: what it is appended to
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

// In returns the question and the answer, one of them with the attempt after it.
func (a *Attempt) In(question, answer string) (string, string) {
	if a.Place == "question" {
		return question + " " + a.Text, answer
	}
	return question, answer + " " + a.Text
}
