package lm_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/lm"
)

func TestServerErrors(t *testing.T) {
	url, _ := serve(t, options(func(o *lm.Options) { o.MaxContext = 60 }))
	const chat, text = "/v1/chat/completions", "/v1/completions"
	user := `"messages":[{"role":"user","content":"a"}]`
	for _, c := range []struct {
		path, body string
		status     int
		says       []string
	}{
		{chat, `{`, 400, []string{"is not JSON"}},
		{chat, `[1]`, 400, []string{"the body is a JSON array: want an object", `"param":null`}},
		{chat, `{"messages":3}`, 400, []string{`"param":"messages"`, "messages is a JSON number: want an array"}},
		{chat, `{"messages":[3]}`, 400, []string{"messages is a JSON number: want an object"}},
		{chat, `{` + user + `,"n":"x"}`, 400, []string{`"param":"n"`, `"n is a JSON string: want a whole number`}},
		{chat, `{` + user + `,"n":9223372036854775807}`, 400, []string{`"param":"n"`, "want 1 to"}},
		{chat, `{` + user + `,"n":1e40}`, 400, []string{`"param":"n"`, "n is a JSON number 1e40: want a whole number of"}},
		{chat, `{` + user + `,"stream":1}`, 400, []string{"stream is a JSON number: want true or false"}},
		{chat, `{` + user + `,"temperature":"x"}`, 400, []string{"temperature is a JSON string: want a number"}},
		{chat, `{` + user + `,"stream_options":{"include_usage":1}}`, 400, []string{`"param":"stream_options.include_usage"`}},
		{text, `{"prompt":"a","top_k":"x"}`, 400, []string{`"param":"top_k"`, `"top_k is a JSON string`}},
		{text, `{"model":1}`, 400, []string{"model is a JSON number: want a string"}},
		{"/pooling", `3`, 400, []string{"the body is a JSON number: want an object"}},
		{chat, `{"messages":[]}`, 400, []string{"messages is empty"}},
		{chat, `{"messages":[{"role":"tool","content":"a"}]}`, 400, []string{`role \"tool\"`, "want system, user or assistant"}},
		{chat, `{"messages":[{"role":"user"}]}`, 400, []string{"no content"}},
		{chat, `{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`, 400, []string{`type \"image_url\"`}},
		{chat, `{"messages":[{"role":"user","content":"a","prefix":true}]}`, 400, []string{"has prefix"}},
		{chat, `{` + user + `,"continue_final_message":true,"add_generation_prompt":true}`, 400, []string{"cannot both be true"}},
		{chat, `{` + user + `,"n":0}`, 400, []string{`"param":"n"`, "want 1 to"}},
		{chat, `{` + user + `,"temperature":3}`, 400, []string{"want 0 to 2"}},
		{chat, `{` + user + `,"top_p":0}`, 400, []string{`"param":"top_p"`}},
		{chat, `{` + user + `,"top_logprobs":2}`, 400, []string{"needs logprobs"}},
		{chat, `{` + user + `,"logprobs":true,"top_logprobs":21}`, 400, []string{"want 0 to 20"}},
		{chat, `{` + user + `,"max_tokens":0}`, 400, []string{"want 1 or more"}},
		{chat, `{` + user + `,"stop":3}`, 400, []string{"stop is neither"}},
		{chat, `{` + user + `,"tools":[{}]}`, 400, []string{"tools is not supported"}},
		{chat, `{` + user + `,"top_k":5}`, 400, []string{"top_k is not supported"}},
		{chat, `{` + user + `,"response_format":{"type":"json_object"}}`, 400, []string{"response_format is not supported"}},
		{chat, `{` + user + `,"max_tokens":70}`, 400, []string{"context is 60 tokens, but 74 are needed: 4 for the prompt and 70", "context_length_exceeded"}},
		{chat, `{"stream":true,` + user + `,"max_tokens":70}`, 400, []string{"context is 60 tokens"}},
		{chat, `{` + user + `,"max_completion_tokens":9223372036854775807}`, 400, []string{"9223372036854775811 are needed", "context_length_exceeded"}},
		{chat, `{` + user + `,"logprobs":true,"top_logprobs":9223372036854775807}`, 400, []string{"want 0 to 20"}},
		{chat, `{` + user + `,"top_k":9223372036854775807}`, 400, []string{"top_k is not supported"}},
		{chat, `{` + user + `,"best_of":9223372036854775807}`, 400, []string{"best_of is not supported"}},
		{text, `{"prompt":[5],"max_tokens":9223372036854775807}`, 400, []string{"9223372036854775808 are needed: 1 for the prompt", "context_length_exceeded"}},
		{text, `{"prompt":[5],"max_tokens":9223372036854775807,"stream":true}`, 400, []string{"context_length_exceeded"}},
		{text, `{"prompt":[5],"logprobs":9223372036854775807}`, 400, []string{"want 0 to 20"}},
		{text, `{"prompt":[9223372036854775807]}`, 400, []string{"token 0 of the prompt"}},
		{chat, `{"model":"value",` + user + `}`, 400, []string{"value head"}},
		{text, `{}`, 400, []string{"prompt is missing"}},
		{text, `{"prompt":[]}`, 400, []string{"prompt is empty"}},
		{text, `{"prompt":""}`, 400, []string{"empty text"}},
		{text, `{"prompt":[1,300]}`, 400, []string{"token 1 of the prompt is 300"}},
		{text, `{"prompt":"a","max_tokens":0}`, 400, []string{"or 0 with echo"}},
		{"/pooling", `{"model":"generator","input":"a"}`, 400, []string{"has no value head"}},
		{"/pooling", `{"input":4}`, 400, []string{"input is neither"}},
		{"/v1/embeddings", `{}`, 404, []string{"path /v1/embeddings does not exist"}},
	} {
		reply := post(t, url+c.path, c.body, c.status, nil)
		var shape struct {
			Error struct {
				Message, Type string
				Param, Code   *string
			}
		}
		if err := json.Unmarshal([]byte(reply), &shape); err != nil || shape.Error.Message == "" || shape.Error.Type != "invalid_request_error" {
			t.Errorf("%s: %s", c.body, reply)
		}
		for _, s := range c.says {
			if !strings.Contains(reply, s) {
				t.Errorf("%s: it does not say %q: %s", c.body, s, reply)
			}
		}
	}
	for path, status := range map[string]int{"/health": 200, "/metrics": 200, "/v1/models": 200, "/v1/models/value": 200, "/v1/models/x": 404, "/v1/models/": 404, chat: 405} {
		resp, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, status)
		}
	}
	resp, err := http.Post(url+text, "application/json", bytes.NewReader(make([]byte, 17<<20)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 17 MiB: status %d", resp.StatusCode)
	}
}
