// Package lm runs small language models in Go, on the CPU, and serves them with OpenAI's
// API. It can run a generator, a confidence model and a model with a value head, with
// nothing else installed.
//
//	m, err := lm.Load(os.DirFS("models/generator"))
//	engine, err := lm.NewEngine(m, lm.DefaultOptions())
//	server, err := lm.NewServer(lm.Served{Name: "generator", Engine: engine})
//	http.ListenAndServe("127.0.0.1:8081", server)
//
// # Models
//
// A model is a folder as Hugging Face's save_pretrained writes it: config.json,
// model.safetensors (F32, F16 or BF16; computed in float32) and tokenizer.json. The
// architecture is Llama's: LlamaForCausalLM, or LlamaForSequenceClassification with one
// label (a value head). It has RMSNorm, rotary embeddings, grouped queries, SwiGLU, and
// tied or untied embeddings. The tokenizer is a byte-level BPE; digits may be tokens of
// their own, and bytes may lack tokens (see [Tokenizer]). A LoRA adapter of PEFT is merged
// when it is read. A field with an unsupported value is an error that names the field, so no
// model is run incorrectly.
//
// Go's Unicode tables say which characters are letters, numbers and spaces. Characters
// that are newer than these tables can be split into other tokens than by Hugging Face's
// library.
//
// GGUF files are not read. host/experiment/real/model.py shows how transformers turns one
// into such a folder.
//
// # Chats
//
// A conversation becomes a prompt by the model's own chat template, in chat_template.jinja
// or tokenizer_config.json. Tests compare with transformers. A template may use what chat
// templates use of Jinja, but not include, import or macros, and it is not told the date or any
// tools. Its work is bounded. A template that is not supported is an error.
//
// The name of a special token inside a message does not become that token, whatever the
// template does. The engine knows which characters come from messages: it runs a template
// twice, on the texts and on marked texts. So a template may remove white space at the ends
// of a text, but if it writes something else because of what a text contains, the request is
// an error.
//
// An answer ends with eos_token of tokenizer_config.json or a token of eos_token_id in
// generation_config.json. If there is neither, it ends with eos_token_id of config.json.
//
// # Engine
//
// The engine works in steps. In each step, every running completion grows by one token and
// prompts are read by a chunk, all in the same matrix products. (These use gonum's kernels;
// their rows are divided among GOMAXPROCS workers.)
//
// Keys and values are kept in pages. The completions of a prompt share the prompt's pages.
// If a prompt begins like an earlier text, the shared beginning is not computed again. The
// memory for pages is bounded. A request starts when there are enough pages for it, so it
// never has to stop halfway. The other requests wait in order.
//
// A completion depends only on the prompt, the seed, its index and the sampling parameters,
// on one kind of machine: not on the rest of the batch, the cache or the number of workers.
// This holds for every bit of the log-probabilities. The matrix products are made for this
// (see matrix), and a test checks it.
//
// A token is sampled from a softmax at a temperature, cut by top_p. Log-probabilities are
// always those at temperature 1 without top_p, so they mean the same however the token was
// sampled. The token that ends an answer counts as a sampled token. It has no
// log-probability in the result.
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
// The answer continues the last message if continue_final_message is true (vLLM's
// parameter), or if the last message has "prefix" (DeepSeek's and Mistral's). If
// add_generation_prompt is false (vLLM's), the prompt ends after the last message.
// Without a seed, a random one is used. Some parameters that would change the text are not
// supported (tools, response_format, logit_bias, penalties, top_k, min_p, best_of, suffix):
// they are errors. Other unknown parameters are ignored.
//
// The texts of /v1/completions, /classify and /pooling are whole prompts. In them, the name
// of a special token becomes that token, as with vLLM; in messages it does not. A token
// that is part of a character is written as its bytes, such as bytes:\xe2\x80, as OpenAI
// does. Offsets of tokens count characters of the text in the reply.
package lm
