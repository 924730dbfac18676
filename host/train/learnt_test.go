package train_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/host/train"
	"github.com/finece/finece/host/train/problems"
)

// model.sh trained the built-in models with the numbers of BuiltIn.
func TestBuiltInIsWhatTheScriptTrains(t *testing.T) {
	script, err := os.ReadFile("model.sh")
	if err != nil {
		t.Fatal(err)
	}
	b := train.BuiltIn
	for _, says := range []string{
		fmt.Sprintf("seed=${1:-%d}", b.Seed), fmt.Sprintf("{CORPUS:=%d}", b.Corpus), fmt.Sprintf("--prompts -n %d ", b.Prompts),
		"{QUESTIONS:=3000}", "{MORE:=21000}", "{FRESH:=20000}", fmt.Sprintf("{CHAT:=%d}", b.Chat), fmt.Sprintf("{JUDGED:=%d}", b.Judged),
	} {
		if !strings.Contains(string(script), says) {
			t.Errorf("model.sh does not say %q", says)
		}
	}
}

// Test questions are never training questions, but many have the chain of one. None of
// these is written if the chains of the training data are left out.
func TestQuestionsOfNoLearntChain(t *testing.T) {
	learnt, err := train.Learnt()
	if err != nil {
		t.Fatal(err)
	}
	// The chains of the training data itself are known.
	s := problems.NewSource(train.BuiltIn.Seed, problems.InDomain, problems.Confidence)
	for range 100 {
		if p := s.Next(); !learnt.Has(&p) {
			t.Fatalf("%s is not in it", p.Chain())
		}
	}
	const n = 400
	for domain, most := range map[problems.Domain]int{problems.InDomain: n * 7 / 10, problems.LongChains: 0, problems.Hard: n * 4 / 10} {
		chains := map[string]bool{}
		shared := 0
		s = problems.NewSource(1, domain, problems.Test)
		for range n {
			p := s.Next()
			chains[p.Question] = learnt.Has(&p)
			if chains[p.Question] {
				shared++
			}
		}
		if shared > most || domain == problems.InDomain && shared < n/4 {
			t.Errorf("%v: %d of %d test questions share a chain with the training", domain, shared, n)
		}
		t.Logf("%v: %d of %d test questions share a chain with the training", domain, shared, n)
		var b bytes.Buffer
		if err := train.WriteQuestions(&b, 1, domain, problems.Test, n/4, learnt); err != nil {
			t.Fatal(err)
		}
		left := 0
		for d := json.NewDecoder(&b); d.More(); left++ {
			var q struct{ Question string }
			if err := d.Decode(&q); err != nil {
				t.Fatal(err)
			}
			if chains[q.Question] {
				t.Errorf("%q has the chain of a training question", q.Question)
			}
		}
		if left != n/4 {
			t.Errorf("%d questions, want %d", left, n/4)
		}
	}
}
