package lm

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// chatCases is what testdata/chats.py wrote.
type chatCases struct {
	Chats map[string][]struct {
		Messages []Message
		Add      bool    `json:"add_generation_prompt"`
		Continue bool    `json:"continue_final_message"`
		Text     *string // nil if the template refuses the conversation
		Tokens   []int
	}
	Partial []struct {
		Text   string
		Tokens []int
	}
}

func tokenizer(t testing.TB, name string) *Tokenizer {
	t.Helper()
	tok, err := loadTokenizer(must(testdata, name), must(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestChatsAreThoseOfTransformers compares texts and tokens with those of
// apply_chat_template.
func TestChatsAreThoseOfTransformers(t *testing.T) {
	var all chatCases
	golden(t, "chats.json", &all)
	if len(all.Chats) != 3 {
		t.Fatalf("%d templates", len(all.Chats))
	}
	for name, chats := range all.Chats {
		tok := tokenizer(t, name)
		for _, c := range chats {
			end := ends
			if c.Continue {
				end = goesOn
			} else if c.Add {
				end = answers
			}
			ids, err := tok.chat(c.Messages, end)
			if c.Text == nil {
				if err == nil {
					t.Errorf("%s: %q is %v, want an error", name, c.Messages, ids)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %q: %v", name, c.Messages, err)
				continue
			}
			if text, err := tok.template.write(c.Messages, end); unmarked(text) != *c.Text {
				t.Errorf("%s: %q is\n%q, want\n%q: %v", name, c.Messages, unmarked(text), *c.Text, err)
			}
			if !slices.Equal(ids, c.Tokens) {
				t.Errorf("%s: %q is %v, want %v", name, c.Messages, ids, c.Tokens)
			}
		}
	}
}

// TestBytesWithoutTokens compares with the tokens of Hugging Face's library, which leaves
// such bytes out, and then merges their neighbours.
func TestBytesWithoutTokens(t *testing.T) {
	var all chatCases
	golden(t, "chats.json", &all)
	tok := tokenizer(t, "partial")
	for _, c := range all.Partial {
		if ids := tok.Encode(c.Text); !slices.Equal(ids, c.Tokens) && len(ids)+len(c.Tokens) > 0 {
			t.Errorf("%q is %v, want %v", c.Text, ids, c.Tokens)
		}
	}
	if _, err := loadTokenizer(testdata, changed(t, "partial", tokenizerName, replace(`"unk_token": null`, `"unk_token": "<|end|>"`))); err == nil || !strings.Contains(err.Error(), "model.unk_token is set") {
		t.Error(err)
	}
}

// templates are chat templates that write names of special tokens in several ways.
var templates = []string{
	"{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
	"{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + eos_token }}{% endfor %}",
	"{% for m in messages %}<|{{ m.content }}|>{{ m.content | trim }}<|{{ m.content | upper }}{% endfor %}",
	"{% for m in messages %}<|en{{ m.content[:40] }}<|user|>{{ m.content.split(' ')[0] }}{% endfor %}",
	"{% for m in messages %}{{ m.content }}{{ m.content }}|>{% endfor %}{{ messages | length }}",
}

func withTemplate(t testing.TB, text string) *Tokenizer {
	t.Helper()
	all := fstest.MapFS{templateName: {Data: []byte(text)}}
	for _, name := range []string{tokenizerName, tokenizerConfigName} {
		file, err := fs.ReadFile(must(testdata, "untied"), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: file}
	}
	tok, err := loadTokenizer(all, all)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// specials returns the special tokens of a message's conversation.
func specials(tok *Tokenizer, content string) (names []string, err error) {
	ids, err := tok.Chat([]Message{{"user", content}}, false)
	for _, id := range ids {
		if tok.special[id] {
			names = append(names, tok.name(id))
		}
	}
	return names, err
}

// FuzzMessages checks, for several templates, that no text of a message becomes a special
// token, alone or together with what the template writes around it.
func FuzzMessages(f *testing.F) {
	var all []*Tokenizer
	var want [][]string
	for _, text := range templates {
		tok := withTemplate(f, text)
		names, err := specials(tok, "x")
		if err != nil {
			f.Fatal(err)
		}
		all, want = append(all, tok), append(want, names)
	}
	for _, content := range []string{"", "<|end|>", "end", "user", "d|>", " END ", "a<|assistant|>b", "<|user|", "\ufdd0<\ufdd0|end|>", "\ufdd1 x", "\xff<|end|>", "日本 <|system|>", "|>", "<"} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		for i, tok := range all {
			names, err := specials(tok, content)
			if err == nil && !slices.Equal(names, want[i]) {
				t.Errorf("%s: %q has the special tokens %q, want %q", templates[i], content, names, want[i])
			}
			if err != nil && i < 2 {
				t.Errorf("%s: %q: %v", templates[i], content, err)
			}
		}
	})
}

// TestTemplatesOfFolders reads templates from the places where transformers saves them.
func TestTemplatesOfFolders(t *testing.T) {
	own, _ := json.Marshal(templates[0])
	config := func(value string) fstest.MapFS {
		all := changed(t, "untied", tokenizerConfigName, with("chat_template", value))
		delete(all, templateName)
		return all
	}
	file := func(text string) fstest.MapFS {
		return changed(t, "untied", templateName, func(string) string { return text })
	}
	for what, c := range map[string]struct {
		folder fstest.MapFS
		says   string // of Load or, with "chat: ", of Chat
	}{
		"a string":                {config(string(own)), ""},
		"several":                 {config(`[{"name":"tools","template":"{% x %}"},{"name":"default","template":` + string(own) + `}]`), ""},
		"several, none default":   {config(`[{"name":"tools","template":"x"}]`), "tokenizer_config.json: chat_template has no template with the name default"},
		"no text":                 {config(`7`), "chat_template is neither a string nor a list"},
		"null":                    {config(`null`), "chat: the model has no chat template"},
		"include":                 {file("{% include 'config.json' %}"), "chat_template.jinja: the chat template is not supported: line 1"},
		"no end of a loop":        {file("{% for m in messages %}"), "chat_template.jinja: the chat template is not supported"},
		"a function":              {file("{{ open('config.json') }}"), "the function open is not supported"},
		"endless":                 {file("{% for a in range(100000000) %}{% endfor %}"), "too much work"},
		"too long":                {file(strings.Repeat("a", 70000)), "70000 bytes"},
		"internal characters":     {file("a\ufdd0"), "U+FDD0"},
		"no messages to continue": {file("{{ messages | length }}"), "continued: the chat template leaves the last message out"},
		"a look at the text":      {file("{% if 'hi' in messages[0].content %}a{% endif %}"), "chat: the chat template looks into the text of a message"},
		"an exception":            {file("{% if messages[0].content == 'hi' %}{{ raise_exception('no hi') }}{% endif %}"), "chat: line 1 of the template: the template says: no hi"},
	} {
		m, err := Load(c.folder)
		if says, ok := strings.CutPrefix(c.says, "chat: "); ok && err == nil {
			c.says = says
			_, err = m.Tokenizer().Chat([]Message{{"user", "hi"}}, false)
		}
		if says, ok := strings.CutPrefix(c.says, "continued: "); ok && err == nil {
			c.says = says
			_, err = m.Tokenizer().Chat([]Message{{"user", "hi"}}, true)
		}
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want %q", what, err, c.says)
		}
	}
}

// TestEndsOfAnswers checks which files say what ends an answer.
func TestEndsOfAnswers(t *testing.T) {
	without := replace(`"eos_token": "<|end|>",`, ``)
	for _, c := range []struct {
		eos        bool // in tokenizer_config.json
		generation string
		config     string
		want       []int
		says       string
	}{
		{true, `{}`, `2`, []int{3}, ""},
		{true, `{"eos_token_id":[0,3,4]}`, `2`, []int{3, 0, 4}, ""},
		{false, `{"eos_token_id":7}`, `2`, []int{7}, ""},
		{false, `{}`, `2`, []int{2}, ""},
		{false, `{"eos_token_id":null}`, `null`, nil, "no token ends an answer"},
		{false, `{"eos_token_id":"x"}`, `2`, nil, "generation_config.json: eos_token_id is neither"},
		{false, `{"eos_token_id":-1}`, `2`, nil, "eos_token_id is -1"},
	} {
		all := changed(t, "untied", configName, with("eos_token_id", c.config+" "))
		all[generationName] = &fstest.MapFile{Data: []byte(c.generation)}
		if !c.eos {
			all[tokenizerConfigName] = changed(t, "untied", tokenizerConfigName, without)[tokenizerConfigName]
		}
		m, err := Load(all)
		if err != nil || c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) || c.says == "" {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if got := m.Tokenizer().Ends(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if _, err := Load(changed(t, "untied", tokenizerConfigName, with("eos_token", `{"content":"<|eot|>"}`))); err == nil || !strings.Contains(err.Error(), `eos_token "<|eot|>" is not in added_tokens`) {
		t.Error(err)
	}
}
