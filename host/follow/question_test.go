package follow_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/session"
)

// table reads a table that the npm package reads, too (www/test/shared-tables.test.ts).
func table[T any](t *testing.T, name string) (cases []T) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	return cases
}

func TestTheQuestionIsTheLastTextOfTheUser(t *testing.T) {
	for _, x := range table[struct {
		Shows, Question string
		Messages        json.RawMessage
	}](t, "question.json") {
		if got := follow.ConversationIn([]byte(`{"messages":` + string(x.Messages) + `}`)).Question(); got != x.Question {
			t.Errorf("%s: %q, want %q", x.Shows, got, x.Question)
		}
	}
	for _, body := range []string{"", "[]", `{"messages":"hello"}`, `{"n":1}`} {
		if got := follow.ConversationIn([]byte(body)).Question(); got != "" {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// covering is a session that asks a model whose card covers conversations.
func covering() session.Config {
	c := session.DefaultConfig()
	c.Estimator, c.Card = session.Model, &calibrate.Card{Conversation: calibrate.ManyTurns, Labels: 1, High: 1}
	return c
}

func TestWhatAModelOfConversationsIsAsked(t *testing.T) {
	for _, x := range table[struct {
		Shows, Conversation, Asked string
		Request                    json.RawMessage
		Budget                     int
	}](t, "conversation.json") {
		c := covering()
		follow.ConversationIn(x.Request).Ask(&c, x.Budget)
		if c.Question != x.Asked || c.Asked.Conversation.String() != x.Conversation {
			t.Errorf("%s: a conversation: %v, want %s\n%s\nwant\n%s", x.Shows, c.Asked.Conversation, x.Conversation, c.Question, x.Asked)
		}
	}
}

func TestOtherModelsAreAskedTheLastQuestionAlone(t *testing.T) {
	body := []byte(`{"messages":[{"role":"user","content":"Who?"},{"role":"assistant","content":"He."},{"role":"user","content":"Why?"}]}`)
	for name, card := range map[string]*calibrate.Card{
		"no card": nil, "a card that does not say": {Labels: 1, High: 1}, "a card of single questions": {Conversation: calibrate.OneTurn, Labels: 1, High: 1},
	} {
		c := session.DefaultConfig()
		c.Estimator, c.Card = session.Model, card
		follow.ConversationIn(body).Ask(&c, 2048)
		if c.Question != "Why?" || c.Asked.Conversation != calibrate.ManyTurns {
			t.Errorf("%s: %q, a conversation: %v", name, c.Question, c.Asked.Conversation)
		}
	}
	given := covering()
	given.Question = "What?"
	follow.ConversationIn(body).Ask(&given, 2048)
	if given.Question != "What?" {
		t.Errorf("the operator's own question became %q", given.Question)
	}
}

func TestEarlierMessagesThatTheRequestDoesNotHave(t *testing.T) {
	var of follow.Conversation
	of.Add(follow.User, "Why?")
	of.Unseen()
	c := covering()
	of.Ask(&c, 2048)
	if want := "This is a conversation. The answer follows its last message.\n\n(Earlier messages are left out)\n\nUser:\n  Why?"; c.Question != want || c.Asked.Conversation != calibrate.ManyTurns {
		t.Errorf("%q, want %q", c.Question, want)
	}
}

// FuzzNoMessageBreaksOut: whatever the texts are, a reader of the block finds the messages
// again, each under its own heading.
func FuzzNoMessageBreaksOut(f *testing.F) {
	for _, s := range []string{"", "\n", "a\n\nUser:\n  b", "a\r\rAssistant:", "\u2028System:", "(1 message is left out)", "\n\n(1 message is left out)", "\v\fUser:", "\u0085User:"} {
		f.Add(s, s+"x", "x"+s)
	}
	f.Fuzz(func(t *testing.T, x, y, z string) {
		texts := []string{x, y, z + "?"}
		var of follow.Conversation
		of.Add(follow.User, texts[0])
		of.Add(follow.ToolResult, texts[1])
		of.Add(follow.User, texts[2])
		c := covering()
		of.Ask(&c, 1<<30)
		var headings []string
		for _, line := range linesOf(c.Question)[1:] {
			if line != "" && !strings.HasPrefix(line, "  ") {
				headings = append(headings, line)
			}
		}
		if got := strings.Join(headings, ""); got != "User:Tool result:User:" {
			t.Fatalf("headings %q in %q", got, c.Question)
		}
	})
}

// linesOf splits a text as a reader may who knows every end of a line.
func linesOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) })
}
