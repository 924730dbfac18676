package openai_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/finece/finece/host/openai"
)

func TestTokensOfReplies(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"chat", `{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1}]},{"token":"c","logprob":null}]}`,
			`[{"token":"a","logprob":-0.5,"top_logprobs":[{"token":"b","logprob":-1}]},{"token":"c","logprob":null}]`},
		{"a part of a character", `{"content":[{"token":"\ufffd","logprob":-1,"bytes":[226,130]}]}`, `[{"token":"\ufffd\ufffd","bytes":[226,130],"logprob":-1}]`},
		{"completions", `{"tokens":["a","b"],"token_logprobs":[null,-2],"top_logprobs":[null,{"x":-3,"b":-2,"c":-2}],"text_offset":[0,1]}`,
			`[{"token":"a","logprob":null},{"token":"b","logprob":-2,"top_logprobs":[{"token":"b","logprob":-2},{"token":"c","logprob":-2},{"token":"x","logprob":-3}]}]`},
		{"none", `null`, `null`},
	} {
		var l *openai.Logprobs
		if err := json.Unmarshal([]byte(c.in), &l); err != nil {
			t.Fatal(err)
		}
		tokens, err := l.List()
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(tokens)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
		var back []openai.Token
		if err := json.Unmarshal(got, &back); err != nil || len(back) != len(tokens) {
			t.Fatalf("%v", err)
		}
		for i := range back {
			same := back[i].Logprob == tokens[i].Logprob || math.IsNaN(back[i].Logprob) && math.IsNaN(tokens[i].Logprob)
			if back[i].Text != tokens[i].Text || !same {
				t.Errorf("%s: %+v came back as %+v", c.name, tokens[i], back[i])
			}
		}
	}
	if _, err := (&openai.Logprobs{Tokens: []string{"a"}}).List(); err == nil {
		t.Error("a token without its number is fine")
	}
	var token openai.Token
	if json.Unmarshal([]byte(`{"token":"a","bytes":[256]}`), &token) == nil {
		t.Error("256 is a byte")
	}
}
