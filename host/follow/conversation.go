package follow

import (
	"strconv"
	"strings"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/session"
)

// Conversation is the messages of a request, as far as they are text. The zero value has
// none.
//
// # What a confidence model is asked about
//
// If a user has asked one thing, the question is the text of that message, unchanged: this
// is what confidence models are trained on. A system message alone changes nothing.
//
// If there are several messages, a model whose card says "conversation": true is asked
// about all of them, as a block of text that takes the question's place in the prompt:
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
// The user's last message is always there, whole. The others are there as far as a budget of
// tokens allows: first the system's, then the newest ones. A message that does not fit is left
// out, with all that are older, and a line says how many are. A message costs a token for each
// four bytes of its text, and four for its heading.
//
// Any other model is asked about the user's last message alone, and its confidences say that
// they lie outside what the model covers (source.outside: conversation).
//
// The npm package writes the same blocks (www/src/question.ts). The table
// testdata/conversation.json holds both to this.
type Conversation struct {
	messages []message
	unseen   bool
}

type message struct {
	by   Speaker
	text string
}

// Speaker says whose message it is. It is the message's heading in a block.
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

// Unseen says that there are earlier messages that the request does not have.
func (c *Conversation) Unseen() { c.unseen = true }

// Question is the text of the user's last message; "" if there is none.
func (c *Conversation) Question() string {
	if i := c.last(); i >= 0 {
		return c.messages[i].text
	}
	return ""
}

// last is the index of the user's last message, or -1.
func (c *Conversation) last() int {
	for i := len(c.messages) - 1; i >= 0; i-- {
		if c.messages[i].by == User {
			return i
		}
	}
	return -1
}

// Turns says whether there are several messages, not counting the system's.
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

// Ask sets what a session is told about the question: its text and whether it is a
// conversation. budget is the tokens of a block beside the user's last message.
func (c *Conversation) Ask(of *session.Config, budget int) {
	of.Asked.Conversation = c.Turns()
	if of.Question != "" {
		return
	}
	if of.Question = c.Question(); of.Question != "" && of.Asked.Conversation == calibrate.ManyTurns && of.Conversations() {
		of.Question = c.block(budget)
	}
}

// headingTokens is what a message costs beside its text, and bytesPerToken what a token
// is taken for.
const headingTokens, bytesPerToken = 4, 4

// kept says which messages are in a block.
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

// indented gives each line of a text but the first the indentation of a block. Whatever a
// model may read as the end of a line counts as one.
var indented = strings.NewReplacer("\r\n", "\n  ", "\n", "\n  ", "\r", "\n  ", "\v", "\n  ", "\f", "\n  ", "\u0085", "\n  ", "\u2028", "\n  ", "\u2029", "\n  ")

// block is the conversation as one text. It has a message of the user.
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
