package lm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/finece/finece/host/lm/internal/jinja"
)

// Message is a message of a chat. Role is system, user or assistant.
type Message struct {
	Role, Content string
}

// tokenizerConfig has the fields of tokenizer_config.json that are read.
type tokenizerConfig struct {
	Template json.RawMessage `json:"chat_template"`
	Bos      namedToken      `json:"bos_token"`
	Eos      namedToken      `json:"eos_token"`
	Pad      namedToken      `json:"pad_token"`
	Unk      namedToken      `json:"unk_token"`
}

// namedToken is the name of a special token: a string, or an object with it.
type namedToken string

func (n *namedToken) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		return json.Unmarshal(raw, (*string)(n))
	}
	var token struct{ Content string }
	err := json.Unmarshal(raw, &token)
	*n = namedToken(token.Content)
	return err
}

// chatTemplate is the chat template of a model.
type chatTemplate struct {
	*jinja.Template
	tokens map[string]any // the names of special tokens, such as eos_token
}

// loadTemplate reads the chat template of a folder, or returns nil if there is none.
// transformers 5 saves the template in a file of its own, earlier versions in
// tokenizer_config.json.
func loadTemplate(fsys fs.FS, c *tokenizerConfig) (*chatTemplate, error) {
	name := templateName
	file, err := fs.ReadFile(fsys, name)
	text := string(file)
	if errors.Is(err, fs.ErrNotExist) {
		name = tokenizerConfigName
		text, err = c.template()
	}
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", name, err)
	}
	if text == "" {
		return nil, nil
	}
	t := &chatTemplate{tokens: map[string]any{}}
	for name, token := range map[string]namedToken{"bos_token": c.Bos, "eos_token": c.Eos, "pad_token": c.Pad, "unk_token": c.Unk} {
		if token != "" {
			t.tokens[name] = string(token)
		}
	}
	if strings.ContainsAny(text, string([]rune{fromMessage, lastEnds})) {
		return nil, fmt.Errorf("lm: %s: the chat template contains U+FDD0 or U+FDD1: not supported", name)
	}
	if t.Template, err = jinja.Parse(text); err == nil {
		_, err = t.write([]Message{{"user", "Hello"}}, answers)
	}
	if err != nil {
		return nil, fmt.Errorf("lm: %s: the chat template is not supported: %w", name, err)
	}
	return t, nil
}

// template returns the template in tokenizer_config.json, which may be one of several with
// names.
func (c *tokenizerConfig) template() (string, error) {
	if !set(c.Template) {
		return "", nil
	}
	if text, ok := as[string](c.Template); ok {
		return text, nil
	}
	var several []struct{ Name, Template string }
	if err := json.Unmarshal(c.Template, &several); err != nil {
		return "", errors.New("chat_template is neither a string nor a list of templates with names")
	}
	for _, t := range several {
		if t.Name == "default" {
			return t.Template, nil
		}
	}
	return "", errors.New("chat_template has no template with the name default")
}

// ending says what comes after the last message.
type ending int

const (
	answers ending = iota // an answer begins
	ends                  // nothing
	goesOn                // the last message has no end
)

// Two characters that Unicode keeps for internal use mark what a template writes.
// fromMessage comes before each character of a message, except before white space, which
// templates may remove. lastEnds comes after the last message.
const (
	fromMessage = '\uFDD0'
	lastEnds    = '\uFDD1'
)

var errLooks = errors.New("the chat template looks into the text of a message, which is not supported for this text")

// write returns a conversation as the template writes it, with fromMessage before the
// characters of the messages' texts.
func (c *chatTemplate) write(messages []Message, end ending) (string, error) {
	plain, err := c.render(messages, end, func(s string) string { return s })
	if err != nil {
		return "", err
	}
	text, err := c.render(messages, end, marked)
	if err != nil || unmarked(text) != plain {
		return "", errLooks // what the template writes depends on characters that the marks separate
	}
	if end != goesOn {
		return text, nil
	}
	// As with transformers: a template may have removed white space at the end, and then the
	// message continues without it.
	for at := strings.LastIndex(text, string(lastEnds)); at >= 0; at = strings.LastIndex(text[:at], string(lastEnds)) {
		text, after := text[:at], text[at+len(string(lastEnds)):]
		switch {
		case strings.HasSuffix(text, string(fromMessage)): // it is in the message
		case strings.HasPrefix(after, " "):
			return text, nil
		default:
			return strings.TrimRightFunc(text, jinja.IsSpace), nil
		}
	}
	return "", errors.New("the chat template leaves the last message out, so it cannot be continued")
}

// render runs the template on messages with changed contents.
func (c *chatTemplate) render(messages []Message, end ending, change func(string) string) (string, error) {
	list := make([]any, len(messages))
	size := 0
	for i, m := range messages {
		text := change(m.Content)
		if end == goesOn && i == len(messages)-1 {
			text += string(lastEnds) + " "
		}
		size += len(text)
		list[i] = jinja.Dict{{Name: "role", Value: m.Role}, {Name: "content", Value: text}}
	}
	variables := map[string]any{"messages": list, "add_generation_prompt": end == answers, "tools": nil, "documents": nil}
	for name, token := range c.tokens {
		variables[name] = token
	}
	return c.Render(variables, size)
}

func marked(text string) string {
	b := make([]byte, 0, 4*len(text))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !jinja.IsSpace(r) {
			b = utf8.AppendRune(b, fromMessage)
		}
		b = append(b, text[i:i+size]...)
		i += size
	}
	return string(b)
}

func unmarked(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, string(fromMessage))
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, size := utf8.DecodeRuneInString(after)
		b.WriteString(after[:size])
		text = after[size:]
	}
}

// Chat returns the tokens of a conversation, as the model's chat template writes it. If
// open is true, the last message does not end, so the model continues it. If open is false,
// the model begins an answer. Names of special tokens that the template writes become these
// tokens. Names in messages do not, even if the template adds to them. An error is about a
// role, or comes from the template.
func (t *Tokenizer) Chat(messages []Message, open bool) ([]int, error) {
	if open {
		return t.chat(messages, goesOn)
	}
	return t.chat(messages, answers)
}

func (t *Tokenizer) chat(messages []Message, end ending) ([]int, error) {
	if t.template == nil {
		return nil, errors.New("the model has no chat template, so it takes no messages")
	}
	for i, m := range messages {
		if m.Role != "system" && m.Role != "user" && m.Role != "assistant" {
			return nil, fmt.Errorf("message %d has role %q: want system, user or assistant", i, m.Role)
		}
	}
	text, err := t.template.write(messages, end)
	if err != nil {
		return nil, err
	}
	var ids []int
	begin := 0 // of the text after the last special token
	for at := 0; at < len(text); {
		if r, size := utf8.DecodeRuneInString(text[at:]); r == fromMessage {
			_, next := utf8.DecodeRuneInString(text[at+size:])
			at += size + next
			continue
		}
		name := t.nameAt(text[at:])
		if name == "" {
			at++
			continue
		}
		ids = append(t.appendText(ids, unmarked(text[begin:at])), t.named[name])
		at += len(name)
		begin = at
	}
	return t.appendText(ids, unmarked(text[begin:])), nil
}
