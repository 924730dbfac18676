package pairs

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"

	"github.com/finece/finece/host/batch/columns"
	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/wasm/contract/defaults"
)

// usualQuestion is the default key of the question.
const usualQuestion = "id"

// guess chooses other columns if the input lacks columns with the usual names. It returns
// messages about its choices.
func (c *Columns) guess(have []string) *Pairs {
	said := &Pairs{}
	try := func(name *string, usual, what string, guesses []string) {
		if *name != usual || have == nil {
			return
		}
		if found := columns.Find(have, usual, guesses); found != "" && found != usual {
			*name = found
			said.Notes = append(said.Notes, fmt.Sprintf("the %s is taken from %s", what, quote(found)))
		}
	}
	if slices.Contains(have, "resps") && slices.Contains(have, "doc_id") && !slices.Contains(have, c.Confidence) {
		c.options = true
		said.Notes = append(said.Notes, "the confidence is the softmax of the options' log-likelihoods")
	}
	if c.Question == usualQuestion {
		try(&c.Question, usualQuestion, "question", columns.ID)
	}
	try(&c.Confidence, defaults.MeasureConfidence, "confidence", columns.Confidence)
	if !slices.Contains(have, "k") || !slices.Contains(have, "N") {
		try(&c.Correct, defaults.MeasureCorrect, "correctness", columns.Correct)
	}
	return said
}

// keysOf returns the keys of the first JSON object of an input, or nil if there is none near its
// beginning. It does not consume input.
func keysOf(b *bufio.Reader) []string {
	head, _ := b.Peek(b.Size())
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	for line := range bytes.Lines(head) {
		if keys := members.Keys(line); keys != nil {
			return keys
		}
	}
	return nil
}
