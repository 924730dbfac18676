package contract

import "github.com/finece/finece/wasm/stream"

// Logprobs says whether a provider sends log-probabilities in streams.
type Logprobs string

const (
	Sends   Logprobs = "yes"     // if the request has the fields that ask for them
	Partly  Logprobs = "partly"  // only for some models, or not for all tokens; see the notes
	Never   Logprobs = "no"      // only a confidence model can score its answers
	Unknown Logprobs = "unknown" // not documented for streams, and not tried
)

// Provider is a provider or a server whose streams the decoder reads.
type Provider struct {
	Name     string
	Format   stream.Format
	Logprobs Logprobs
	Ask      string     // the fields of a request that ask for log-probabilities, in JSON without braces; "" if there are none
	Notes    string     // one line
	Continue Continuing // how a request asks to continue an answer; checked only if Source is Recorded
	Source   Origin     // the source of the facts in this row
}

// Continuing is how a request asks a provider to continue an earlier answer, in chat
// completions or in the provider's own API.
type Continuing string

const (
	NotContinued  Continuing = "none"           // impossible, or not known
	ContinueFinal Continuing = "continue-final" // the answer is the last message; continue_final_message is true and add_generation_prompt false
	Prefix        Continuing = "prefix"         // the answer is the last message, with prefix true in it
	Trailing      Continuing = "trailing"       // the answer is the last message; nothing else is needed
)

// Origin is the source of the facts about a provider.
type Origin string

const (
	// Recorded: streams that we recorded.
	Recorded Origin = "recorded"
	// Documented: the request's fields in the provider's own client or API description. We
	// read copies of these, not all of them recent, and sent no request.
	Documented Origin = "documentation"
	// Unchecked: general knowledge. We read no text of the provider.
	Unchecked Origin = "not checked"
)

// The fields that ask for log-probabilities, by API.
const (
	askChat        = `"logprobs": true, "top_logprobs": 5`
	askCompletions = `"logprobs": 5`
	askDashScope   = `"parameters": {"logprobs": true, "top_logprobs": 5}`
	askResponses   = `"include": ["message.output_text.logprobs"], "top_logprobs": 5`
)

// Providers is the table of providers, hosted ones first.
var Providers = []Provider{
	{"OpenAI, chat completions", stream.OpenAIChat, Partly, askChat, "reasoning models send none", NotContinued, Unchecked},
	{"OpenAI, completions", stream.OpenAICompletions, Sends, askCompletions, "", NotContinued, Unchecked},
	{"OpenAI, Responses", stream.OpenAIResponses, Partly, askResponses, "reasoning models send none", NotContinued, Documented},
	{"Azure OpenAI", stream.OpenAIChat, Partly, askChat, "as with OpenAI", NotContinued, Unchecked},
	{"Anthropic", stream.Anthropic, Never, "", "", Trailing, Unchecked},
	{"Gemini, Vertex AI", stream.Gemini, Partly, `"generationConfig": {"responseLogprobs": true, "logprobs": 5}`, "some models only", NotContinued, Documented},
	{"Cohere", stream.Cohere, Sends, `"logprobs": true`, "no alternatives, so no entropy positions", NotContinued, Documented},
	{"DeepSeek", stream.OpenAIChat, Partly, askChat, "", Prefix, Unchecked},
	{"xAI", stream.OpenAIChat, Unknown, askChat, "at most 8 alternatives", NotContinued, Documented},
	{"Mistral", stream.OpenAIChat, Never, "", "", Prefix, Documented},
	{"Groq", stream.OpenAIChat, Never, "", "", Trailing, Documented},
	{"Perplexity", stream.OpenAIChat, Never, "", "", NotContinued, Unchecked},
	{"Together", stream.OpenAIChat, Unknown, `"logprobs": 5`, "logprobs is the number of alternatives, at most 20", NotContinued, Documented},
	{"OpenRouter", stream.OpenAIChat, Partly, askChat, "depends on the provider that it forwards to", Trailing, Documented},
	{"Cloudflare Workers AI, its own format", stream.WorkersAI, Never, "", "", NotContinued, Unchecked},
	{"Amazon Bedrock, Converse", stream.Bedrock, Never, "", "as AWS's binary event stream or as JSON; also InvokeModel with models of Anthropic and Amazon", NotContinued, Unchecked},
	{"Cohere, version 1", stream.CohereV1, Never, "", "", NotContinued, Unchecked},
	{"IBM watsonx, text generation", stream.WatsonX, Sends, `"parameters": {"return_options": {"generated_tokens": true, "token_logprobs": true, "top_n_tokens": 5}}`, "at most 5 alternatives; its chat route has OpenAI's format", NotContinued, Documented},
	{"Alibaba DashScope, its own format", stream.DashScope, Partly, askDashScope, "some models only", NotContinued, Unchecked},
	{"Replicate", stream.Replicate, Never, "", "", NotContinued, Unchecked},
	{"vLLM", stream.OpenAIChat, Sends, askChat, "also completions and Responses", ContinueFinal, Recorded},
	{"llama.cpp server", stream.OpenAIChat, Sends, askChat, "none if top_logprobs is 0; if a character takes several tokens, only the last one has a log-probability", Trailing, Recorded},
	{"llama.cpp server, /completion", stream.LlamaCPP, Sends, `"n_probs": 5`, "", NotContinued, Recorded},
	{"llama-cpp-python", stream.OpenAIChat, Sends, askChat, "none if top_logprobs is left out; n is ignored", NotContinued, Recorded},
	{"SGLang", stream.OpenAIChat, Partly, askChat, "one setting of the server makes it repeat earlier log-probabilities, which FineCE leaves out", ContinueFinal, Unchecked},
	{"Ollama", stream.Ollama, Sends, `"logprobs": true, "top_logprobs": 5`, "", Trailing, Documented},
	{"text-generation-inference", stream.TGI, Sends, `"details": true`, "its chat route has OpenAI's format", NotContinued, Unchecked},
	{"transformers serve", stream.OpenAIChat, Never, "", "ignores the request fields for log-probabilities", NotContinued, Recorded},
	{"LiteLLM proxy", stream.OpenAIChat, Sends, askChat, "forwards the server's chunks, except those without text", NotContinued, Recorded},
	{"finece lm", stream.OpenAIChat, Sends, askChat, "", ContinueFinal, Recorded},
}
