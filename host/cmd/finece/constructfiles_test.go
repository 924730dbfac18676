package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// TestConstructLabelsAnew uses the replies of one run for the labels of another grader.
func TestConstructLabelsAnew(t *testing.T) {
	g := newGenerator(t)
	in := file(t, "questions.jsonl", questionsFor(3))
	dir := t.TempDir()
	out := filepath.Join(dir, "out.jsonl")
	const prompt = "--prompt={question} Think."
	finece(t, "", g.args(in, out, prompt)...).wants(t, 0, "90 of 90")
	asked := g.requests.Load()
	again := func(name string, more ...string) result {
		return finece(t, "", append(g.args(in, filepath.Join(dir, name), "--samples", out+".samples", "--grader", "alias"), more...)...)
	}
	r := again("same.jsonl", prompt)
	r.wants(t, 0, "90 of 90 completions")
	if n := g.requests.Load() - asked; n != 0 || strings.Contains(r.err, "sent again") {
		t.Errorf("with the same prompt, %d requests more:\n%s", n, r.err)
	}
	again("other.jsonl").wants(t, 0, "has replies for question q0, but none to the requests of this run", "--prompt (its default depends on --grader")
	if g.requests.Load() == asked {
		t.Error("another prompt was answered with what was saved")
	}
	// Without a question in common, no saved reply could be used, and no message says so.
	others := file(t, "others.jsonl", `{"id":"x","question":"Which?","gold":"1"}`)
	if r := finece(t, "", g.args(others, filepath.Join(dir, "others.jsonl"), "--samples", out+".samples")...); r.code != 0 || strings.Contains(r.err, "sent again") {
		t.Errorf("%+v", r)
	}
}

// TestConstructKnowsQuestionsApart resumes with a file that has other questions
// with the same ids.
func TestConstructKnowsQuestionsApart(t *testing.T) {
	g := newGenerator(t)
	in := file(t, "questions.jsonl", questionsFor(3))
	out := filepath.Join(t.TempDir(), "out.jsonl")
	finece(t, "", g.args(in, out)...).wants(t, 0, "90 of 90")
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string]string{
		"another text": `{"id":"q1","question":"Which is it?","gold":"1"}`,
		"another gold": `{"id":"q1","question":"Which is 1?","gold":"0"}`,
	} {
		finece(t, "", g.args(file(t, "other.jsonl", input), out)...).wants(t, exit.Usage, out, "question q1 has another text or other right answers there", "give another -o")
		if after, err := os.ReadFile(out); err != nil || string(after) != string(before) {
			t.Errorf("%s: %v, or the file was changed", name, err)
		}
	}
	finece(t, "", g.args(in, out)...).wants(t, 0, "3 questions are there already")
	// A question that is not valid UTF-8 is recognized when it is read again.
	rows := file(t, "rows.csv", "Problem,Answer\nWhich is \xff\xfe?,1\n")
	for range 2 {
		finece(t, "", g.args(rows, out+".2", "--dataset", "aime")...).wants(t, 0, "1 questions")
	}
	finece(t, "", g.args(in, out+".3", "--samples", out+".3")...).wants(t, exit.Usage, "-o and --samples are both")
}
