package grade_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/grade"
)

const data = "../../../shared/data"

// unpacked opens a file of real data. The test is skipped if the file is absent.
func unpacked(t testing.TB, path string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join(data, path))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no real data here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestGraders(t *testing.T) {
	options := []string{"a bird", "The Moon", "an apple", "Idaho"}
	for _, c := range []struct {
		grader, answer string
		gold           []string
		want           grade.Verdict
	}{
		{"number", "3 + 4 = 7\n\n#### 7", []string{"7"}, grade.Right},
		{"number", "#### $1,234.50", []string{"1234.5"}, grade.Right},
		{"number", "#### -5 (as 3 - 8 = -5)", []string{"-5"}, grade.Right},
		{"number", "#### 7\n\nBut 8 is next.", []string{"7"}, grade.Right},
		{"number", "first #### 1, then #### 2", []string{"1"}, grade.Wrong},
		{"number", "#### unknown, perhaps 7", []string{"7"}, grade.Right},
		{"number", "He has 7.\n#### none", []string{"7"}, grade.Unread},
		{"number", "So it is \\boxed{\\frac{1}{2}}", []string{"0.5"}, grade.Right},
		{"number", "So it is $\\boxed{1{,}024}$.", []string{"1024"}, grade.Right},
		{"number", "\\boxed{3} and then \\boxed{x^{2}=4}", []string{"4"}, grade.Right},
		{"number", "**Answer:** 12 apples of 20", []string{"12"}, grade.Right},
		{"number", "The answer is 3 + 4 = 7.", []string{"7"}, grade.Right},
		{"number", "The answer is $-3", []string{"-3"}, grade.Right},
		{"number", "There are 5, so 5-3 leaves 2", []string{"2"}, grade.Right},
		{"number", "it is 5-3", []string{"3"}, grade.Right},
		{"number", "a list: 1,2,3", []string{"3"}, grade.Right},
		{"number", "100,200 in all", []string{"100200"}, grade.Right},
		{"number", "of 1000,200 none", []string{"200"}, grade.Right},
		{"number", "073", []string{"73"}, grade.Right},
		{"number", "0.50", []string{".5"}, grade.Right},
		{"number", "1/0", []string{"1"}, grade.Unread},
		{"number", strings.Repeat("9", 100_000), []string{"9"}, grade.Unread},
		{"number", "I do not know.", []string{"0"}, grade.Unread},
		{"number", "", []string{"0"}, grade.Unread},
		{"number", "#### Final Answer:\n\n\\boxed{18}", []string{"18"}, grade.Right},
		{"number", "#### Answer\n18", []string{"18"}, grade.Right},
		{"number", "#### **The Final Answer**\n\n18 dollars", []string{"18"}, grade.Right},
		{"number", "#### Step 1: eggs\n16 - 7 = 9\n\n#### Step 2: money\n9*2 = 18\n\n**Answer: 18**", []string{"18"}, grade.Right},
		{"number", "#### Conclusion\nShe makes 18 dollars.", []string{"18"}, grade.Right},
		{"number", "#### 18\n\nQuestion: how many?\nAnswer: 5", []string{"18"}, grade.Right},
		{"number", "The answer is 18.\n\nThe answer is final.", []string{"18"}, grade.Right},
		{"number", "The best option is to buy 3 boxes. So she pays 18 dollars.", []string{"18"}, grade.Right},
		{"number", "\\boxed{3\\frac{1}{2}}", []string{"7/2"}, grade.Right},
		{"number", "\\boxed{-1,003\\ \\dfrac{ 1 }{2}}", []string{"-1003.5"}, grade.Right},
		{"number", "\\boxed{x = 1, \\frac{1}{2}}", []string{"1"}, grade.Right},
		{"number", "答案：-5", []string{"-5"}, grade.Right},
		{"number", "It is “-5”", []string{"-5"}, grade.Right},
		{"number", "≈-5", []string{"-5"}, grade.Right},
		{"number", "é-5", []string{"5"}, grade.Right},
		{"number", "x²-5", []string{"5"}, grade.Right},
		{"number", "#### 010/20", []string{"1/2"}, grade.Right},
		{"number", "#### 08/16", []string{"1/2"}, grade.Right},
		{"number", "#### 007.50", []string{"7.5"}, grade.Right},

		{"letter", "The answer is (B).", []string{"B"}, grade.Right},
		{"letter", "**Answer: B**", []string{"B"}, grade.Right},
		{"letter", "Answer: B. The Moon", []string{"B"}, grade.Right},
		{"letter", "\\boxed{\\text{C}}", []string{"C"}, grade.Right},
		{"letter", "B", []string{"B"}, grade.Right},
		{"letter", "b", []string{"B"}, grade.Right},
		{"letter", "(c)", []string{"C"}, grade.Right},
		{"letter", "It shines.\n\nThe moon", []string{"B"}, grade.Right},
		{"letter", "The correct option is D: Idaho", []string{"D"}, grade.Right},
		{"letter", "A bird is none of this, it is the moon that shines", []string{"A"}, grade.Unread},
		{"letter", "The answer is a bird", []string{"A"}, grade.Right},
		{"letter", "I think so", []string{"A"}, grade.Unread},
		{"letter", "The answer is E", []string{"A"}, grade.Unread},
		{"letter", "A. Bird: it does not shine.\nB. Moon: nor that.\n\nThe answer is none of these.", []string{"A"}, grade.Unread},
		{"letter", "(A) a bird is wrong\n\nTherefore the best answer is something else", []string{"A"}, grade.Unread},
		{"letter", "A or B", []string{"A"}, grade.Unread},
		{"letter", "Answer: A, no: answer: C", []string{"C"}, grade.Right},
		{"letter", "It shines.\n\n#### Answer: B", []string{"B"}, grade.Right},
		{"letter", "#### B\n\nQuestion: what?\nAnswer: C", []string{"B"}, grade.Right},
		{"letter", "Answer: B\n\nThis option is the only one that shines.", []string{"B"}, grade.Right},
		{"letter", "Let us see which option is correct.\n\nB", []string{"B"}, grade.Right},
		{"letter", "A: a bird\nB: The Moon\nC: an apple\n\nOf these, one shines.\n\nB", []string{"B"}, grade.Right},
		{"letter", "Q: What shines?\nA: the moon", []string{"B"}, grade.Right},
		{"letter", "The answer is B because it shines.", []string{"B"}, grade.Right},
		{"letter", "Answer: B - The Moon", []string{"B"}, grade.Right},
		{"letter", "Answer: B (The Moon)", []string{"B"}, grade.Right},
		{"letter", "Answer: **B** – The Moon", []string{"B"}, grade.Right},
		{"letter", "The answer is B or C", []string{"B"}, grade.Unread},
		{"letter", "Answer: B and C", []string{"B"}, grade.Unread},

		{"alias", "The Beatles.", []string{"Beatles"}, grade.Right},
		{"alias", "Long story.\nAnswer: **the U.S.**", []string{"US"}, grade.Right},
		{"alias", "spider man", []string{"Spider-Man"}, grade.Right},
		{"alias", "It was not Paris", []string{"Paris"}, grade.Wrong},
		{"alias", "Unknown", []string{"know"}, grade.Wrong},
		{"alias", "The The", []string{"the the"}, grade.Right},
		{"alias", "", []string{"x"}, grade.Unread},
		{"alias", "It is in France.\n\n#### Answer: Paris", []string{"Paris"}, grade.Right},
		{"alias", "#### Answer\nParis", []string{"Paris"}, grade.Right},
		{"alias", "#### Step 2: the place\nIt is in France.\n\nAnswer: Paris", []string{"Paris"}, grade.Right},
		{"alias", "The best option is a guess.\nParis", []string{"Paris"}, grade.Right},
		{"alias", "It is in France.\nThe best choice is Paris.", []string{"Paris"}, grade.Right},
		{"alias", "#### Paris\n\nThis answer is based on what I know.", []string{"Paris"}, grade.Right},
		{"alias", "#### Conclusion\n\nThe answer is Paris.", []string{"Paris"}, grade.Right},
		{"number", "#### **Total: 18**\n\nThe answer is based on 3 facts.", []string{"18"}, grade.Right},
		{"number", "#### Janet makes $18\n\nAnswer: checked 2 times.", []string{"18"}, grade.Right},
		{"number", "#### 1. Count the boxes\n9*2 = 18\n\nThe answer is 18.", []string{"18"}, grade.Right},
		{"alias", "It is in France.\nAnswer:", []string{"Paris"}, grade.Unread},
		{"alias", "Rock´n´Roll", []string{"Rock 'n' Roll"}, grade.Right},
		{"alias", "Answer: The The.", []string{"The The"}, grade.Right},
		{"alias", "Answer: !", []string{"!"}, grade.Right},
		{"alias-contains", "It was in Paris, France", []string{"Paris"}, grade.Right},
		{"alias-contains", "Unknown", []string{"know"}, grade.Wrong},

		{"statements", "Eva has the most.\n\nTom has the fewest.", []string{"Tom has the fewest.", "Ann has 2.", "Eva has the most."}, grade.Right},
		{"statements", "\n Eva  has the most \r\n", []string{"Eva has the most."}, grade.Right},
		{"statements", "Eva has the most.\nEva has the most.", []string{"Eva has the most"}, grade.Right},
		{"statements", "Eva has the most.\n\nTom has 3.", []string{"Eva has the most.", "Tom has 2."}, grade.Wrong},
		{"statements", "Eva has the most. Tom has 2.", []string{"Eva has the most.", "Tom has 2."}, grade.Wrong},
		{"statements", "eva has the most.", []string{"Eva has the most."}, grade.Wrong},
		{"statements", "Eva has the", []string{"Eva has the most."}, grade.Wrong},
		{"statements", "It is 2.5.", []string{"It is 2.5"}, grade.Right},
		{"statements", "Eva has the most.", []string{"", "Eva has the most."}, grade.Right},
		{"statements", " \n\n.", []string{"Eva has the most."}, grade.Unread},
		{"statements", "", []string{"", "x"}, grade.Unread},
	} {
		g, err := grade.GraderNamed(c.grader)
		if err != nil {
			t.Fatal(err)
		}
		q := &grade.Question{Gold: c.gold}
		if c.grader == "letter" {
			q.Choices = options
		}
		if err := g.Check(q); err != nil {
			t.Errorf("%s: %q: %v", c.grader, c.gold, err)
		}
		if got, err := g.Grade(t.Context(), q, c.answer); got != c.want || err != nil {
			t.Errorf("%s of %.80q for %q: %v, %v, want %v", c.grader, c.answer, c.gold, got, err, c.want)
		}
	}
}

