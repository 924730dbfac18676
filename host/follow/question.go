package follow

import "github.com/finece/finece/wasm/jsonscan"

// ConversationIn returns the messages in the body of a request for a chat completion.
func ConversationIn(body []byte) *Conversation {
	var c Conversation
	s := &jsonscan.Scanner{}
	s.Reset(body)
	if s.EnterObject() {
		for s.NextKey() {
			switch string(s.Key()) {
			case "messages":
				c.Read(s)
			case "system":
				c.ReadSystem(s)
			default:
				s.Skip()
			}
		}
	}
	return &c
}

// ReadSystem reads the system message of a request that has it in a member of its own.
func (c *Conversation) ReadSystem(s *jsonscan.Scanner) {
	if of := content(s); of.text != "" {
		c.Add(System, of.text)
	}
}

// Read reads the array of messages of a request, in the forms of OpenAI and of Anthropic.
// Anthropic's requests have the results of tools in user messages; a message with nothing else
// does not count as the user's.
func (c *Conversation) Read(s *jsonscan.Scanner) {
	if !s.EnterArray() {
		return
	}
	for s.NextElement() {
		if s.EnterObject() {
			c.read(s)
		}
	}
}

// read reads one message, after its object was entered. Parts of Responses' input that are not
// messages have a type instead of a role.
func (c *Conversation) read(s *jsonscan.Scanner) {
	var of parts
	var role, kind, name, output string
	for s.NextKey() {
		switch string(s.Key()) {
		case "role":
			role = text(s)
		case "type":
			kind = text(s)
		case "name":
			name = text(s)
		case "content":
			of = content(s)
		case "output":
			output = content(s).text
		case "tool_calls":
			of.calls = append(of.calls, toolCalls(s)...)
		default:
			s.Skip()
		}
	}
	switch {
	case kind == "function_call":
		c.Add(ToolCall, name)
		return
	case kind == "function_call_output":
		c.Add(ToolResult, output)
		return
	case role == "" && kind != "" && kind != "message":
		return // such as reasoning
	}
	for _, result := range of.results {
		c.Add(ToolResult, result)
	}
	if by := speaker(role); of.text != "" || len(of.results) == 0 && len(of.calls) == 0 {
		c.Add(by, of.text)
	}
	for _, call := range of.calls {
		c.Add(ToolCall, call)
	}
}

func speaker(role string) Speaker {
	switch role {
	case "system", "developer":
		return System
	case "user":
		return User
	case "assistant":
		return Assistant
	case "tool", "function":
		return ToolResult
	}
	return Other
}

// parts is the content of a message.
type parts struct {
	text    string   // the texts, joined by line ends
	results []string // of tools
	calls   []string // the names of the tools that are called
}

// content reads a message's content: a string, or an array of parts.
func content(s *jsonscan.Scanner) (of parts) {
	if s.Kind() == jsonscan.String {
		of.text = text(s)
		return of
	}
	var all []byte
	if !s.EnterArray() {
		return of
	}
	for s.NextElement() {
		if s.Kind() == jsonscan.String {
			all = appendPart(all, text(s))
			continue
		}
		if s.EnterObject() {
			all = appendPart(all, of.part(s))
		}
	}
	of.text = string(all)
	return of
}

// part reads a part of a message, after its object was entered, and returns its text.
func (of *parts) part(s *jsonscan.Scanner) (own string) {
	var kind, name, within string
	for s.NextKey() {
		switch string(s.Key()) {
		case "text":
			own = text(s)
		case "type":
			kind = text(s)
		case "name":
			name = text(s)
		case "content":
			within = content(s).text
		default:
			s.Skip()
		}
	}
	switch kind {
	case "tool_result":
		of.results = append(of.results, within)
		return ""
	case "tool_use":
		of.calls = append(of.calls, name)
		return ""
	}
	return own
}

// toolCalls returns the names of the functions in OpenAI's tool_calls.
func toolCalls(s *jsonscan.Scanner) (names []string) {
	if !s.EnterArray() {
		return nil
	}
	for s.NextElement() {
		name := ""
		member(s, "function", func() { member(s, "name", func() { name = text(s) }) })
		names = append(names, name)
	}
	return names
}

// member reads an object. It calls read when the scanner is at the value of the member called
// name, and skips other members.
func member(s *jsonscan.Scanner, name string, read func()) {
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) == name {
			read()
		} else {
			s.Skip()
		}
	}
}

func text(s *jsonscan.Scanner) string {
	text, _ := s.Text()
	return string(text)
}

func appendPart(all []byte, text string) []byte {
	if len(all) > 0 && len(text) > 0 {
		all = append(all, '\n')
	}
	return append(all, text...)
}
