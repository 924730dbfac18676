package lm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// fresh returns the result of a new engine, which has nothing in its cache.
func fresh(t *testing.T, m *Model, o Options, r Request) *Result {
	t.Helper()
	e, err := NewEngine(m, o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	result, err := e.Generate(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// same compares two results bit by bit, except the number of cached tokens.
func same(a, b *Result) bool {
	return reflect.DeepEqual(a.Choices, b.Choices) && a.Usage.Prompt == b.Usage.Prompt && a.Usage.Completion == b.Usage.Completion
}

// TestCompletionsDependOnNothingElse checks that a completion depends only on its prompt,
// its seed and its index, in every bit of its log-probabilities: not on the rest of the
// batch, the cache, the chunks of the prompt or the number of workers.
func TestCompletionsDependOnNothingElse(t *testing.T) {
	for _, name := range []string{"untied", "half"} {
		t.Run(name, func(t *testing.T) {
			m := model(t, name)
			r := rand.New(rand.NewPCG(5, 6))
			base := someTokens(200, 9)
			var requests []Request
			for i := range 40 {
				n := 1 + r.IntN(len(base))
				q := Request{
					Prompt: append(append([]int(nil), base[:n]...), someTokens(r.IntN(3)*r.IntN(4), uint64(i))...),
					N:      1 + r.IntN(4), MaxTokens: 1 + r.IntN(30), Seed: r.Uint64(),
					Temperature: []float64{0, 0.7, 1.5}[r.IntN(3)], TopP: []float64{1, 0.8}[r.IntN(2)],
					Logprobs: true, TopLogprobs: r.IntN(3), PromptLogprobs: r.IntN(4) == 0,
				}
				if r.IntN(2) == 0 { // again, so that all of it is cached
					requests = append(requests, q)
				}
				requests = append(requests, q)
			}
			want := make([]*Result, len(requests))
			for i, q := range requests {
				want[i] = fresh(t, m, options(func(o *Options) { o.MaxSequences, o.Chunk = 8, 1+i%70 }), q)
			}
			for _, change := range []func(*Options){
				func(*Options) {},
				func(o *Options) { o.MaxSequences, o.Chunk = 3, 7 },
				func(o *Options) { o.MaxSequences, o.CacheBytes = 16, 1 }, // the least memory: everything is evicted again and again
			} {
				o := options(change)
				e := engine(t, m, o)
				var wg sync.WaitGroup
				for i, q := range requests {
					wg.Go(func() {
						got, err := e.Generate(t.Context(), q, nil)
						if err != nil {
							t.Error(err)
						} else if !same(got, want[i]) {
							t.Errorf("%+v: request %d (prompt of %d, n %d) is not what it is alone", o, i, len(q.Prompt), q.N)
						}
					})
				}
				wg.Wait()
				if s := e.Stats(); o.CacheBytes > 1 && s.CachedTokens == 0 {
					t.Error("nothing was ever cached")
				}
				audit(t, e)
			}
		})
	}
}

// audit closes an engine and checks that all pages were given back.
func audit(t *testing.T, e *Engine) {
	t.Helper()
	e.Close()
	p := e.pool
	if p.inUse != 0 || p.reserved != 0 || len(p.free)+p.idle.Len() != p.made || p.made > p.limit {
		t.Errorf("%d pages in use, %d reserved, %d free and %d idle of %d, at most %d", p.inUse, p.reserved, len(p.free), p.idle.Len(), p.made, p.limit)
	}
	known := 0
	for _, siblings := range p.known {
		known += len(siblings)
	}
	if known != p.idle.Len() {
		t.Errorf("%d pages are known, %d idle", known, p.idle.Len())
	}
}

// TestWorkersChangeNothing compares the results of one, two and five workers.
func TestWorkersChangeNothing(t *testing.T) {
	m := model(t, "untied")
	q := Request{Prompt: someTokens(150, 4), N: 5, MaxTokens: 40, Temperature: 1, Seed: 8, Logprobs: true}
	want := fresh(t, m, DefaultOptions(), q)
	for _, n := range []int{1, 2, 5} {
		before := runtime.GOMAXPROCS(n)
		got := fresh(t, m, DefaultOptions(), q)
		runtime.GOMAXPROCS(before)
		if !same(got, want) {
			t.Errorf("%d workers write something else", n)
		}
	}
}

// TestPrefixCache checks that the prefix that a prompt shares with an earlier prompt or its
// answer is not computed again.
func TestPrefixCache(t *testing.T) {
	m := model(t, "untied")
	e := engine(t, m, DefaultOptions())
	prompt := someTokens(150, 4)
	first, err := e.Generate(t.Context(), Request{Prompt: prompt, MaxTokens: 30, Temperature: 1, Seed: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.Usage.Cached != 0 {
		t.Errorf("%d tokens were cached before there was anything", first.Usage.Cached)
	}
	other := append(append([]int(nil), prompt[:140]...), 7, 8, 9, 10)
	longer := append(append([]int(nil), prompt...), first.Choices[0].Tokens[:20]...)
	for _, c := range []struct {
		name   string
		prompt []int
		cached int
	}{
		{"the same", prompt, 149},
		{"another ending", other, 140},
		{"with its answer", longer, 169},
		{"another beginning", prompt[1:], 0},
	} {
		if longer := c.prompt; c.name == "another beginning" && longer[0] == prompt[0] {
			t.Fatal("choose another seed")
		}
		r, err := e.Generate(t.Context(), Request{Prompt: c.prompt, MaxTokens: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Usage.Cached != c.cached {
			t.Errorf("%s: %d tokens were cached, want %d", c.name, r.Usage.Cached, c.cached)
		}
	}
	audit(t, e)
}

// TestSamplingFollowsTheDistribution compares the frequencies of first tokens with the
// probabilities that Score gives.
func TestSamplingFollowsTheDistribution(t *testing.T) {
	m := model(t, "half")
	e := engine(t, m, DefaultOptions())
	prompt := []int{17}
	s, err := e.Score(t.Context(), prompt, 0)
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	for _, c := range []struct{ temperature, topP float64 }{{1, 1}, {3, 1}, {3, 0.6}} {
		p := distribution(s.Logits, c.temperature, c.topP)
		counts := make([]float64, len(p))
		for seed := range uint64(20) {
			r, err := e.Generate(t.Context(), Request{Prompt: prompt, N: n, MaxTokens: 1, Temperature: c.temperature, TopP: c.topP, Seed: seed}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, choice := range r.Choices {
				id := m.tokenizer.Ends()[0]
				if len(choice.Tokens) > 0 {
					id = choice.Tokens[0]
				}
				counts[id]++
			}
		}
		for id, want := range p {
			got, sigma := counts[id]/(20*n), math.Sqrt(want*(1-want)/(20*n))
			if math.Abs(got-want) > 5*sigma+1e-9 {
				t.Errorf("temperature %v, top_p %v: token %d came with %v, want %v", c.temperature, c.topP, id, got, want)
			}
		}
	}
}

// distribution returns softmax(logits/temperature), cut to its nucleus, computed in the
// simplest way.
func distribution(logits []float32, temperature, topP float64) []float64 {
	p, sum := make([]float64, len(logits)), 0.0
	for i, l := range logits {
		p[i] = math.Exp(float64(l) / temperature)
		sum += p[i]
	}
	kept, done := 0.0, make([]float64, len(p))
	for kept < topP*sum*(1-1e-12) {
		best := 0
		for i := range p {
			if p[i] > p[best] {
				best = i
			}
		}
		done[best] = p[best]
		kept += p[best]
		p[best] = 0
	}
	for i := range done {
		done[i] /= kept
	}
	return done
}

// TestWhoLeavesFreesThePlace checks that the completions of a cancelled request end.
func TestWhoLeavesFreesThePlace(t *testing.T) {
	m := benchModel(t)
	e := engine(t, m, options(func(o *Options) { o.MaxSequences = 2 }))
	ctx, leave := context.WithCancel(t.Context())
	begun := make(chan struct{})
	var once sync.Once
	ended := make(chan error, 1)
	go func() {
		_, err := e.Generate(ctx, Request{Prompt: someTokens(10, 1), N: 500, Temperature: 1}, func(Delta) error {
			once.Do(func() { close(begun) })
			return nil
		})
		ended <- err
	}()
	<-begun
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// 500 completions of a thousand tokens would take minutes.
	if _, err := e.Generate(t.Context(), Request{Prompt: someTokens(10, 2), N: 2, MaxTokens: 2}, nil); err != nil {
		t.Fatal(err)
	}
	if s := e.Stats(); s.CompletionTokens > 20_000 {
		t.Errorf("%d tokens were written for nobody", s.CompletionTokens)
	}
	audit(t, e)
}

// TestLittleMemory checks that many requests for several completions all end, although
// there is memory for little more than one context.
func TestLittleMemory(t *testing.T) {
	m := model(t, "untied")
	for _, chunk := range []int{16, 128} {
		e := engine(t, m, options(func(o *Options) { o.CacheBytes, o.Chunk = 1, chunk }))
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				q := Request{Prompt: someTokens(1+i*2, uint64(i)), N: 4, MaxTokens: 1 + i%40, Temperature: 1}
				if _, err := e.Generate(t.Context(), q, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		audit(t, e)
	}
}

func TestRequestErrors(t *testing.T) {
	m := model(t, "untied")
	e := engine(t, m, options(func(o *Options) { o.MaxContext = 50 }))
	for want, r := range map[string]Request{
		"no token":                               {},
		"token 1 of the prompt":                  {Prompt: []int{1, 300}},
		"is -1":                                  {Prompt: []int{-1}},
		"N is -1":                                {Prompt: []int{1}, N: -1},
		"MaxTokens is -1":                        {Prompt: []int{1}, MaxTokens: -1},
		"Temperature is -1":                      {Prompt: []int{1}, Temperature: -1},
		"Temperature is NaN":                     {Prompt: []int{1}, Temperature: math.NaN()},
		"TopP is 2":                              {Prompt: []int{1}, TopP: 2},
		"TopLogprobs is 21":                      {Prompt: []int{1}, TopLogprobs: 21},
		"stop sequence is empty":                 {Prompt: []int{1}, Stop: []string{""}},
		"55 are needed: 45 for":                  {Prompt: someTokens(45, 1), MaxTokens: 10},
		"51 are needed: 50 for":                  {Prompt: someTokens(50, 1)},
		"9223372036854775852 are needed: 45 for": {Prompt: someTokens(45, 1), MaxTokens: math.MaxInt},
	} {
		if _, err := e.Generate(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
	if r, err := e.Generate(t.Context(), Request{Prompt: someTokens(45, 1), Temperature: 1}, nil); err != nil || len(r.Choices[0].Tokens) > 5 {
		t.Errorf("%v: the context is full after 5", err)
	}
	if _, err := engine(t, model(t, "value"), DefaultOptions()).Generate(t.Context(), Request{Prompt: []int{1}}, nil); !errors.Is(err, errValue) {
		t.Error(err)
	}
	e.Close()
	if _, err := e.Generate(t.Context(), Request{Prompt: []int{1}}, nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestRequestsAreCounted checks that completed requests are counted, for text and for
// scores.
func TestRequestsAreCounted(t *testing.T) {
	e := engine(t, model(t, "untied"), DefaultOptions())
	if _, err := e.Generate(t.Context(), Request{Prompt: []int{1}, N: 3, MaxTokens: 2}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Score(t.Context(), []int{1, 2}, 0); err != nil {
		t.Fatal(err)
	}
	if n := e.Stats().Requests; n != 2 {
		t.Errorf("%d requests were completed, want 2", n)
	}
}

func TestOptionErrors(t *testing.T) {
	m := model(t, "untied")
	for _, change := range []func(*Options){
		func(o *Options) { o.MaxContext = -1 },
		func(o *Options) { o.MaxSequences = 0 },
		func(o *Options) { o.Chunk = 0 },
		func(o *Options) { o.MaxSequences = math.MaxInt },
		func(o *Options) { o.Chunk = math.MaxInt },
	} {
		o := options(change)
		if _, err := NewEngine(m, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func ExampleEngine_Generate() {
	m, err := Load(must(testdata, "untied"))
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := NewEngine(m, DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	prompt, _ := m.Tokenizer().Chat([]Message{{"user", "How many apples?"}}, false)
	r, err := e.Generate(context.Background(), Request{Prompt: prompt, MaxTokens: 8}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(prompt), len(r.Choices[0].Tokens), r.Choices[0].Finish)
	// Output: 10 8 length
}

// options returns the default options with a change.
func options(change func(*Options)) Options {
	o := DefaultOptions()
	change(&o)
	return o
}
