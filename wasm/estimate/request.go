package estimate

import (
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
)

// AppendRequest appends the JSON body of a request that asks for the confidence at a stage.
// answer is the answer so far; QuestionOnly ignores it. AppendRequest allocates only to grow
// dst.
func (m *Model) AppendRequest(dst []byte, stage Stage, question, answer []byte) []byte {
	dst = append(dst, '{')
	if m.Name != "" && m.Adapter != Reward {
		dst = append(dst, `"model":`...)
		begin := len(dst)
		dst = append(encode(append(dst, m.Name...), begin), ',')
	}
	switch m.Adapter {
	case Chat:
		dst = m.appendMessages(dst, stage, question, answer)
		dst = m.appendSampling(dst)
		if m.TopLogprobs > 0 {
			dst = append(dst, `,"logprobs":true,"top_logprobs":`...)
			dst = strconv.AppendInt(dst, int64(m.TopLogprobs), 10)
		}
	case Completions:
		dst = append(dst, `"prompt":`...)
		begin := len(dst)
		dst = m.AppendPrompt(append(dst, alpacaHead...), stage, question, answer)
		dst = encode(append(dst, alpacaTail...), begin)
		dst = m.appendSampling(dst)
		if m.TopLogprobs > 0 {
			dst = append(dst, `,"logprobs":`...)
			dst = strconv.AppendInt(dst, int64(m.TopLogprobs), 10)
		}
	case Reward:
		dst = append(dst, `"inputs":`...)
		begin := len(dst)
		dst = encode(m.AppendPrompt(dst, stage, question, answer), begin)
	default:
		dst = append(dst, `"input":`...)
		begin := len(dst)
		dst = encode(m.AppendPrompt(dst, stage, question, answer), begin)
	}
	return append(dst, '}')
}

// The alpaca layout of LLaMA-Factory's template "alpaca".
const (
	alpacaHead = "### Instruction:\n"
	alpacaTail = "\n\n### Response:\n"
)

func (m *Model) appendMessages(dst []byte, stage Stage, question, answer []byte) []byte {
	dst = append(dst, `"messages":[`...)
	if !m.OneMessage {
		dst = append(dst, `{"role":"system","content":`...)
		begin := len(dst)
		dst = append(encode(append(dst, m.Instruction(stage)...), begin), "},"...)
	}
	dst = append(dst, `{"role":"user","content":`...)
	begin := len(dst)
	if m.OneMessage {
		dst = m.AppendPrompt(dst, stage, question, answer)
	} else {
		dst = AppendInput(dst, stage, question, answer)
	}
	return append(encode(dst, begin), "}]"...)
}

func (m *Model) appendSampling(dst []byte) []byte {
	dst = append(dst, `,"max_tokens":`...)
	dst = strconv.AppendInt(dst, int64(m.MaxTokens), 10)
	return append(dst, `,"temperature":0`...)
}

// encode replaces the text from dst[begin] on by a JSON string of the text.
func encode(dst []byte, begin int) []byte {
	end := len(dst)
	dst = jsonscan.AppendString(dst, dst[begin:end])
	return append(dst[:begin], dst[end:]...)
}
