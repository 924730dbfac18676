// Package lm runs small language models in Go, on the CPU, and serves them as
// OpenAI's API does: a generator to sample from, a confidence model to ask, a
// value head to read, with nothing else installed.
//
//	m, err := lm.Load(os.DirFS("models/generator"))
//	engine, err := lm.NewEngine(m, lm.DefaultOptions())
//	server, err := lm.NewServer(lm.Served{Name: "generator", Engine: engine})
//	http.ListenAndServe("127.0.0.1:8081", server)
//
// # Models
//
// A model is a folder as Hugging Face's save_pretrained writes it: config.json,
// model.safetensors (F32, F16 or BF16; computed in float32) and tokenizer.json.
// The architecture is Llama's, LlamaForCausalLM or
// LlamaForSequenceClassification with one label (a value head): RMSNorm, rotary
// embeddings, grouped queries, SwiGLU, tied or untied embeddings. The tokenizer
// is a byte-level BPE, whose digits may be isolated. What is a letter, a number or a
// space is what Go's Unicode tables say, so text in letters newer than they are may
// have other tokens than with Hugging Face's library. A LoRA adapter of PEFT is
// merged when it is read. What is not supported is an error that names the field:
// no model runs as something that it is not.
//
// The chat template is [ChatTemplate], fixed: each message is its role as a
// special token, its content and <|end|>; <|assistant|> begins an answer and
// <|end|> ends it. What spells a special token in a message does not become that
// token.
//
// # Engine
//
// In each step, every completion that is under way grows by a token and waiting
// prompts by a chunk, all in the same matrix products (gonum's kernels; the rows
// are shared out among GOMAXPROCS workers). Keys and values are kept in pages:
// the completions of a prompt share its pages, and a prompt that begins as an
// earlier text did takes up where they part. The memory for pages is bounded; a
// request begins when there is enough for it, so none is ever stopped half-way,
// and the others wait in order.
//
// A completion is a function of the prompt, the seed, its index and the sampling
// parameters, to the last bit of its log-probabilities, on one kind of machine:
// it does not depend on what else is in the batch, on what is cached, or on the
// number of workers. The products are made so (see matrix), and a test holds
// them to it.
//
// Sampling is softmax at a temperature, cut by top_p. Log-probabilities are the
// model's own, at temperature 1 and uncut, so they mean the same however a token
// was sampled. <|end|> counts as a sampled token and has no log-probability in
// the result.
//
// # HTTP
//
//	POST /v1/chat/completions  plain and streamed; n, seed, temperature, top_p, max_tokens or
//	                           max_completion_tokens, stop, logprobs, top_logprobs,
//	                           stream_options.include_usage
//	POST /v1/completions       the same; prompt is a text, a list of texts, or tokens; logprobs is a
//	                           number; echo, with max_tokens 0 to score a text
//	POST /classify, /pooling   of a value head: input is as prompt above, or messages. /pooling gives
//	                           the logit, [x]; /classify gives [1-p, p], p = 1/(1+e^-x)
//	GET  /v1/models, /health, /metrics
//
// Two parameters are vLLM's: with continue_final_message, or with "prefix" in the
// last message (DeepSeek's, Mistral's), the answer continues that message;
// with add_generation_prompt false, no <|assistant|> follows the last one.
// Without a seed, one is drawn. Parameters that would change what is written and
// are not there (tools, response_format, logit_bias, penalties, top_k, min_p,
// best_of, suffix) are errors; others are passed over.
//
// In the texts of /v1/completions, /classify and /pooling, which are whole
// prompts, special tokens are read by their names, as vLLM reads them; in
// messages they are not. A token that is part of a character is shown as its
// bytes, bytes:\xe2\x80, as OpenAI does. Offsets of tokens count characters of
// the text that is in the reply.
package lm
