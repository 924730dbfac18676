package stream

import "errors"

// Format is a provider's stream format.
type Format uint8

const (
	Auto              Format = iota // not known yet; as an option: to be recognised
	OpenAIChat                      // chat completions, of OpenAI and of those who copy them
	OpenAICompletions               // completions, with text instead of messages
	OpenAIResponses                 // the Responses API
	Anthropic                       // Messages
	Gemini                          // generateContent, of Gemini and Vertex AI
	Ollama                          // /api/chat and /api/generate
	Cohere                          // chat, version 2
	TGI                             // text-generation-inference's own /generate_stream
	LlamaCPP                        // llama.cpp's own /completion
	Text                            // text and nothing else
)

var formatNames = [...]string{
	"auto", "openai-chat", "openai-completions", "openai-responses", "anthropic", "gemini", "ollama", "cohere", "tgi",
	"llama.cpp", "text",
}

// String returns the name that ParseFormat reads.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return "unknown"
}

// Formats returns every format, Auto included, in the order of their numbers.
func Formats() []Format {
	all := make([]Format, len(formatNames))
	for i := range all {
		all[i] = Format(i)
	}
	return all
}

// ParseFormat reads a format's name: auto, openai-chat, openai-completions,
// openai-responses, anthropic, gemini, ollama, cohere, tgi, llama.cpp or text.
func ParseFormat(name string) (Format, error) {
	for i, n := range formatNames {
		if n == name {
			return Format(i), nil
		}
	}
	list := ""
	for _, n := range formatNames[1:] {
		list += ", " + n
	}
	return Auto, errors.New("stream: unknown format \"" + name + "\": want auto" + list)
}
