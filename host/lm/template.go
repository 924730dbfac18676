package lm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// ChatTemplate is the only supported chat template, as Jinja. Each message is its role as a
// special token, its content, and <|end|>, with nothing in between. <|assistant|> at the
// end asks for an answer.
const ChatTemplate = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}" +
	"{% if add_generation_prompt %}<|assistant|>{% endif %}"

// checkTemplate returns an error if the folder has another chat template. transformers 5
// saves the template in a file of its own, earlier versions in tokenizer_config.json.
func checkTemplate(fsys fs.FS) error {
	if file, err := fs.ReadFile(fsys, "chat_template.jinja"); err == nil {
		return sameTemplate("chat_template.jinja", string(file))
	}
	file, err := fs.ReadFile(fsys, "tokenizer_config.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lm: %w", err)
	}
	var c struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(file, &c); err != nil {
		return fmt.Errorf("lm: tokenizer_config.json: %w", err)
	}
	if !set(c.Template) {
		return nil
	}
	var text string
	if err := json.Unmarshal(c.Template, &text); err != nil {
		return errors.New("lm: tokenizer_config.json: chat_template is not a string: not supported")
	}
	return sameTemplate("tokenizer_config.json", text)
}

func sameTemplate(name, text string) error {
	if strings.TrimSpace(text) != ChatTemplate {
		return fmt.Errorf("lm: %s: this chat template is not supported: want %s", name, ChatTemplate)
	}
	return nil
}

// Message is a message of a chat. Role is system, user or assistant.
type Message struct {
	Role, Content string
}

// Chat returns the tokens of a conversation. If open is true, the last message has no
// <|end|>, so the model continues it. If open is false, <|assistant|> follows, so the model
// begins an answer. An error is about a role.
func (t *Tokenizer) Chat(messages []Message, open bool) ([]int, error) {
	var ids []int
	for i, m := range messages {
		role, ok := t.named["<|"+m.Role+"|>"]
		if !ok || m.Role != "system" && m.Role != "user" && m.Role != "assistant" {
			return nil, fmt.Errorf("message %d has role %q: want system, user or assistant", i, m.Role)
		}
		ids = t.appendText(append(ids, role), m.Content)
		if open && i == len(messages)-1 {
			return ids, nil
		}
		ids = append(ids, t.end)
	}
	return append(ids, t.named[assistantToken]), nil
}
