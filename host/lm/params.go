package lm

import (
	"encoding/json"
	"math/rand/v2"
)

// params has the parameters that all requests for text share. A pointer is nil if the
// parameter was left out or null.
type params struct {
	Model         string          `json:"model"`
	N             *int            `json:"n"`
	Seed          *int64          `json:"seed"`
	Temperature   *float64        `json:"temperature"`
	TopP          *float64        `json:"top_p"`
	MaxTokens     *int            `json:"max_tokens"`
	Stop          json.RawMessage `json:"stop"`
	Stream        bool            `json:"stream"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	unsupported
}

// unsupported has parameters that would change the text and that this server does not
// support. Other unknown parameters are ignored, as vLLM does.
type unsupported struct {
	Tools             json.RawMessage `json:"tools"`
	ResponseFormat    json.RawMessage `json:"response_format"`
	LogitBias         json.RawMessage `json:"logit_bias"`
	FrequencyPenalty  float64         `json:"frequency_penalty"`
	PresencePenalty   float64         `json:"presence_penalty"`
	RepetitionPenalty *float64        `json:"repetition_penalty"`
	TopK              *int            `json:"top_k"`
	MinP              float64         `json:"min_p"`
	BestOf            *int            `json:"best_of"`
	Suffix            *string         `json:"suffix"`
	BeamSearch        bool            `json:"use_beam_search"`
}

func (u *unsupported) check(n int) error {
	var format struct{ Type string }
	if set(u.ResponseFormat) && (json.Unmarshal(u.ResponseFormat, &format) != nil || format.Type != "text") {
		return badRequest("response_format", "response_format is not supported")
	}
	for _, p := range []struct {
		name string
		used bool
	}{
		{"tools", set(u.Tools) && string(u.Tools) != "[]"},
		{"logit_bias", set(u.LogitBias) && string(u.LogitBias) != "{}"},
		{"frequency_penalty", u.FrequencyPenalty != 0},
		{"presence_penalty", u.PresencePenalty != 0},
		{"repetition_penalty", u.RepetitionPenalty != nil && *u.RepetitionPenalty != 1},
		{"top_k", u.TopK != nil && *u.TopK > 0},
		{"min_p", u.MinP != 0},
		{"best_of", u.BestOf != nil && *u.BestOf != n},
		{"suffix", u.Suffix != nil && *u.Suffix != ""},
		{"use_beam_search", u.BeamSearch},
	} {
		if p.used {
			return badRequest(p.name, "%s is not supported", p.name)
		}
	}
	return nil
}

// maxTemperature is OpenAI's limit.
const maxTemperature = 2

// request returns the engine's request without the prompt.
func (p *params) request() (Request, error) {
	r := Request{N: 1, Temperature: 1, TopP: 1}
	if p.N != nil {
		r.N = *p.N
	}
	if p.Temperature != nil {
		r.Temperature = *p.Temperature
	}
	if p.TopP != nil {
		r.TopP = *p.TopP
	}
	if p.MaxTokens != nil {
		r.MaxTokens = *p.MaxTokens
	}
	if p.Seed != nil {
		r.Seed = uint64(*p.Seed)
	} else {
		r.Seed = rand.Uint64()
	}
	if set(p.Stop) {
		var ok bool
		if one, is := as[string](p.Stop); is {
			r.Stop = []string{one}
		} else if r.Stop, ok = as[[]string](p.Stop); !ok {
			return r, badRequest("stop", "stop is neither a string nor a list of strings")
		}
	}
	switch {
	case r.N < 1 || r.N > MaxN:
		return r, badRequest("n", "n is %d: want 1 to %d", r.N, MaxN)
	case !(r.Temperature >= 0 && r.Temperature <= maxTemperature):
		return r, badRequest("temperature", "temperature is %v: want 0 to %d", r.Temperature, maxTemperature)
	case !(r.TopP > 0 && r.TopP <= 1):
		return r, badRequest("top_p", "top_p is %v: want more than 0, at most 1", r.TopP)
	case len(r.Stop) > MaxStop:
		return r, badRequest("stop", "stop has %d sequences: want at most %d", len(r.Stop), MaxStop)
	case p.StreamOptions != nil && !p.Stream:
		return r, badRequest("stream_options", "stream_options is for streams: set stream")
	}
	for _, s := range r.Stop {
		if s == "" {
			return r, badRequest("stop", "stop has an empty sequence")
		}
	}
	return r, p.check(r.N)
}

func (p *params) includeUsage() bool { return p.StreamOptions != nil && p.StreamOptions.IncludeUsage }

// usageBody is the usage in a reply.
type usageBody struct {
	Prompt     int          `json:"prompt_tokens"`
	Completion int          `json:"completion_tokens"`
	Total      int          `json:"total_tokens"`
	Details    usageDetails `json:"prompt_tokens_details"`
}

type usageDetails struct {
	Cached int `json:"cached_tokens"`
}

func (u Usage) body() *usageBody {
	return &usageBody{u.Prompt, u.Completion, u.Prompt + u.Completion, usageDetails{u.Cached}}
}
