package lm

import (
	"encoding/json"
	"net/http"
	"time"
)

// chatRequest is the body of /v1/chat/completions.
type chatRequest struct {
	params
	Messages      []chatMessage `json:"messages"`
	MaxCompletion *int          `json:"max_completion_tokens"`
	Logprobs      bool          `json:"logprobs"`
	TopLogprobs   *int          `json:"top_logprobs"`
	Continue      bool          `json:"continue_final_message"` // vLLM's
	AddPrompt     *bool         `json:"add_generation_prompt"`  // vLLM's
	Echo          bool          `json:"echo"`                   // vLLM's
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	Prefix  bool            `json:"prefix"` // DeepSeek's and Mistral's
}

// text returns the content, which is a string or a list of parts of type text.
func (m *chatMessage) text() (string, error) {
	if !set(m.Content) {
		return "", badRequest("messages", "a message of role %q has no content", m.Role)
	}
	whole, ok := as[string](m.Content)
	if ok {
		return whole, nil
	}
	var parts []struct{ Type, Text string }
	if json.Unmarshal(m.Content, &parts) != nil {
		return "", badRequest("messages", "the content of a message is neither a string nor a list of parts")
	}
	for _, p := range parts {
		if p.Type != "text" {
			return "", badRequest("messages", "the content of a message has a part of type %q: want text", p.Type)
		}
		whole += p.Text
	}
	return whole, nil
}

// prompt returns the tokens of a conversation.
func prompt(t *Tokenizer, sent []chatMessage, open bool, add *bool) ([]int, error) {
	if len(sent) == 0 {
		return nil, badRequest("messages", "messages is empty")
	}
	messages := make([]Message, len(sent))
	for i := range sent {
		m := &sent[i]
		text, err := m.text()
		if err != nil {
			return nil, err
		}
		if m.Prefix {
			if i < len(sent)-1 || m.Role != "assistant" {
				return nil, badRequest("messages", "message %d has prefix: want it in the last message, of role assistant", i)
			}
			open = true
		}
		role := m.Role
		if role == "developer" { // OpenAI's newer name
			role = "system"
		}
		messages[i] = Message{role, text}
	}
	if open && add != nil && *add {
		return nil, badRequest("add_generation_prompt", "add_generation_prompt and continue_final_message cannot both be true")
	}
	end := answers
	switch {
	case open:
		end = goesOn
	case add != nil && !*add:
		end = ends
	}
	ids, err := t.chat(messages, end)
	if err != nil {
		return nil, badRequest("messages", "%v", err)
	}
	return ids, nil
}

func (q *chatRequest) request(t *Tokenizer) (Request, error) {
	r, err := q.params.request()
	if err != nil {
		return r, err
	}
	most := q.MaxTokens
	if q.MaxCompletion != nil {
		most = q.MaxCompletion
	}
	r.Logprobs = q.Logprobs
	if q.TopLogprobs != nil {
		r.TopLogprobs = *q.TopLogprobs
	}
	switch {
	case most != nil && *most < 1:
		return r, badRequest("max_tokens", "max_tokens is %d: want 1 or more", *most)
	case r.TopLogprobs < 0 || r.TopLogprobs > MaxTopLogprobs:
		return r, badRequest("top_logprobs", "top_logprobs is %d: want 0 to %d", r.TopLogprobs, MaxTopLogprobs)
	case r.TopLogprobs > 0 && !r.Logprobs:
		return r, badRequest("top_logprobs", "top_logprobs needs logprobs")
	case q.Echo:
		return r, badRequest("echo", "echo is not supported here: /v1/completions has it")
	}
	if most != nil {
		r.MaxTokens = *most
	}
	r.Prompt, err = prompt(t, q.Messages, q.Continue, q.AddPrompt)
	return r, err
}

// chatResponse is the answer, or a chunk of it.
type chatResponse struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []chatChoice `json:"choices"`
	Usage   *usageBody   `json:"usage,omitempty"`
}

