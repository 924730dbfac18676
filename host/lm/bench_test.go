package lm

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// benchModel returns a model of 1.3 million random parameters. It has a vocabulary of 1,024
// tokens; the first 300 are those of testdata/untied.
func benchModel(t testing.TB) *Model {
	t.Helper()
	c := Config{
		Hidden: 128, Intermediate: 352, Layers: 6, Heads: 4, KVHeads: 4, HeadDim: 32, Vocab: 1024, MaxContext: 1024,
		NormEps: 1e-6, RopeTheta: 10000, Tied: true,
	}
	r := rand.New(rand.NewPCG(1, 2))
	weights := map[string]tensor{}
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			if data[i] = 1; len(shape) > 1 {
				data[i] = float32(r.NormFloat64() * 0.08)
			}
		}
		weights[name] = tensor{shape, data}
	}
	add("model.embed_tokens.weight", c.Vocab, c.Hidden)
	add("model.norm.weight", c.Hidden)
	for i := range c.Layers {
		p := fmt.Sprintf("model.layers.%d.", i)
		add(p+"input_layernorm.weight", c.Hidden)
		add(p+"post_attention_layernorm.weight", c.Hidden)
		for _, name := range []string{"q_proj", "k_proj", "v_proj", "o_proj"} {
			add(p+"self_attn."+name+".weight", c.Hidden, c.Hidden)
		}
		add(p+"mlp.gate_proj.weight", c.Intermediate, c.Hidden)
		add(p+"mlp.up_proj.weight", c.Intermediate, c.Hidden)
		add(p+"mlp.down_proj.weight", c.Hidden, c.Intermediate)
	}
	m, err := build(c, weights)
	if err != nil {
		t.Fatal(err)
	}
	m.tokenizer = model(t, "untied").tokenizer
	return m
}

// someTokens returns n tokens, none of them <|end|>.
func someTokens(n int, seed uint64) []int {
	r := rand.New(rand.NewPCG(seed, 3))
	ids := make([]int, n)
	for i := range ids {
		ids[i] = 5 + r.IntN(290)
	}
	return ids
}

// rates reports tokens by the clock and by processor time, and the operations of
// the matrix products with weights (two a parameter) by processor time.
func rates(b *testing.B, m *Model, tokens int, used time.Duration) {
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tok/s")
	b.ReportMetric(float64(tokens)/used.Seconds(), "tok/core-s")
	b.ReportMetric(2*float64(m.Parameters())*float64(tokens)/used.Seconds()/1e9, "GFLOP/core-s")
}

// BenchmarkGemm measures gonum's own Gemm, called as blas32 would, for comparison. The shape
// is that of the MLP's first product.
func BenchmarkGemm(b *testing.B) {
	for _, m := range []int{1, 64} {
		b.Run(fmt.Sprintf("rows=%d", m), func(b *testing.B) {
			const k, n = 128, 704
			x, w, y := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
			for i := range x {
				x[i] = 1
			}
			begun := processor(b)
			for b.Loop() {
				gemm(m, n, k, x, k, w, n, 0, y, n)
			}
			used := processor(b) - begun
			operations := 2 * float64(m*k*n) * float64(b.N)
			b.ReportMetric(operations/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			b.ReportMetric(operations/used.Seconds()/1e9, "GFLOP/core-s")
		})
	}
}

// BenchmarkGenerate writes completions of 128 tokens, after a prompt of 64 or 200 tokens.
func BenchmarkGenerate(b *testing.B) {
	m := benchModel(b)
	for _, prompt := range []int{64, 200} {
		for _, n := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("prompt=%d/sequences=%d", prompt, n), func(b *testing.B) {
				e := engine(b, m, DefaultOptions())
				seed, tokens, begun := uint64(0), 0, processor(b)
				for b.Loop() {
					seed++
					r, err := e.Generate(b.Context(), Request{Prompt: someTokens(prompt, 1), N: n, MaxTokens: 128, Temperature: 1, Seed: seed}, nil)
					if err != nil {
						b.Fatal(err)
					}
					tokens += r.Usage.Completion
				}
				rates(b, m, tokens, processor(b)-begun)
			})
		}
	}
}

// BenchmarkHTTP requests 64 completions of a prompt of 64 tokens over a loopback connection.
func BenchmarkHTTP(b *testing.B) {
	m := benchModel(b)
	e := engine(b, m, DefaultOptions())
	s, err := NewServer(Served{"m", e})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	prompt, err := json.Marshal(someTokens(64, 1))
	if err != nil {
		b.Fatal(err)
	}
	seed, tokens, begun := 0, 0, processor(b)
	for b.Loop() {
		seed++
		body := fmt.Sprintf(`{"prompt":%s,"n":64,"max_tokens":128,"temperature":1,"seed":%d}`, prompt, seed)
		resp, err := http.Post(server.URL+"/v1/completions", "application/json", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		var reply struct {
			Usage usageBody
		}
		err = json.NewDecoder(resp.Body).Decode(&reply)
		resp.Body.Close()
		if err != nil || reply.Usage.Completion == 0 {
			b.Fatal(resp.Status, err)
		}
		tokens += reply.Usage.Completion
	}
	rates(b, m, tokens, processor(b)-begun)
}

// BenchmarkPrefill reads prompts of 512 tokens that are not cached.
func BenchmarkPrefill(b *testing.B) {
	m := benchModel(b)
	e := engine(b, m, DefaultOptions())
	seed, tokens, begun := uint64(0), 0, processor(b)
	for b.Loop() {
		seed++
		r, err := e.Generate(b.Context(), Request{Prompt: someTokens(512, seed), MaxTokens: 1}, nil)
		if err != nil {
			b.Fatal(err)
		}
		tokens += r.Usage.Prompt
	}
	rates(b, m, tokens, processor(b)-begun)
}

// BenchmarkEncode tokenizes 400 bytes of English.
func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"untied", "half"} { // with the regular expression and without
		t := model(b, name).tokenizer
		text := strings.Repeat("Anna has 12 apples and buys 30 more. ", 11)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				t.Encode(text)
			}
		})
	}
}
