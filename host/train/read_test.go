package train_test

import (
	"strings"
	"testing"

	"github.com/finece/finece/host/train"
)

func TestReadReplies(t *testing.T) {
	in := `{"choices":[{"message":{"content":"0.8"},"finish_reason":"stop"}]}
{"choices":[{"message":{"content":"0.8"},"finish_reason":"stop","logprobs":{"content":[{"token":"0.8","logprob":-0.6931471805599453,"top_logprobs":[{"token":"0.4","logprob":-0.6931471805599453}]}]}}]}

{"choices":[{"message":{"content":"sure"},"finish_reason":"stop"}]}
{
`
	var b strings.Builder
	if err := train.ReadReplies(&b, strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(b.String(), "\n")
	want := []string{`{"confidence":0.8}`, `{"confidence":0.6000000000000001,"mass":1}`, `{"error":"estimate: confidence model's reply: no number at byte 0: \"sure\"`, `{"error":"estimate: confidence model's reply: not JSON`, ""}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d: %s, want %s", i+1, got[i], want[i])
		}
	}
}
