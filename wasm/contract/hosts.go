package contract

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/finece/finece/wasm/stream"
)

// Host is a provider's address on the internet.
type Host struct {
	Suffix string // the end of the host's name: whole labels, unless it begins with a hyphen
	Name   string // the name of a [Provider]; there is one for each format that the host serves
}

// Hosts are the hosts of the providers. Servers that you run yourself are not listed.
var Hosts = []Host{
	{"api.openai.com", "OpenAI, chat completions"},
	{"api.openai.com", "OpenAI, completions"},
	{"api.openai.com", "OpenAI, Responses"},
	{"openai.azure.com", "Azure OpenAI"},
	{"api.anthropic.com", "Anthropic"},
	{"generativelanguage.googleapis.com", "Gemini, Vertex AI"},
	{"aiplatform.googleapis.com", "Gemini, Vertex AI"},
	{"-aiplatform.googleapis.com", "Gemini, Vertex AI"}, // after the region
	{"api.cohere.com", "Cohere"},
	{"api.deepseek.com", "DeepSeek"},
	{"api.x.ai", "xAI"},
	{"api.mistral.ai", "Mistral"},
	{"api.groq.com", "Groq"},
	{"api.perplexity.ai", "Perplexity"},
	{"api.together.xyz", "Together"},
	{"openrouter.ai", "OpenRouter"},
}

// Paths has the ends of the paths of requests, and the format of the answers. The first
// entry that matches applies.
var Paths = []struct {
	Suffix string
	Format stream.Format
}{
	{"/chat/completions", stream.OpenAIChat},
	{"/completions", stream.OpenAICompletions},
	{"/responses", stream.OpenAIResponses},
	{"/messages", stream.Anthropic},
	{":streamGenerateContent", stream.Gemini},
	{":generateContent", stream.Gemini},
	{"/v2/chat", stream.Cohere},
}

// ProviderAt returns the provider that answers requests to an address, such as
// https://api.openai.com/v1/chat/completions. It returns nil for hosts that are not in Hosts.
func ProviderAt(address string) *Provider {
	at, err := url.Parse(address)
	if err != nil {
		return nil
	}
	format := formatAt(at.Path)
	for _, h := range Hosts {
		if !h.has(at.Hostname()) {
			continue
		}
		for i := range Providers {
			if p := &Providers[i]; p.Name == h.Name && p.Format == format {
				return p
			}
		}
	}
	return nil
}

// has reports whether a host's name ends in h.Suffix.
func (h Host) has(name string) bool {
	rest, ok := strings.CutSuffix(name, h.Suffix)
	return ok && (rest == "" || rest[len(rest)-1] == '.' || h.Suffix[0] == '-')
}

// Lacks returns a sentence that says that the provider's answers have no log-probabilities, or
// may have none. It returns "" if they have them.
func (p *Provider) Lacks() string {
	notes := ""
	if p.Notes != "" {
		notes = " (" + p.Notes + ")"
	}
	switch p.Logprobs {
	case Never:
		return p.Name + " sends no log-probabilities" + notes
	case Partly:
		return p.Name + " does not always send log-probabilities" + notes
	case Unknown:
		return "it is not known whether " + p.Name + " sends log-probabilities" + notes
	}
	return ""
}

func formatAt(path string) stream.Format {
	for _, p := range Paths {
		if strings.HasSuffix(path, p.Suffix) {
			return p.Format
		}
	}
	return stream.Auto
}

// Asking returns the body of a request, a JSON object, with the fields that ask the server at
// an address for log-probabilities. Fields that the body has already do not change. A server
// that is not in Hosts gets the fields of the first provider with the format of its path.
// added is false if no field was added.
func Asking(address string, body []byte) (asking []byte, added bool, err error) {
	p := ProviderAt(address)
	if at, err := url.Parse(address); err == nil && p == nil {
		p = firstOf(formatAt(at.Path))
	}
	if p == nil || p.Ask == "" {
		return body, false, nil
	}
	into := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &into); err != nil {
		return nil, false, err
	}
	added, err = merge(into, json.RawMessage("{"+p.Ask+"}"))
	if err != nil || !added {
		return body, false, err
	}
	asking, err = json.Marshal(into)
	return asking, true, err
}

// firstOf returns the first provider with a format. It is the one that defined the format.
func firstOf(f stream.Format) *Provider {
	for i := range Providers {
		if Providers[i].Format == f && f != stream.Auto {
			return &Providers[i]
		}
	}
	return nil
}

// merge adds to into the members of object that into does not have, also in nested objects.
func merge(into map[string]json.RawMessage, object json.RawMessage) (added bool, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return false, err
	}
	for name, value := range members {
		has, ok := into[name]
		if !ok {
			into[name], added = value, true
			continue
		}
		below := map[string]json.RawMessage{}
		if value[0] != '{' || json.Unmarshal(has, &below) != nil {
			continue
		}
		more, err := merge(below, value)
		if err != nil {
			return false, err
		}
		if more {
			if into[name], err = json.Marshal(below); err != nil {
				return false, err
			}
			added = true
		}
	}
	return added, nil
}
