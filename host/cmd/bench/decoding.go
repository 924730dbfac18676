package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/position"
)

// chunk has all fields of a provider's chunk.
type chunk struct {
	ID                string   `json:"id"`
	Object            string   `json:"object"`
	Created           int64    `json:"created"`
	Model             string   `json:"model"`
	SystemFingerprint string   `json:"system_fingerprint"`
	Choices           []choice `json:"choices"`
}

type choice struct {
	Index int `json:"index"`
	Delta struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"delta"`
	Logprobs *struct {
		Content []token `json:"content"`
	} `json:"logprobs"`
	FinishReason *string `json:"finish_reason"`
}

type token struct {
	Token       string  `json:"token"`
	Logprob     float64 `json:"logprob"`
	Bytes       []int   `json:"bytes"`
	TopLogprobs []token `json:"top_logprobs,omitempty"` // alternatives have none
}

// chunks writes an OpenAI stream of n tokens. Each token has this many alternatives, with
// numbers as long as the provider's. A paragraph ends every 40 tokens.
func chunks(n, alternatives int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	words := []string{" the", " answer", " is", " 42", ",", " so", " we", " multiply", " by", " seven", " and", " get", " café"}
	logprob := func(p float64) float64 { return float64(float32(math.Log(p))) }
	var out bytes.Buffer
	for i := range n {
		text := words[rng.IntN(len(words))]
		if i%40 == 39 {
			text = ".\n\n"
		}
		p := 0.2 + 0.8*rng.Float64()
		chosen := token{Token: text, Logprob: logprob(p), Bytes: codes(text)}
		for k := range alternatives {
			word := text
			if k > 0 {
				word = words[(i+k)%len(words)]
			}
			chosen.TopLogprobs = append(chosen.TopLogprobs, token{Token: word, Logprob: logprob(p), Bytes: codes(word)})
			p *= (1 - p) * 0.6
		}
		logprobs, _ := json.Marshal(map[string]any{"content": []token{chosen}, "refusal": nil})
		content, _ := json.Marshal(text)
		fmt.Fprintf(&out, `data: {"id":"chatcmpl-D8dTxq4x5rwk3uIRnNsgdzZhdVQLF","object":"chat.completion.chunk","created":1770950765,`+
			`"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_f4ae844694",`+
			`"choices":[{"index":0,"delta":{"content":%s},"logprobs":%s,"finish_reason":null}],"usage":null}`+"\n\n", content, logprobs)
	}
	out.WriteString("data: [DONE]\n\n")
	return out.Bytes()
}

func codes(text string) (codes []int) {
	for _, b := range []byte(text) {
		codes = append(codes, int(b))
	}
	return codes
}

// decoding compares a session on such streams, with every strategy, with JSON packages that only
// read the chunks.
func decoding(t *table, engine *wazero.Engine) error {
	config := host.DefaultConfig()
	config.Positions.Strategy = position.Paragraph | position.Periodic | position.Entropy
	config.Positions.EntropyThreshold = 1
	for _, alternatives := range []int{5, 0} {
		data := chunks(20_000, alternatives) // so long that the time of opening, which is measured separately, does not matter
		if err := decodingOf(t, engine, config, data, alternatives); err != nil {
			return err
		}
	}
	allocs, err := allocations(config, chunks(20_000, 5))
	if err != nil {
		return err
	}
	t.row("  allocations for each token, native", fmt.Sprintf("%.3f", allocs), "0")
	return nil
}

func decodingOf(t *table, engine *wazero.Engine, config host.Config, data []byte, alternatives int) error {
	var failure error
	lines := payloads(data)
	score := func(e host.Engine) func() {
		return func() {
			if err := scoreAll(e, config, data); err != nil {
				failure = err
			}
		}
	}
	peer := func(read func([][]byte) error) func() {
		return func() {
			if err := read(lines); err != nil {
				failure = err
			}
		}
	}
	peers := []struct {
		name string
		read func([][]byte) error
		goal float64
	}{
		{"goccy/go-json into a reused lean struct", goccyLean, 1.5},
		{"goccy/go-json into a reused struct without the tokens' texts", goccyLeanest, 0},
		{"valyala/fastjson with all log-probabilities", fastjsonLogprobs, 2.5},
		{"bytedance/sonic into a whole struct", sonicWhole, 3},
		{"encoding/json into a whole struct", encodingJSON, 12},
	}
	contenders := []func(){score(host.Native()), score(engine)}
	for _, p := range peers {
		contenders = append(contenders, peer(p.read))
	}
	times := contest(contenders...)
	if failure != nil {
		return failure
	}
	speed := func(l laps) string { return fmt.Sprintf("%.0f MB/s", float64(len(data))/1e6/l.median().Seconds()) }
	t.row(fmt.Sprintf("OpenAI chunks of %d bytes, %d top_logprobs: decoding, positions and fusion, native", len(lines[0]), alternatives), speed(times[0]), "")
	t.row("  the same by finece.wasm on wazero", fmt.Sprintf("%s, %.2f of native", speed(times[1]), ratio(times[0], times[1])), "at least 0.55")
	for i, p := range peers {
		goal := ""
		if p.goal > 0 {
			goal = fmt.Sprintf("at least %g x", p.goal)
		}
		t.row("  "+p.name, fmt.Sprintf("%s, native is %.2f x as fast", speed(times[2+i]), ratio(times[2+i], times[0])), goal)
	}
	return nil
}

func scoreAll(e host.Engine, c host.Config, data []byte) error {
	s, _, err := e.Open(c)
	if err != nil {
		return err
	}
	defer s.Close()
	for piece := range pieces(data) {
		if _, err := s.Write(piece); err != nil {
			return err
		}
	}
	_, err = s.End()
	return err
}

// pieces cuts data into pieces of the size of one read from a socket.
func pieces(data []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := min(len(data), 16<<10)
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// allocations returns the allocations per token of a warm native session.
func allocations(c host.Config, data []byte) (float64, error) {
	s, _, err := host.Native().Open(c)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	data = bytes.TrimSuffix(data, []byte("data: [DONE]\n\n"))
	tokens := float64(bytes.Count(data, []byte("\n\n")))
	if _, err := s.Write(data); err != nil {
		return 0, err
	}
	return testing.AllocsPerRun(3, func() { s.Write(data) }) / tokens, nil
}
