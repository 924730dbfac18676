package openai

import (
	"strings"
	"testing"
)

func TestReadAnswers(t *testing.T) {
	const replies = `{"key":"b-2","id":"q","kind":"completions","at":"","start":2,"partial":"","completions":[{"text":"three"}],"prompt_tokens":5,"completion_tokens":7}
{"key":"b-0","id":"q","kind":"completions","at":"","start":0,"partial":"","model":"m","completions":[{"text":"one","tokens":[{"token":"o","logprob":-1},{"token":"ne","logprob":-1}]},{"text":"two","tokens":[{"token":"two","logprob":-1}]}],"prompt_tokens":5,"completion_tokens":2}
{"key":"c-0","id":"q","kind":"completions","at":"1.1","start":0,"partial":"one","completions":[{"text":"more"}]}
{"key":"d","id":"q","kind":"verdict","right":true}
`
	got, err := ReadAnswers(strings.NewReader(replies))
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	q := got["q"]
	if len(q.Completions) != 3 || q.Completions[0].Text != "one" || q.Completions[2].Text != "three" || q.Served != "m" || q.Replies != 2 || q.PromptTokens != 10 {
		t.Errorf("%+v", q)
	}
	if q.CompletionTokens != 3+7 {
		t.Errorf("%d tokens: want the 3 that are listed where the server counted 2, and the 7 that it counted", q.CompletionTokens)
	}
	for _, bad := range []string{"{", `{"id":"q","kind":"completions","start":1,"completions":[{"text":"two"}]}`} {
		if _, err := ReadAnswers(strings.NewReader(bad)); err == nil {
			t.Errorf("no error for %s", bad)
		}
	}
}
