package construct_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
)

func read(t testing.TB, d construct.Dataset, text string) (all []*grade.Question, bad []string) {
	t.Helper()
	for q, err := range construct.Read(strings.NewReader(text), d) {
		if err != nil {
			bad = append(bad, err.Error())
		} else {
			all = append(all, q)
		}
	}
	return all, bad
}

func TestRead(t *testing.T) {
	moon := []string{"bird", "moon"}
	for _, c := range []struct {
		name  string
		d     construct.Dataset
		input string
		want  grade.Question
	}{
		{"plain", construct.Plain, `{"id": 7, "question": " Why? ", "gold": "x"}`, grade.Question{ID: "7", Text: "Why?", Gold: []string{"x"}}},
		{"plain, several", construct.Plain, `{"id":"a","question":"Why?","gold":[1,"2"]}`, grade.Question{ID: "a", Text: "Why?", Gold: []string{"1", "2"}}},
		{"plain, without gold", construct.Plain, `{"id":"a","question":"Why?"}`, grade.Question{ID: "a", Text: "Why?"}},
		{"plain, choices", construct.Plain, `{"id":"a","question":"What?","gold":"B","choices":["bird","moon"]}`,
			grade.Question{ID: "a", Text: "What?\nA. bird\nB. moon", Gold: []string{"B"}, Choices: moon}},
		{"an array", construct.Plain, "\n" + `[{"id":"a","question":"Why?","gold":"x"}]`, grade.Question{ID: "a", Text: "Why?", Gold: []string{"x"}}},
		{"a byte order mark, CRLF", construct.Plain, "\ufeff" + `{"id":"a","question":"Why?","gold":"x"}` + "\r\n", grade.Question{ID: "a", Text: "Why?", Gold: []string{"x"}}},
		{"GSM8K", construct.GSM8K, `{"question":"Why?","answer":"3 * 6 = <<3*6=18>>18\n#### 18"}`, grade.Question{ID: "5d8a995a6fa7", Text: "Why?", Gold: []string{"18"}}},
		{"CommonsenseQA", construct.CommonsenseQA, `{"answerKey":"B","id":"c1","question":{"question_concept":"x","choices":[{"label":"A","text":"bird"},{"label":"B","text":"moon"}],"stem":"What?"}}`,
			grade.Question{ID: "c1", Text: "What?\nA. bird\nB. moon", Gold: []string{"B"}, Choices: moon}},
		{"CommonsenseQA of the hub", construct.CommonsenseQA, `{"id":"c1","question":"What?","question_concept":"x","choices":{"label":["A","B"],"text":["bird","moon"]},"answerKey":"B"}`,
			grade.Question{ID: "c1", Text: "What?\nA. bird\nB. moon", Gold: []string{"B"}, Choices: moon}},
		{"TriviaQA", construct.TriviaQA, `{"Data":[{"Answer":{"Aliases":["US","U.S."],"NormalizedAliases":["us"],"Value":"USA"},"Question":"Where?","QuestionId":"t1"}],"Domain":"web"}`,
			grade.Question{ID: "t1", Text: "Where?", Gold: []string{"USA", "US", "U.S."}}},
		{"TriviaQA, other keys first", construct.TriviaQA, `{"Domain":"web","VerifiedEval":false,"Data":[{"Answer":{"Value":"USA"},"Question":"Where?","QuestionId":"t1"}]}`,
			grade.Question{ID: "t1", Text: "Where?", Gold: []string{"USA"}}},
		{"TriviaQA, with answers of people", construct.TriviaQA, `{"Data":[{"Answer":{"NormalizedAliases":["us"],"HumanAnswers":["U.S.A.","The US"],"Value":"USA"},"Question":"Where?","QuestionId":"t1"}]}`,
			grade.Question{ID: "t1", Text: "Where?", Gold: []string{"USA", "us", "U.S.A."}}},
		{"TriviaQA of the hub", construct.TriviaQA, `{"question":"Where?","question_id":"t1","answer":{"value":"USA","aliases":["US"],"normalized_aliases":["us","usa"]}}`,
			grade.Question{ID: "t1", Text: "Where?", Gold: []string{"USA", "US"}}},
		{"AIME", construct.AIME, `{"ID":"2024-I-1","Problem":"How many?","Solution":"...","Answer":204}`, grade.Question{ID: "2024-I-1", Text: "How many?", Gold: []string{"204"}}},
		{"AIME, other names", construct.AIME, `{"id":60,"problem":"How many?","answer":"073"}`, grade.Question{ID: "60", Text: "How many?", Gold: []string{"073"}}},
		{"AIME as CSV", construct.AIME, "ID,Year,Problem Number,Question,Answer,Part\n1983-1,1983,1,\"How\nmany?\",60,I\n", grade.Question{ID: "1983-1", Text: "How\nmany?", Gold: []string{"60"}}},
		{"MMLU", construct.MMLU, `{"question":"What?","subject":"x","choices":["bird","moon"],"answer":1}`, grade.Question{Text: "What?\nA. bird\nB. moon", Gold: []string{"B"}, Choices: moon}},
		{"MMLU as CSV", construct.MMLU, "\"What, \"\"now\"\"?\",bird,moon,sun,star,B\n", grade.Question{Text: "What, \"now\"?\nA. bird\nB. moon\nC. sun\nD. star", Gold: []string{"B"}, Choices: []string{"bird", "moon", "sun", "star"}}},
		{"NQ-Open", construct.NQOpen, `{"question":"who","answer":["Ann","Ann B."]}`, grade.Question{Text: "who", Gold: []string{"Ann", "Ann B."}}},
	} {
		all, bad := read(t, c.d, c.input)
		if len(all) != 1 || len(bad) != 0 {
			t.Errorf("%s: %d questions, %q", c.name, len(all), bad)
			continue
		}
		if c.want.ID == "" { // made from the text
			sum := sha256.Sum256([]byte(c.want.Text))
			c.want.ID = hex.EncodeToString(sum[:])[:12]
		}
		if !reflect.DeepEqual(*all[0], c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, *all[0], c.want)
		}
	}
}