type chatChoice struct {
	Index    int           `json:"index"`
	Message  *chatReply    `json:"message,omitempty"`
	Delta    *chatDelta    `json:"delta,omitempty"`
	Logprobs *chatLogprobs `json:"logprobs"`
	Finish   any           `json:"finish_reason"`
}

type chatReply struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	Refusal any    `json:"refusal"`
}

type chatDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type chatLogprobs struct {
	Content []chatToken `json:"content"`
	Refusal any         `json:"refusal"`
}

type chatToken struct {
	Token   string      `json:"token"`
	Logprob float64     `json:"logprob"`
	Bytes   []int       `json:"bytes"`
	Top     []chatToken `json:"top_logprobs,omitzero"`
}

func tokenOf(t *Tokenizer, id int, logprob float64) chatToken {
	name := t.name(id)
	c := chatToken{Token: shown(t, id), Logprob: logprob, Bytes: make([]int, len(name))}
	for i := range len(name) {
		c.Bytes[i] = int(name[i])
	}
	return c
}

func logprobsOf(t *Tokenizer, asked bool, probs []TokenLogprob) *chatLogprobs {
	if !asked {
		return nil
	}
	l := &chatLogprobs{Content: make([]chatToken, len(probs))}
	for i, p := range probs {
		c := tokenOf(t, p.ID, p.Logprob)
		c.Top = make([]chatToken, len(p.Top))
		for j, a := range p.Top {
			c.Top[j] = tokenOf(t, a.ID, a.Logprob)
		}
		l.Content[i] = c
	}
	return l
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	var q chatRequest
	if err := receive(w, r, &q); err != nil {
		return err
	}
	m, err := s.model(q.Model)
	if err != nil {
		return err
	}
	t := m.Engine.m.tokenizer
	request, err := q.request(t)
	if err != nil {
		return err
	}
	head := chatResponse{ID: newID("chatcmpl-"), Object: "chat.completion", Created: time.Now().Unix(), Model: m.Name}
	if q.Stream {
		head.Object = "chat.completion.chunk"
		return s.streamChat(w, r, m.Engine, &q, request, head)
	}
	result, err := m.Engine.Generate(r.Context(), request, nil)
	if err != nil {
		return err
	}
	for i, c := range result.Choices {
		head.Choices = append(head.Choices, chatChoice{
			Index: i, Message: &chatReply{Role: "assistant", Content: c.Text}, Logprobs: logprobsOf(t, request.Logprobs, c.Probs), Finish: c.Finish,
		})
	}
	head.Usage = result.Usage.body()
	return send(w, http.StatusOK, head)
}

func (s *Server) streamChat(w http.ResponseWriter, r *http.Request, e *Engine, q *chatRequest, request Request, head chatResponse) error {
	out := &events{w: w}
	t := e.m.tokenizer
	begun := make([]bool, request.N)
	chunk := func(c chatChoice) error {
		head.Choices = []chatChoice{c}
		return out.send(head)
	}
	result, err := e.Generate(r.Context(), request, func(d Delta) error {
		if !begun[d.Index] {
			begun[d.Index] = true
			if err := chunk(chatChoice{Index: d.Index, Delta: &chatDelta{Role: "assistant", Content: new(string)}}); err != nil {
				return err
			}
		}
		if d.Text != "" || len(d.Probs) > 0 {
			if err := chunk(chatChoice{Index: d.Index, Delta: &chatDelta{Content: &d.Text}, Logprobs: logprobsOf(t, request.Logprobs, d.Probs)}); err != nil {
				return err
			}
		}
		if d.Finish == "" {
			return nil
		}
		return chunk(chatChoice{Index: d.Index, Delta: &chatDelta{}, Finish: d.Finish})
	})
	if err == nil && q.includeUsage() {
		head.Choices, head.Usage = []chatChoice{}, result.Usage.body()
		err = out.send(head)
	}
	return out.end(err)
}
