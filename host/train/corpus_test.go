package train_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/estimate"
)

var equation = regexp.MustCompile(`(\d+) ([-+*/]) (\d+) = (\d+)`)

// mistaken reports whether an equation in text does not hold.
func mistaken(text string) bool {
	for _, m := range equation.FindAllStringSubmatch(text, -1) {
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[3])
		c, _ := strconv.Atoi(m[4])
		holds := map[string]bool{"+": a+b == c, "-": a-b == c, "*": a*b == c, "/": c*b == a}
		if !holds[m[2]] {
			return true
		}
	}
	return false
}

func corpus(t *testing.T, seed uint64, n int) (conversations [][]train.Message, raw string) {
	t.Helper()
	var b bytes.Buffer
	if err := train.WriteCorpus(&b, seed, problems.InDomain, n); err != nil {
		t.Fatal(err)
	}
	raw = b.String()
	d := json.NewDecoder(&b)
	for d.More() {
		var c struct{ Messages []train.Message }
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		conversations = append(conversations, c.Messages)
	}
	if len(conversations) != n {
		t.Fatalf("%d conversations, want %d", len(conversations), n)
	}
	return conversations, raw
}

// TestCorpus checks the shares of the parts, and that no question is of another pool. The
// reply about an answer is the low one if, and only if, the shown part has a mistake.
func TestCorpus(t *testing.T) {
	const n = 4000
	all, raw := corpus(t, 3, n)
	counts := map[string]int{}
	for _, c := range all {
		question, answer := c[0].Content, c[1].Content
		if c[0].Role != "user" || c[1].Role != "assistant" {
			t.Fatalf("%q", c)
		}
		if strings.HasPrefix(question, "Calculate: ") {
			counts["exercise"]++
		} else if problems.PoolOf(question) != problems.Corpus {
			t.Fatalf("%q is of the pool %v", question, problems.PoolOf(question))
		}
		if len(c) == 2 {
			counts["plain"]++
			if mistaken(answer) || !equation.MatchString(answer) {
				t.Fatalf("%q is answered %q", question, answer)
			}
			continue
		}
		want := train.SureReply
		if mistaken(answer) {
			want = train.UnsureReply
		}
		if len(c) != 4 || c[2].Role != "user" || c[2].Content != baseline.DefaultVerbPrompt || c[3].Role != "assistant" || c[3].Content != want {
			t.Fatalf("%q, want the opinion %s", c, want)
		}
		counts[want]++
		if !strings.Contains(answer, "#### ") {
			counts["begun"]++
		}
	}
	opinions := n / 8
	if counts["exercise"] != n/4 || counts["plain"] != n-opinions || counts["begun"] < opinions/4 ||
		counts[train.UnsureReply] < opinions/5 || counts[train.SureReply] < opinions/2 {
		t.Errorf("%v", counts)
	}
	if _, again := corpus(t, 3, n); again != raw {
		t.Error("the same seed gives another corpus")
	}
	if _, other := corpus(t, 4, n); other == raw {
		t.Error("another seed gives the same corpus")
	}
}

// Conversations about open-ended questions have one of the right answers, or a reply about
// an answer that is true of it.
func TestOpenEndedCorpus(t *testing.T) {
	var b, questions bytes.Buffer
	if err := train.WriteCorpus(&b, 3, problems.OpenEnded, 400); err != nil {
		t.Fatal(err)
	}
	if err := train.WriteQuestions(&questions, 3, problems.OpenEnded, problems.Corpus, 1200, nil); err != nil {
		t.Fatal(err)
	}
	// The corpus has the same problems in the same order; an exercise takes three.
	asked := map[string]*grade.Question{}
	for q, err := range construct.Read(&questions, construct.Plain) {
		if err != nil {
			t.Fatal(err)
		}
		asked[q.Text] = q
	}
	counts := map[string]int{}
	d := json.NewDecoder(&b)
	for d.More() {
		var c struct{ Messages []train.Message }
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		question, answer := c.Messages[0].Content, c.Messages[1].Content
		if strings.HasPrefix(question, "Calculate: ") {
			if counts["exercise"]++; mistaken(answer) {
				t.Fatalf("%q", c)
			}
			continue
		}
		verdict, err := grade.StatementsGrader{}.Grade(t.Context(), asked[question], answer)
		if err != nil {
			t.Fatal(err)
		}
		want := grade.Right
		if len(c.Messages) == 4 && c.Messages[3].Content == train.UnsureReply {
			want = grade.Wrong
		}
		if verdict != want || strings.Contains(answer, "####") {
			t.Fatalf("%v, want %v: %q", verdict, want, c)
		}
		counts[verdict.String()]++
	}
	if counts["exercise"] != 100 || counts["wrong"] < 5 || counts["right"] < 250 {
		t.Errorf("%v", counts)
	}
}

// Prompts are those of package estimate, at all stages. It can read the replies.
func TestPrompts(t *testing.T) {
	var b bytes.Buffer
	if err := train.WritePrompts(&b, 1, 300); err != nil {
		t.Fatal(err)
	}
	m := estimate.DefaultModel()
	seen := map[string]int{}
	d := json.NewDecoder(&b)
	for d.More() {
		var c struct{ Messages []train.Message }
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		seen[c.Messages[0].Content]++
		if !strings.HasPrefix(c.Messages[1].Content, "<question>\n") || len(c.Messages) != 3 {
			t.Fatalf("%q", c)
		}
		if v, err := strconv.ParseFloat(c.Messages[2].Content, 64); err != nil || v < 0 || v > 1 {
			t.Errorf("the reply is %q", c.Messages[2].Content)
		}
	}
	for _, stage := range []estimate.Stage{estimate.QuestionOnly, estimate.Partial, estimate.Complete} {
		if seen[m.Instruction(stage)] != 100 {
			t.Errorf("%v: %d prompts of 300", stage, seen[m.Instruction(stage)])
		}
	}
}

func TestQuestions(t *testing.T) {
	for _, pool := range []problems.Pool{problems.Corpus, problems.Confidence, problems.Test} {
		var b bytes.Buffer
		if err := train.WriteQuestions(&b, 5, problems.OtherWording, pool, 200, nil); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		d := json.NewDecoder(&b)
		for d.More() {
			var q struct {
				ID, Question, Family, Solution string
				Gold                           []string
			}
			if err := d.Decode(&q); err != nil {
				t.Fatal(err)
			}
			if len(q.Gold) != 1 || !strings.HasSuffix(q.Solution, "#### "+q.Gold[0]) || problems.PoolOf(q.Question) != pool || ids[q.ID] || q.Family == "" {
				t.Fatalf("%+v", q)
			}
			ids[q.ID] = true
		}
		if len(ids) != 200 {
			t.Errorf("%d questions", len(ids))
		}
	}
}