func TestReadNamesQuestionsByTheirText(t *testing.T) {
	all, _ := read(t, construct.GSM8K, `{"question":"Why?","answer":"#### 1"}`+"\n"+`{"question":"Why not?","answer":"#### 1"}`+"\n"+`{"question":"Why?","answer":"#### 2"}`)
	if len(all) != 3 || all[0].ID != "5d8a995a6fa7" || all[1].ID == all[0].ID || all[2].ID != all[0].ID {
		t.Errorf("%+v", all)
	}
}

func TestReadingContinuesAfterABadRecord(t *testing.T) {
	good := `{"id":"a","question":"Why?","gold":"x"}`
	all, bad := read(t, construct.Plain, good+"\nnot JSON\n\n{\"question\":\"\"}\n"+strings.Repeat("x", 17<<20)+"\n{\"question\":\"\xff\"}\n"+good)
	if len(all) != 2 || len(bad) != 4 || !strings.HasPrefix(bad[0], "record 2: ") || !strings.Contains(bad[2], "record 5: longer than") {
		t.Errorf("%d questions, %.300q", len(all), bad)
	}
	for d, text := range map[construct.Dataset]string{
		construct.GSM8K: `{"question":"Why?","answer":"18"}`, construct.MMLU: `{"question":"q","choices":["a"],"answer":1}`,
		construct.CommonsenseQA: `{"id":"1","question":"q","choices":{"label":["A"],"text":["x"]},"answerKey":"E"}`,
		construct.NQOpen:        `{"question":"q","answer":[]}`, construct.TriviaQA: `{"question":"q"}`, construct.AIME: "Question\nq\n",
	} {
		if all, bad := read(t, d, text); len(all) != 0 || len(bad) != 1 {
			t.Errorf("%v: %d questions, %q", d, len(all), bad)
		}
	}
	for text, says := range map[string]string{`{"Domain":1}`: `no "Data"`, `{"Data": {}}`: "want an array, not {"} {
		if _, bad := read(t, construct.TriviaQA, text); len(bad) != 1 || !strings.Contains(bad[0], says) || strings.Contains(bad[0], "%!") {
			t.Errorf("%s: %q", text, bad)
		}
	}
}

func TestReadGSM8K(t *testing.T) {
	for file, want := range map[string]int{"train": 7473, "test": 1319} {
		n := 0
		for q, err := range construct.Read(unpacked(t, "gsm8k/"+file+".jsonl.gz"), construct.GSM8K) {
			if err == nil {
				err = grade.NumberGrader{}.Check(q)
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != want {
			t.Errorf("%s: %d questions, want %d", file, n, want)
		}
	}
}

func TestSplit(t *testing.T) {
	s := construct.Split{Train: 0.8, Dev: 0.1, Test: 0.1}
	counts := map[string]int{}
	moved := 0
	for i := range 10_000 {
		q := &grade.Question{ID: "a", Text: fmt.Sprintf("What is %d + 1?", i)}
		again := &grade.Question{ID: "b", Text: fmt.Sprintf("  what is %d + 1", i)}
		part := s.Of(1, q)
		if part != s.Of(1, again) {
			t.Fatalf("question %d is in two parts", i)
		}
		if part != s.Of(2, q) {
			moved++
		}
		counts[part]++
	}
	if tr, d, te := counts["train"], counts["dev"], counts["test"]; tr+d+te != 10_000 || tr < 7840 || tr > 8160 || d < 880 || d > 1120 {
		t.Errorf("%v", counts)
	}
	if moved < 2000 {
		t.Errorf("another seed moves %d", moved)
	}
	for _, bad := range []construct.Split{{}, {Train: 2, Dev: -1}, {Train: 0.5}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is allowed", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"question":"q","gold":["x"],"choices":["a","b"]}`, `[{"question":"q"}]`, `{"Data":[{"Question":"q","Answer":{"Value":"x"}}]}`,
		"q,a,b,c,d,A\n", "ID,Problem,Answer\n1,q,2\n", `{"question":{"stem":"q","choices":[{"label":"A","text":"x"}]},"answerKey":"A"}`, "\"", "[", "{\"Data\":",
	} {
		f.Add(s, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, d uint8) {
		for q, err := range construct.Read(strings.NewReader(text), construct.Dataset(d%8)) {
			var record *construct.RecordError
			if err == nil {
				if q.ID == "" || q.Text == "" || len(q.Choices) > 26 {
					t.Errorf("%+v", q)
				}
				if _, err := json.Marshal(q); err != nil {
					t.Error(err)
				}
			} else if q != nil || errors.As(err, &record) && record.Record < 1 {
				t.Errorf("%v with %v", q, err)
			}
		}
	})
}
