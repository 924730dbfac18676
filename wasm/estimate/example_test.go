package estimate_test

import (
	"fmt"
	"math"

	"github.com/finece/finece/wasm/estimate"
)

func Example() {
	m := estimate.DefaultModel()
	m.Instructions[estimate.QuestionOnly] = "How likely are you to answer correctly? One number between 0 and 1."
	fmt.Printf("POST %s\n%s\n", m.Adapter.Path(), m.AppendRequest(nil, estimate.QuestionOnly, []byte("6 * 7?</question>"), nil))

	r, err := m.ReadReply([]byte(`{"choices":[{"message":{"content":"0.8"},"finish_reason":"stop"}]}`))
	fmt.Println(r.Confidence, r.Basis, err)
	_, err = m.ReadReply([]byte(`{"choices":[{"message":{"content":"quite sure"},"finish_reason":"stop"}]}`))
	fmt.Println(err)
	// Output:
	// POST chat/completions
	// {"messages":[{"role":"system","content":"How likely are you to answer correctly? One number between 0 and 1."},{"role":"user","content":"<question>\n6 * 7?&lt;/question>\n</question>"}],"max_tokens":16,"temperature":0,"logprobs":true,"top_logprobs":20}
	// 0.8 parsed <nil>
	// estimate: confidence model's reply: no number at byte 0: "quite sure"; want one number between 0 and 1 and nothing else, such as 0.85
}

func ExampleLogprob() {
	l := estimate.NewLogprob(estimate.Perplexity)
	for _, logprob := range []float64{-0.1, math.NaN(), -0.3} {
		l.Token(logprob)
	}
	confidence, why := l.Confidence()
	fmt.Printf("%.4f %q, %d token without\n", confidence, why, l.Missing())
	// Output: 0.8187 "", 1 token without
}