func TestGoldThatCannotBeGraded(t *testing.T) {
	for grader, gold := range map[string][][]string{
		"number": {nil, {"seven"}}, "letter": {nil, {"E"}, {"b"}, {"AB"}}, "alias": {nil, {""}}, "statements": {nil, {" .", ""}},
	} {
		g, err := grade.GraderNamed(grader)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range gold {
			if g.Check(&grade.Question{Gold: v, Choices: []string{"x", "y", "z", "w"}}) == nil {
				t.Errorf("%s allows %q", grader, v)
			}
		}
	}
	if _, err := grade.GraderNamed("guess"); err == nil {
		t.Error("any grader will do")
	}
}

// TestGSM8K grades four models' answers to the whole test set. The counts must be those of
// the authors' is_correct.
func TestGSM8K(t *testing.T) {
	want := map[string]int{"6b_finetuning": 286, "6b_verification": 515, "175b_finetuning": 458, "175b_verification": 742}
	got := map[string]int{}
	n := 0
	for d := json.NewDecoder(unpacked(t, "gsm8k/example_model_solutions.jsonl.gz")); ; n++ {
		var line map[string]json.RawMessage
		if err := d.Decode(&line); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var truth string
		if err := json.Unmarshal(line["ground_truth"], &truth); err != nil {
			t.Fatal(err)
		}
		q := &grade.Question{Gold: []string{truth[strings.LastIndex(truth, "A: ")+3:]}}
		for model := range want {
			var s struct {
				Correct  bool `json:"is_correct"`
				Solution string
			}
			if err := json.Unmarshal(line[model], &s); err != nil {
				t.Fatal(err)
			}
			v, err := grade.NumberGrader{}.Grade(t.Context(), q, s.Solution)
			if err != nil || (v == grade.Right) != s.Correct {
				t.Errorf("question %d, %s: %v, want right: %v: %q for %q", n, model, v, s.Correct, s.Solution, q.Gold)
			}
			if v == grade.Right {
				got[model]++
			}
		}
	}
	for model, w := range want {
		if got[model] != w || n != 1319 {
			t.Errorf("%s: %d of %d right, want %d of 1319", model, got[model], n, w)
		}
	}
}

