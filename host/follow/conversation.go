package follow

import (
	"strconv"
	"strings"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/session"
)

// Conversation is the text messages of a request. The zero value has none.
//
// # The text for a confidence model
//
// If there is one message, the question is its text, unchanged: confidence models are trained on
// such questions. An additional system message does not change that.
//
// If there are several messages, a model whose card says "conversation": true is asked about all
// of them. The prompt then has a block of text instead of the question:
//
//	This is a conversation. The answer follows its last message.
//
//	System:
//	  Answer briefly.
//
//	(2 messages are left out)
//
//	User:
//	  How warm is it in Rome?
//
//	Tool call:
//	  weather
//
//	Tool result:
//	  21 degrees
//
// Each message is a heading and its text, with every line of the text indented by two spaces.
// So no text can begin a message of its own. The headings are System, User, Assistant,
// Tool call, which has the tool's name, Tool result and Other.
//
// The block always has the whole of the user's last message. A budget of tokens bounds the
// others: first system messages, then the newest ones. If a message does not fit, it and all
// older messages are left out, and a line says how many. A message costs one token for each four
// bytes of its text, and four tokens for its heading.
//
// Any other model is asked only about the user's last message. Its confidences say that a
// conversation is outside the model's training (source.outside: conversation).
//
// The npm package writes the same blocks (www/src/question.ts). The table
// testdata/conversation.json tests both.
type Conversation struct {
	messages []message
	unseen   bool
}

type message struct {
	by   Speaker
	text string
}

// Speaker says who a message is from. It is the message's heading in a block.
type Speaker string

// The speakers.
const (
	System     Speaker = "System"
	User       Speaker = "User"
	Assistant  Speaker = "Assistant"
	ToolCall   Speaker = "Tool call" // its text is the tool's name
	ToolResult Speaker = "Tool result"
	Other      Speaker = "Other"
)

// Add adds a message.
func (c *Conversation) Add(by Speaker, text string) {
	c.messages = append(c.messages, message{by, text})
}

// Unseen notes that the conversation has earlier messages that are not in the request.
func (c *Conversation) Unseen() { c.unseen = true }

// Question returns the text of the user's last message, or "".
func (c *Conversation) Question() string {
	if i := c.last(); i >= 0 {
		return c.messages[i].text
	}
	return ""
}

// Begun returns the text of the last message if it is the assistant's, or "". Some servers
// continue such a message.
func (c *Conversation) Begun() string {
	if n := len(c.messages); n > 0 && c.messages[n-1].by == Assistant {
		return c.messages[n-1].text
	}
	return ""
}

// last returns the index of the user's last message, or -1.
func (c *Conversation) last() int {
	for i := len(c.messages) - 1; i >= 0; i-- {
		if c.messages[i].by == User {
			return i
		}
	}
	return -1
}

// Turns says whether there are several messages, not counting system messages.
func (c *Conversation) Turns() calibrate.Turns {
	n := 0
	for i := range c.messages {
		if c.messages[i].by != System {
			n++
		}
	}
	if c.unseen || n > 1 {
		return calibrate.ManyTurns
	}
	return calibrate.OneTurn
}

// Ask sets the question of a session: its text and whether it is a conversation. It keeps a text
// that is set already. budget is the number of tokens of a block besides the user's last
// message.
func (c *Conversation) Ask(of *session.Config, budget int) {
	of.Asked.Conversation = c.Turns()
	if of.Question != "" {
		return
	}
	if of.Question = c.Question(); of.Question != "" && of.Asked.Conversation == calibrate.ManyTurns && of.Conversations() {
		of.Question = c.block(budget)
	}
}

// headingTokens is the cost of a message's heading, and bytesPerToken the number of text bytes
// that count as one token.
const headingTokens, bytesPerToken = 4, 4

// kept returns which messages are in a block.
func (c *Conversation) kept(budget int) []bool {
	kept := make([]bool, len(c.messages))
	fits := func(i int) bool {
		cost := headingTokens + (len(c.messages[i].text)+bytesPerToken-1)/bytesPerToken
		if cost <= budget {
			kept[i] = true
			budget -= cost
		}
		return kept[i]
	}
	last := c.last()
	for i := range c.messages {
		if c.messages[i].by == System {
			fits(i)
		}
	}
	for i := len(c.messages) - 1; i >= 0; i-- {
		if i != last && c.messages[i].by != System && !fits(i) {
			break
		}
	}
	kept[last] = true
	return kept
}

// indented indents each line of a text except the first. It treats every character that a model
// may read as a line end as one.
var indented = strings.NewReplacer("\r\n", "\n  ", "\n", "\n  ", "\r", "\n  ", "\v", "\n  ", "\f", "\n  ", "\u0085", "\n  ", "\u2028", "\n  ", "\u2029", "\n  ")

// block returns the conversation as one text. The conversation has to have a message of the user.
func (c *Conversation) block(budget int) string {
	var b strings.Builder
	b.WriteString("This is a conversation. The answer follows its last message.")
	out := 0
	leftOut := func() {
		switch {
		case out == 1:
			b.WriteString("\n\n(1 message is left out)")
		case out > 1:
			b.WriteString("\n\n(" + strconv.Itoa(out) + " messages are left out)")
		}
		out = 0
	}
	if c.unseen {
		b.WriteString("\n\n(Earlier messages are left out)")
	}
	for i, is := range c.kept(budget) {
		if !is {
			out++
			continue
		}
		leftOut()
		m := &c.messages[i]
		b.WriteString("\n\n" + string(m.by) + ":")
		if m.text != "" {
			b.WriteString("\n  ")
			_, _ = indented.WriteString(&b, m.text)
		}
	}
	leftOut()
	return b.String()
}
