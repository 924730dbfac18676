package answers

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/finece/finece/wasm/stream"
)

// Stream is the answer as its model would have sent it: a completion of OpenAI's with
// log-probabilities, or plain text without.
func (a *Answer) Stream() (data []byte, format stream.Format) {
	switch {
	case a.response != nil:
		return a.response, a.format
	case a.Tokens == nil:
		return []byte(a.Text), stream.Text
	}
	var out, held []byte
	for _, t := range a.Tokens {
		held = append(held, t.Text...)
		whole := complete(held)
		content, err := json.Marshal(string(held[:whole]))
		if err != nil {
			content = []byte(`""`)
		}
		held = append(held[:0], held[whole:]...)
		out = append(out, `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":`...)
		out = append(out, content...)
		out = append(out, `},"logprobs":{"content":[`...)
		out = appendLine(out, t.Entry)
		out = append(out, "]},\"finish_reason\":null}]}\n\n"...)
	}
	const end = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	return append(out, end+"\n\ndata: [DONE]\n\n"...), stream.OpenAIChat
}

// appendLine appends JSON without the line breaks that it may have between its
// tokens.
func appendLine(dst []byte, raw json.RawMessage) []byte {
	for _, c := range raw {
		if c != '\n' && c != '\r' {
			dst = append(dst, c)
		}
	}
	return dst
}

// complete is how many bytes of b are whole characters. A provider keeps the first
// bytes of a character until the token that ends it.
func complete(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}