func FuzzGraders(f *testing.F) {
	for _, s := range []string{"#### 1,000", "\\boxed{\\frac{1}{2}}", "The answer is (B).", "-$5.0/3", "Answer: the U.S.", "{\"correct\":true}", "\\boxed{\\boxed{"} {
		f.Add(s, "7")
	}
	choices := []string{"7", "x", "The Moon"}
	f.Fuzz(func(t *testing.T, answer, gold string) {
		if n := grade.NumberIn(answer); n != nil && grade.NumberIn("#### "+n.FloatString(3)) == nil {
			t.Errorf("%v is a number and its decimals are none", n)
		}
		if l := grade.LetterIn(answer, choices); l != "" && (len(l) != 1 || l[0] < 'A' || l[0] > 'C') {
			t.Errorf("letter %q", l)
		}
		for _, name := range grade.Graders() {
			g, _ := grade.GraderNamed(name)
			q := &grade.Question{Gold: []string{gold}, Choices: choices}
			if g.Check(q) != nil {
				continue
			}
			// The right answer, stated, is right.
			if v, err := g.Grade(t.Context(), q, gold); name != "number" && name != "letter" && !strings.ContainsAny(gold, "\r\n:=#\\") && v != grade.Right && !strings.Contains(strings.ToLower(gold), " is") {
				t.Errorf("%s: %q is %v, %v", name, gold, v, err)
			}
			if v, err := g.Grade(t.Context(), q, answer); err != nil || v > grade.Unread {
				t.Errorf("%v, %v", v, err)
			}
		}
	})
}
