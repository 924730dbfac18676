package answers

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/wasm/stream"
)

// A batch's output has a line for each request, with the request's custom_id:
//
//	{"custom_id": "a", "response": {"status_code": 200, "body": {...}}, "error": null}
//	{"custom_id": "a", "result": {"type": "succeeded", "message": {...}}}
//
// The first is OpenAI's and vLLM's (run_batch), the second Anthropic's. body and
// message are the whole response, in one of the formats that the core reads.

// response is the response in a line, or what is said instead of one.
func response(line []byte) ([]byte, error) {
	values := members.Get(line, "response", "result", "error")
	if values[0] == nil && values[1] == nil && values[2] == nil && !json.Valid(line) {
		var any json.RawMessage
		return nil, describe(json.Unmarshal(line, &any))
	}
	var failed struct {
		StatusCode int `json:"status_code"`
		Type       string
		Body       json.RawMessage
		Message    json.RawMessage
		Error      json.RawMessage
	}
	whole := values[0]
	if !isObject(whole) {
		whole = values[1]
	}
	if !isObject(whole) {
		return nil, fmt.Errorf("the request failed: %s", message(values[2]))
	}
	if err := json.Unmarshal(whole, &failed); err != nil {
		return nil, describe(err)
	}
	body := failed.Body
	if !isObject(body) {
		body = failed.Message
	}
	switch {
	case failed.StatusCode >= 400:
		return nil, fmt.Errorf("the request failed with status %d: %s", failed.StatusCode, message(body))
	case !isObject(body) && failed.Type != "":
		return nil, fmt.Errorf("the request is %s: %s", failed.Type, message(failed.Error))
	case !isObject(body):
		return nil, errors.New("the response has no body")
	}
	return body, nil
}

func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }

// message is what an error says: {"message"} or {"error": {"message"}}.
func message(raw []byte) string {
	var e struct {
		Message string
		Error   json.RawMessage
	}
	if json.Unmarshal(raw, &e) != nil {
		return short(raw)
	}
	if e.Message == "" && len(e.Error) > 0 {
		return message(e.Error)
	}
	if e.Message == "" {
		return "no reason is given"
	}
	return e.Message
}

// readBatch reads a line of a batch's output.
func (r *Reader) readBatch(line []byte, number int) (*Answer, error) {
	a := &Answer{Line: number, ID: compact(members.Get(line, "custom_id")[0])}
	body, err := response(line)
	if err != nil {
		return a, err
	}
	a.Whole = true
	a.response, a.format = appendLine(nil, body), stream.Auto
	return a, nil
}

// said is the text of the first answer in a line of a batch's output.
func said(line []byte) (string, error) {
	body, err := response(line)
	if err != nil {
		return "", err
	}
	var b struct {
		Choices []struct {
			Text    *string
			Message struct{ Content *string }
		}
		Content []struct{ Text *string }                     // Anthropic's
		Output  []struct{ Content []struct{ Text *string } } // OpenAI's Responses
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return "", describe(err)
	}
	var texts []*string
	for _, c := range b.Choices {
		texts = append(texts, c.Text, c.Message.Content)
	}
	for _, c := range b.Content {
		texts = append(texts, c.Text)
	}
	for _, o := range b.Output {
		for _, c := range o.Content {
			texts = append(texts, c.Text)
		}
	}
	for _, t := range texts {
		if t != nil {
			return *t, nil
		}
	}
	return "", errors.New("the response has no answer")
}
