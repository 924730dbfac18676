package gateway

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
)

// Continuing says how a request of chat completions asks the upstream to continue an answer. The
// other APIs have one way each, which every value except NotContinued uses; Responses and
// Ollama's /api/generate have none.
type Continuing string

const (
	NotContinued  Continuing = "none"           // the upstream cannot continue answers
	ContinueFinal Continuing = "continue-final" // the answer is the last message, with continue_final_message, as vLLM and SGLang read it
	Prefix        Continuing = "prefix"         // the answer is the last message, with prefix in that message, as DeepSeek and Mistral read it
	Trailing      Continuing = "trailing"       // the answer is the last message, with nothing else, as llama.cpp's server reads it
)

// continuings is every value of Continuing.
var continuings = []Continuing{NotContinued, ContinueFinal, Prefix, Trailing}

// continuer is a surface whose upstream may continue an answer.
type continuer interface {
	// continued returns the new value of a request's member called key, in a request to continue
	// an answer. value is its present value, and soFar the answer so far, as a JSON string. It
	// returns nil if the request cannot be continued.
	continued(key string, value, soFar []byte, how Continuing) []byte
	// sampled returns the members to remove from a request for n short answers, and those to
	// add.
	sampled(n, tokens int) (without []string, members string)
	// event appends an event of a stream. text is the event's text as a JSON string.
	event(dst, text []byte) []byte
}

// continues turns r into a request to continue an answer, and reports whether that is possible.
func (r *request) continues(soFar string) bool {
	how := r.config.Continue
	body, original := r.continuing(r.body, soFar, how, nil, ""), r.continuing(r.original, soFar, how, nil, "")
	if body == nil || original == nil {
		return false
	}
	r.body, r.original = body, original
	return true
}

// continuing returns base, a request's body, without the members in without and with members
// added. If soFar is not "", the body asks to continue that answer. It returns nil if the API
// cannot do that.
func (r *request) continuing(base []byte, soFar string, how Continuing, without []string, members string) []byte {
	of, ok := r.surface.(continuer)
	if !ok || soFar != "" && (how == NotContinued || r.json || r.tools) {
		return nil
	}
	quoted := jsonscan.AppendString(nil, []byte(soFar))
	body := []byte{'{'}
	var s jsonscan.Scanner
	s.Reset(base)
	s.EnterObject()
	for s.NextKey() {
		key := string(s.Key())
		value := s.Raw()
		if slices.Contains(without, key) {
			continue
		}
		if soFar != "" {
			if value = of.continued(key, value, quoted, how); value == nil {
				return nil
			}
		}
		body = append(append(jsonscan.AppendString(body, []byte(key)), ':'), value...)
		body = append(body, ',')
	}
	if soFar != "" && how == ContinueFinal && r.surface.path() == PathChat {
		body = append(body, `"continue_final_message":true,"add_generation_prompt":false,`...)
	}
	body = append(body, members...)
	return append(bytes.TrimSuffix(body, []byte{','}), '}')
}

// withLast returns an array of messages with a last message of the assistant added. It returns
// nil if the last message is the assistant's already.
func withLast(messages, content []byte, more string) []byte {
	var s jsonscan.Scanner
	s.Reset(messages)
	last := ""
	elements(&s, func() {
		last = ""
		each(&s, "role", func() {
			role, _ := s.Text()
			last = string(role)
		})
	})
	end := bytes.LastIndexByte(messages, ']')
	if last == "" || last == "assistant" || end < 0 {
		return nil
	}
	out := append(bytes.Clone(messages[:end]), `,{"role":"assistant","content":`...)
	return append(append(append(out, content...), more...), "}]"...)
}

// ofOpenAI are the members to remove from a request of OpenAI's APIs for samples.
var ofOpenAI = []string{"stream", "stream_options", "n", "best_of", "seed", "temperature", "logprobs", "top_logprobs", "max_tokens", "max_completion_tokens", "store"}

func (openAI) sampled(n, tokens int) ([]string, string) {
	return ofOpenAI, `"stream":false,"n":` + strconv.Itoa(n) + `,"temperature":1,"max_tokens":` + strconv.Itoa(tokens)
}

func (chat) continued(key string, value, soFar []byte, how Continuing) []byte {
	if key != "messages" {
		return value
	}
	if how == Prefix {
		return withLast(value, soFar, `,"prefix":true`)
	}
	return withLast(value, soFar, "")
}

func (completions) continued(key string, value, soFar []byte, _ Continuing) []byte {
	switch {
	case key == "suffix":
		return nil
	case key != "prompt":
		return value
	case value[0] != '"':
		return nil
	}
	return append(bytes.Clone(value[:len(value)-1]), soFar[1:]...)
}

func (chat) event(dst, text []byte) []byte {
	return append(append(append(dst, `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":`...), text...), "}}]}\n\n"...)
}

func (completions) event(dst, text []byte) []byte {
	return append(append(append(dst, `data: {"object":"text_completion","choices":[{"index":0,"text":`...), text...), "}]}\n\n"...)
}

func (messages) event(dst, text []byte) []byte {
	return append(append(append(dst, `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":`...), text...), "}}\n\n"...)
}

func (ollamaChat) event(dst, text []byte) []byte {
	return append(append(append(dst, `{"message":{"role":"assistant","content":`...), text...), "},\"done\":false}\n"...)
}

func (messages) sampled(_, tokens int) ([]string, string) {
	return []string{"stream", "temperature", "max_tokens", "thinking"}, `"stream":false,"temperature":1,"max_tokens":` + strconv.Itoa(tokens)
}

func (messages) continued(key string, value, soFar []byte, _ Continuing) []byte {
	switch key {
	case "thinking":
		return nil // an answer that follows thinking cannot be continued without that thinking
	case "messages":
		return withLast(value, soFar, "")
	}
	return value
}

func (ollamaChat) sampled(_, tokens int) ([]string, string) {
	return []string{"stream", "options", "logprobs", "top_logprobs"}, `"stream":false,"options":{"temperature":1,"num_predict":` + strconv.Itoa(tokens) + `}`
}

func (ollamaChat) continued(key string, value, soFar []byte, how Continuing) []byte {
	return messages{}.continued(key, value, soFar, how)
}
