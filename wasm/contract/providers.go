package contract

import "github.com/finece/finece/wasm/stream"

// Logprobs says whether a provider sends log-probabilities in streams.
type Logprobs string

const (
	Sends   Logprobs = "yes"     // with the request's fields
	Partly  Logprobs = "partly"  // for some models or not for all tokens; see the notes
	Never   Logprobs = "no"      // only a confidence model can score its answers
	Unknown Logprobs = "unknown" // not documented and not tried
)

// Provider is a provider or a server whose streams the decoder reads.
type Provider struct {
	Name     string
	Format   stream.Format
	Logprobs Logprobs
	Ask      string // the fields of a request that ask for log-probabilities, in JSON without braces; "" if there are none
	Notes    string // one line
	Recorded bool   // the facts are from streams that we recorded; the others were not checked
}

// The fields that ask for log-probabilities, by API.
const (
	askChat        = `"logprobs": true, "top_logprobs": 5`
	askCompletions = `"logprobs": 5`
	askDashScope   = `"parameters": {"logprobs": true, "top_logprobs": 5}`
	askResponses   = `"include": ["message.output_text.logprobs"], "top_logprobs": 5`
)

// Providers is the table of providers, hosted ones first.
var Providers = []Provider{
	{"OpenAI, chat completions", stream.OpenAIChat, Partly, askChat, "reasoning models send none", false},
	{"OpenAI, completions", stream.OpenAICompletions, Sends, askCompletions, "", false},
	{"OpenAI, Responses", stream.OpenAIResponses, Partly, askResponses, "reasoning models send none", false},
	{"Azure OpenAI", stream.OpenAIChat, Partly, askChat, "as OpenAI", false},
	{"Anthropic", stream.Anthropic, Never, "", "", false},
	{"Gemini, Vertex AI", stream.Gemini, Partly, `"generationConfig": {"responseLogprobs": true, "logprobs": 5}`, "some models only", false},
	{"Cohere", stream.Cohere, Sends, `"logprobs": true`, "no alternatives, so no entropy positions", false},
	{"DeepSeek", stream.OpenAIChat, Partly, askChat, "", false},
	{"xAI", stream.OpenAIChat, Unknown, askChat, "", false},
	{"Mistral", stream.OpenAIChat, Never, "", "", false},
	{"Groq", stream.OpenAIChat, Never, "", "", false},
	{"Perplexity", stream.OpenAIChat, Never, "", "", false},
	{"Together", stream.OpenAIChat, Unknown, `"logprobs": 5`, "the number of alternatives, not true", false},
	{"OpenRouter", stream.OpenAIChat, Partly, askChat, "depends on the provider that it forwards to", false},
	{"Cloudflare Workers AI, its own format", stream.WorkersAI, Never, "", "", false},
	{"Amazon Bedrock, Converse", stream.Bedrock, Never, "", "in AWS's binary event stream or as JSON; InvokeModel of Anthropic's and Amazon's models, too", false},
	{"Cohere, version 1", stream.CohereV1, Never, "", "", false},
	{"IBM watsonx, text generation", stream.WatsonX, Sends, `"parameters": {"return_options": {"generated_tokens": true, "token_logprobs": true, "top_n_tokens": 5}}`, "its chat route is OpenAI's", false},
	{"Alibaba DashScope, its own format", stream.DashScope, Partly, askDashScope, "some models only", false},
	{"Replicate", stream.Replicate, Never, "", "", false},
	{"vLLM", stream.OpenAIChat, Sends, askChat, "also completions and Responses", true},
	{"llama.cpp server", stream.OpenAIChat, Sends, askChat, "if a character takes several tokens, only the last one has a log-probability", true},
	{"llama.cpp server, /completion", stream.LlamaCPP, Sends, `"n_probs": 5`, "", true},
	{"llama-cpp-python", stream.OpenAIChat, Sends, askChat, "top_logprobs is needed; 0 is enough", true},
	{"SGLang", stream.OpenAIChat, Partly, askChat, "one setting of the server repeats earlier log-probabilities; these are left out", false},
	{"Ollama", stream.Ollama, Sends, `"logprobs": true, "top_logprobs": 5`, "", false},
	{"text-generation-inference", stream.TGI, Sends, `"details": true`, "its chat route is OpenAI's", false},
	{"transformers serve", stream.OpenAIChat, Never, "", "the fields are ignored", true},
	{"LiteLLM proxy", stream.OpenAIChat, Sends, askChat, "passes on what the server sends, except chunks without text", true},
	{"finece lm", stream.OpenAIChat, Sends, askChat, "", true},
}
