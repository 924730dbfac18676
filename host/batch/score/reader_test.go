package score

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
)

// TestAReaderGivesTheSameScores scores lines in the way of answers.Reader and in the way
// of answers.Parse, which writes a chunk for each token.
func TestAReaderGivesTheSameScores(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	lines := []string{
		`{"answer":"One two.\n\nThree."}`,
		`{"answer":"a","logprobs":null}`, `{"answer":"","logprobs":[]}`, `{"answer":"","logprobs":[-1,-2]}`,
		`{"answer":"abc","logprobs":[-1,-2,-3,-4,-5]}`, `{"answer":"日本\n\nabc","logprobs":[-1,-0.5,-3,-4]}`,
		`{"answer":"a b","logprobs":{"content":null}}`, `{"answer":"a b","Logprobs":[-1,-2]}`,
		`{"answer":"a b","logprobs":[{"token":" a","logprob":-1},{"token":" b\n","logprob":-2},{"token":"<end>","logprob":0}]}`,
		`{"answer":"é!","logprobs":[{"token":"\\xc3","bytes":[195],"logprob":-1},{"token":"\\xa9","bytes":[169],"logprob":-1},{"token":"!","logprob":-2}]}`,
		`{"answer":"ab","logprobs":[{"token":"a","bytes":null,"logprob":-1},{"token":"b","bytes":[98],"logprob":-9999}]}`,
		`{"answer":"ab","logprobs":[{"token":"a","logprob":-1},{"token":"","logprob":-1},{"token":"b","logprob":0.5}]}`,
		`{"answer":"ab","logprobs":[{"token":"a","logprob":-1,"top_logprobs":[]},{"token":"b","logprob":-2,"top_logprobs":null}]}`,
		`{"answer":"ab","logprobs":[{"top_logprobs":[{"token":"a","logprob":-1},{"token":"x","logprob":-2}],"token":"a","logprob":-1},{"token":"b","logprob":-2}]}`,
		`{"answer":"ab","logprobs":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":-1},{"token":"a","logprob":-1.5}]},{"logprob":-2.50E-1,"token":"\u0062","top_logprobs":[{"logprob":-1e0,"token":"\"\\"}]}]}`,
		`{"answer":"ab","logprobs":[{"token":"ab","bytes":[97],"logprob":-1},{"token":"b","logprob":-2}]}`,
		`{"answer":"a\ufffd","logprobs":[{"token":"a","logprob":-1},{"token":"\ufffd","logprob":-2}]}`,
	}
	for range 40 {
		lines = append(lines, randomLine(t, rng))
	}
	for _, strategy := range []position.Kind{position.Paragraph, position.Paragraph | position.Periodic | position.Entropy} {
		w, slow := newScorer(strategy), newScorer(strategy)
		for i, line := range lines {
			a, err := answers.Parse([]byte(line), 1)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			want := scoredBy(t, slow, a)
			a, err = w.reader.Read([]byte(line), 1)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if got := scoredBy(t, w, a); got != want {
				t.Errorf("line %d, %.300s:\n%s\nwant\n%s", i, line, got, want)
			}
		}
	}
}

func newScorer(strategy position.Kind) *Scorer {
	c := host.DefaultConfig()
	c.Positions.Strategy = strategy
	c.Positions.Every = 7
	return &Scorer{Follower: &follow.Follower{Engine: host.Native()}, Config: c}
}

func scoredBy(t *testing.T, s *Scorer, a *answers.Answer) string {
	t.Helper()
	r := &Scored{Answer: a}
	if err := s.follow(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	out, err := Line([]byte("{}"), r.Ledger.Answer(0), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Ledger.Faults {
		out = fmt.Appendf(out, "%d %s", f.Code, f.Detail)
	}
	return string(out)
}

// randomLine is an answer with OpenAI's entries.
func randomLine(t *testing.T, rng *rand.Rand) string {
	t.Helper()
	words := []string{"The", " answer", " is", " 12", ".", "\n\n", "\n", " é", "日", " \"x\"", "<", ">", " b", "!", "\t", "```"}
	var text strings.Builder
	var entries []any
	for range 1 + rng.IntN(80) {
		word := words[rng.IntN(len(words))]
		text.WriteString(word)
		e := map[string]any{"token": word, "logprob": -rng.ExpFloat64()}
		if rng.IntN(3) > 0 {
			var bytes []int
			for _, b := range []byte(word) {
				bytes = append(bytes, int(b))
			}
			e["bytes"] = bytes
		}
		var top []any
		for range rng.IntN(6) {
			// The token itself with its log-probability or another, and others twice.
			other := map[string]any{"token": words[rng.IntN(len(words))], "logprob": -2 - rng.Float64(), "bytes": []int{1}}
			switch rng.IntN(4) {
			case 0:
				other["token"], other["logprob"] = word, e["logprob"]
			case 1:
				other["logprob"] = e["logprob"]
			case 2:
				other["token"] = "\uFFFD"
			}
			top = append(top, other)
		}
		if rng.IntN(5) > 0 {
			e["top_logprobs"] = top
		}
		entries = append(entries, e)
	}
	line, err := json.Marshal(map[string]any{"id": fmt.Sprint(rng.IntN(9)), "question": "What?", "answer": text.String(), "logprobs": map[string]any{"content": entries}})
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}
