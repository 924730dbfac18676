//go:build ignore

// Command demo writes demo.sse, a chat completion stream in OpenAI's form with top_logprobs. It
// is for demonstrations and tests without a model or a network. We wrote the answer and chose the
// probabilities: each token gets one from a fixed sequence, and a token written as word~p gets
// p.
//
//	go run demo.go > demo.sse
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
)

const answer = `A baker~0.71 sells 48 loaves on Monday and half~0.93 as many on Tuesday, so Tuesday is 48 / 2 = 24 loaves.

Together that makes 48 + 24 = 72 loaves. At 3 euros each she takes in 72 × 3 = 216 euros.

Flour~0.34 is harder~0.41: the text~0.52 says 5~0.47 kg~0.58 for~0.55 every~0.49 8 loaves~0.61, so 72~0.44 loaves~0.62 need 72 / 8 × 5 = 40~0.21 kg~0.72 of flour.

Let~0.38 me check~0.83 that product:

` + "```" + `
72 / 8 = 9

9 × 5  = 45
` + "```" + `

The check~0.66 gives 45 kg, not 40, so the line above was wrong. At 2 euros a kilogram the flour costs 45 × 2 = 90 euros.

1. Income: 216 euros

   (two days together)

2. Flour: 90 euros

The profit is 216 − 90 = **126 euros**. ✅`

var token = regexp.MustCompile(`\s*[^\s\w~]+|\s*\w+(~0\.\d+)?|\s+`)

type entry struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
	Top     []entry `json:"top_logprobs,omitempty"`
}

func newEntry(text string, p float64) entry {
	e := entry{Token: text, Logprob: float64(float32(math.Log(p)))}
	for _, b := range []byte(text) {
		e.Bytes = append(e.Bytes, int(b))
	}
	return e
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	send := func(choices any, usage any) {
		data, err := json.Marshal(map[string]any{
			"id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 1767225600,
			"model": "demo", "choices": choices, "usage": usage,
		})
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(out, "data: %s\n\n", data)
	}
	choice := func(delta map[string]any, logprobs, finish any) []any {
		return []any{map[string]any{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}}
	}

	send(choice(map[string]any{"role": "assistant", "content": ""}, nil, nil), nil)
	others := []string{" the", " a", ".", " so", " that"}
	state := uint32(1)
	tokens := token.FindAllString(answer, -1)
	for _, t := range tokens {
		state = state*1664525 + 1013904223
		p := 1 - 0.08*float64(state>>16&0xffff)/65536
		if m := regexp.MustCompile(`~(0\.\d+)$`).FindStringSubmatch(t); m != nil {
			p, _ = strconv.ParseFloat(m[1], 64)
			t = t[:len(t)-len(m[0])]
		}
		chosen := newEntry(t, p)
		listed := []entry{chosen}
		rest := 1 - p
		for i := 0; len(listed) < 5; i++ {
			if others[i] != t {
				listed = append(listed, newEntry(others[i], 0.45*rest))
				rest *= 0.55
			}
		}
		chosen.Top = listed
		send(choice(map[string]any{"content": t}, map[string]any{"content": []entry{chosen}, "refusal": nil}, nil), nil)
	}
	send(choice(map[string]any{}, nil, "stop"), nil)
	send([]any{}, map[string]any{"prompt_tokens": 96, "completion_tokens": len(tokens), "total_tokens": 96 + len(tokens)})
	fmt.Fprint(out, "data: [DONE]\n\n")
}
