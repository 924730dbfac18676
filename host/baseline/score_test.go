package baseline

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// TestTokensOfAText reads replies of servers that score texts.
func TestTokensOfAText(t *testing.T) {
	const prompt = "Q: é? A:"
	for _, c := range []struct {
		name, text, reply string
		want              string // the tokens with | between them, those of unknown log-probability in brackets
		says              string // of the error
	}{
		{"echo", "one two", `{"choices":[{"logprobs":{"tokens":["Q",": é? A:","one"," two"],"token_logprobs":[null,-1,-2,-3],"text_offset":[0,1,8,11]}}]}`, "one| two", ""},
		{"without offsets", "one two", `{"choices":[{"logprobs":{"tokens":["Q: é? A:","one"," two"],"token_logprobs":[null,-2,-3]}}]}`, "one| two", ""},
		{"special tokens before it", "one", `{"choices":[{"logprobs":{"tokens":["<s>","<|assistant|>","one"],"token_logprobs":[null,-1,-2],"text_offset":[0,3,16]}}]}`, "one", ""},
		{"over the prompt's end", "one two", `{"choices":[{"logprobs":{"tokens":["Q: é? A",":one"," two"],"token_logprobs":[null,-2,-3]}}]}`, "[one]| two", ""},
		{"a null", "one two", `{"choices":[{"logprobs":{"tokens":["A:","one"," two"],"token_logprobs":[null,null,-3]}}]}`, "[one]| two", ""},
		{"as chat has them", "one two", `{"choices":[{"logprobs":{"content":[{"token":"A:","logprob":-1},{"token":"one","logprob":-1},{"token":" two","logprob":-1}]}}]}`, "one| two", ""},
		{"parts of a character by offsets", "née", `{"choices":[{"logprobs":{"tokens":["Q: é? A:","n","\ufffd","\ufffd","e"],"token_logprobs":[null,-1,-2,-3,-4],"text_offset":[0,8,9,9,10]}}]}`, "n||é|e", ""},
		{"offsets over the prompt's end", "née", `{"choices":[{"logprobs":{"tokens":["Q: é? A",":n","\ufffd","e"],"token_logprobs":[null,-1,-2,-4],"text_offset":[0,7,9,10]}}]}`, "[n]|é|e", ""},
		{"offsets of another text", "née", `{"choices":[{"logprobs":{"tokens":["<s>","n","\ufffd","e"],"token_logprobs":[null,-1,-2,-4],"text_offset":[0,9,10,11]}}]}`, "", "do not make up the text"},
		{"offsets out of order", "née", `{"choices":[{"logprobs":{"tokens":["n","\ufffd","e"],"token_logprobs":[-1,-2,-4],"text_offset":[9,8,10]}}]}`, "", "do not make up the text"},
		{"another text", "one", `{"choices":[{"logprobs":{"tokens":["two"],"token_logprobs":[-1]}}]}`, "", "do not make up the text"},
		{"too little", "one two", `{"choices":[{"logprobs":{"tokens":[" two"],"token_logprobs":[-1]}}]}`, "", "is left"},
		{"uneven", "one", `{"choices":[{"logprobs":{"tokens":["one"],"token_logprobs":[]}}]}`, "", "different numbers"},
		{"none", "one", `{"choices":[{"text":"one"}]}`, "", noLogprobs},
		{"no choices", "one", `{}`, "", noLogprobs},
		{"prompt logprobs", "one two", `{"choices":[{}],"prompt_logprobs":[null,{"5":{"logprob":-1,"decoded_token":"A:"}},{"7":{"logprob":-2,"decoded_token":"one"}},{"9":{"logprob":-3,"decoded_token":" two"}}]}`, "one| two", ""},
	} {
		var r scoreReply
		if err := json.Unmarshal([]byte(c.reply), &r); err != nil {
			t.Fatal(err)
		}
		tokens, err := r.tokens(prompt, c.text)
		var said []string
		for _, token := range tokens {
			text := token.Text
			if math.IsNaN(token.Logprob) {
				text = "[" + text + "]"
			}
			said = append(said, text)
		}
		if got := strings.Join(said, "|"); got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v; want %q, %q", c.name, got, err, c.want, c.says)
		}
	}
}

func FuzzTokensOfAText(f *testing.F) {
	f.Add(`{"choices":[{"logprobs":{"tokens":["n","\ufffd","e"],"token_logprobs":[-1,-2,-4],"text_offset":[9,8,10]}}]}`, "A:", "née")
	f.Add(`{"choices":[{"logprobs":{"tokens":["A","\ufffd","e"],"token_logprobs":[-1,-2,-4],"text_offset":[0,2,3]}}]}`, "A:", "ée")
	f.Add(`{"prompt_logprobs":[null,{"5":{"logprob":-1,"decoded_token":"A:"}}]}`, "", "A:")
	f.Fuzz(func(t *testing.T, reply, prompt, text string) {
		var r scoreReply
		if json.Unmarshal([]byte(reply), &r) != nil {
			return
		}
		tokens, err := r.tokens(prompt, text)
		joined := ""
		for _, token := range tokens {
			joined += token.Text
		}
		if err == nil && joined != text {
			t.Errorf("%q is made of %q", text, joined)
		}
	})
}
