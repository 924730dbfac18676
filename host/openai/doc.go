// Package openai samples from language models behind OpenAI-compatible servers.
//
// A [Generator] asks a model to answer a question or to continue a partial answer,
// with one of the APIs that servers offer ([API]). A [Sampler] gets many completions
// of one [Stem] (a question with the answer so far), with a seed for each request:
//
//	server := model.DefaultConfig("http://127.0.0.1:8000/v1")
//	generator, err := openai.NewGenerator(openai.GeneratorConfig{Server: server, Temperature: 1, MaxTokens: 512})
//	...
//	sampler := openai.NewSampler(generator, 1, store, 4) // seed 1, up to 4 requests at once
//	sampled, err := sampler.Sample(ctx, openai.Stem{ID: "q1", Question: "What is 2 plus 2?"}, 30)
//
// The sampler keeps replies in a [Store], so that resumed work asks only for the replies that
// are missing. The store may be nil.
//
// An [Endpoint] sends requests in JSON. Package host/model applies the time limits, retries and
// the number of requests at once.
package openai
