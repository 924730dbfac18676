package stream

import "errors"

// Format is a provider's stream format.
type Format uint8

const (
	Auto              Format = iota // not known yet; as an option: recognise the format
	OpenAIChat                      // chat completions, of OpenAI and of servers with the same API
	OpenAICompletions               // completions, with text instead of messages
	OpenAIResponses                 // the Responses API
	Anthropic                       // Messages
	Gemini                          // generateContent, of Gemini and Vertex AI
	Ollama                          // /api/chat and /api/generate
	Cohere                          // chat, version 2
	TGI                             // text-generation-inference's own /generate_stream
	LlamaCPP                        // llama.cpp's own /completion
	WorkersAI                       // Cloudflare Workers AI's own stream
	Bedrock                         // Amazon Bedrock's ConverseStream and Converse
	CohereV1                        // Cohere's chat, version 1
	WatsonX                         // IBM watsonx's own generation_stream
	DashScope                       // Alibaba DashScope's own stream
	Replicate                       // Replicate's stream, and whole predictions
	Text                            // plain text
)

// formats is the table of the formats, by number: the name of each, and the function that reads
// a payload. To add a format, add a row here, a constant above, a file, and a case in
// recognise.
var formats = [...]struct {
	name string
	read func(*reader)
}{
	Auto:              {"auto", (*reader).unknown},
	OpenAIChat:        {"openai-chat", (*reader).openAI},
	OpenAICompletions: {"openai-completions", (*reader).openAI},
	OpenAIResponses:   {"openai-responses", (*reader).responses},
	Anthropic:         {"anthropic", (*reader).anthropic},
	Gemini:            {"gemini", (*reader).gemini},
	Ollama:            {"ollama", (*reader).ollama},
	Cohere:            {"cohere", (*reader).cohere},
	TGI:               {"tgi", (*reader).tgi},
	LlamaCPP:          {"llama.cpp", (*reader).llamaCPP},
	WorkersAI:         {"workers-ai", (*reader).workersAI},
	Bedrock:           {"bedrock", (*reader).bedrock},
	CohereV1:          {"cohere-v1", (*reader).cohereV1},
	WatsonX:           {"watsonx", (*reader).watsonx},
	DashScope:         {"dashscope", (*reader).dashScope},
	Replicate:         {"replicate", (*reader).replicate},
	Text:              {"text", (*reader).unknown}, // text has no payloads
}

// String returns the format's name, which ParseFormat reads.
func (f Format) String() string {
	if int(f) < len(formats) {
		return formats[f].name
	}
	return "unknown"
}

// Formats returns every format, Auto included, in the order of their numbers.
func Formats() []Format {
	all := make([]Format, len(formats))
	for i := range all {
		all[i] = Format(i)
	}
	return all
}

// ParseFormat reads a name that String returns. The error lists all names.
func ParseFormat(name string) (Format, error) {
	for i := range formats {
		if formats[i].name == name {
			return Format(i), nil
		}
	}
	return Auto, errors.New("stream: unknown format \"" + name + "\": want one of " + string(appendFormats(nil, Auto)))
}

// appendFormats appends the names of the formats from first on, with commas.
func appendFormats(dst []byte, first Format) []byte {
	for i := int(first); i < len(formats); i++ {
		if i > int(first) {
			dst = append(dst, ", "...)
		}
		dst = append(dst, formats[i].name...)
	}
	return dst
}
