package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/train"
)

// trained is a line of training data.
type trained struct {
	Messages                       []train.Message
	Instruction, Input, Output     string
	Confidence                     float64
	ID, Position, Question, Family string
	Gold                           []string
	Solution                       string
	K, N                           int
}

func decoded(t *testing.T, text string) (all []trained) {
	t.Helper()
	for _, line := range linesOf(text) {
		var l trained
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, l)
	}
	return all
}

// TestTrainData goes from questions to training data: questions, labels of them
// that finece construct samples, and the export of each split.
func TestTrainData(t *testing.T) {
	folder := t.TempDir()
	questions, states := filepath.Join(folder, "questions.jsonl"), filepath.Join(folder, "states.jsonl")
	finece(t, "", "train", "problems", "--pool", "confidence", "-n", "12", "--seed", "3", "-o", questions).wants(t, 0)
	raw, err := os.ReadFile(questions)
	if err != nil {
		t.Fatal(err)
	}
	q := decoded(t, string(raw))
	if len(q) != 12 || len(q[0].Gold) != 1 || !strings.HasSuffix(q[0].Solution, "#### "+q[0].Gold[0]) {
		t.Fatalf("%+v", q)
	}
	if again := finece(t, "", "train", "problems", "--pool", "confidence", "-n", "12", "--seed", "3"); again.out != string(raw) {
		t.Error("the same seed gives other problems")
	}
	for _, other := range []string{"--seed=4", "--pool=test", "--domain=long"} {
		if r := finece(t, "", "train", "problems", "--pool", "confidence", "-n", "12", "--seed", "3", other); r.out == string(raw) || len(linesOf(r.out)) != 12 {
			t.Errorf("%s: %s", other, r.out)
		}
	}

	g := newGenerator(t)
	finece(t, "", g.args(questions, states, "--split", "0.6,0.4,0")...).wants(t, 0, "12 questions")
	all := decoded(t, finece(t, "", "train", "export", states).out)
	out := filepath.Join(folder, "train.jsonl")
	finece(t, "", "train", "export", "--split", "train", "-o", out, states).wants(t, 0, " lines")
	raw, err = os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	part := decoded(t, string(raw))
	dev := decoded(t, finece(t, string(mustRead(t, states)), "train", "export", "--split", "dev", "-").out)
	if len(part) == 0 || len(dev) == 0 || len(part)+len(dev) != len(all) {
		t.Errorf("%d lines to train on, %d held out, of %d", len(part), len(dev), len(all))
	}
	of := map[string]bool{}
	for _, l := range part {
		of[l.ID] = true
	}
	for _, l := range dev {
		if of[l.ID] {
			t.Errorf("%s is in both splits", l.ID)
		}
	}
	for _, l := range all {
		if len(l.Messages) != 3 || l.Messages[0].Role != "system" || l.N == 0 || l.Confidence != float64(l.K)/float64(l.N) || !strings.HasPrefix(l.Messages[2].Content, "0.") {
			t.Fatalf("%+v", l)
		}
	}
	alpaca := decoded(t, finece(t, "", "train", "export", "--layout", "alpaca", "--one", "--digits", "2", "--question-only", states).out)
	if len(alpaca) != 12 {
		t.Errorf("%d questions, want 12", len(alpaca))
	}
	for _, l := range alpaca {
		if l.Position != "p(0)" || l.Instruction == "" || !strings.HasPrefix(l.Input, "<question>\n") || len(l.Output) != len("0.00") || l.Messages != nil {
			t.Errorf("%+v", l)
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTrainCorpus(t *testing.T) {
	out := filepath.Join(t.TempDir(), "corpus.jsonl")
	finece(t, "", "train", "corpus", "-n", "64", "-o", out).wants(t, 0)
	all := decoded(t, string(mustRead(t, out)))
	opinions := 0
	for _, c := range all {
		if len(c.Messages) == 4 {
			opinions++
		}
	}
	if len(all) != 64 || opinions != 8 {
		t.Errorf("%d conversations, %d with an opinion", len(all), opinions)
	}
	prompts := decoded(t, finece(t, "", "train", "corpus", "--prompts", "-n", "6").out)
	if len(prompts) != 6 || prompts[0].Messages[0].Role != "system" {
		t.Errorf("%+v", prompts)
	}
	if left, _ := filepath.Glob(out + "*"); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}

func TestTrainConfig(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	finece(t, "", "train", "config", "--model", "Qwen/Qwen2.5-7B-Instruct", "--template", "qwen", "--train", "a.jsonl", "--dev", "b.jsonl", "--lora-rank", "8", folder).wants(t, 0)
	text := string(mustRead(t, filepath.Join(folder, "finece.yaml")))
	for _, line := range []string{"adam_beta2: 0.5", "warmup_steps: 300", "learning_rate: 1.0e-4", "lora_rank: 8", `template: "qwen"`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("it has no %q:\n%s", line, text)
		}
	}
	if info := string(mustRead(t, filepath.Join(folder, "dataset_info.json"))); !strings.Contains(info, "a.jsonl") || !strings.Contains(info, "b.jsonl") {
		t.Error(info)
	}
}

func TestTrainRequirements(t *testing.T) {
	r := finece(t, "", "train", "requirements")
	r.wants(t, 0)
	for _, name := range []string{"torch", "transformers", "peft"} {
		if !strings.Contains(r.out, name+"==") {
			t.Errorf("it does not pin %s:\n%s", name, r.out)
		}
	}
}

func TestTrainErrors(t *testing.T) {
	states := file(t, "states.jsonl", `{"id":"a","split":"train","position":"p(0)","question":"?","confidence":1,"k":1,"N":1}`+"\n")
	bad := file(t, "bad.jsonl", "\n{\"question\":3}\n")
	blocked := filepath.Join(states, "x")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"export"}, exit.Usage, "needs an input"},
		{[]string{"export", "--layout", "x", states}, exit.Usage, "want messages or alpaca"},
		{[]string{"export", "--split", "dev", states}, exit.Faults, `no state of the split "dev"`},
		{[]string{"export", "--split", "tain", states}, exit.Usage, `--split "tain": want train, dev or test`},
		{[]string{"export", "--digits", "9", states}, exit.Usage, "--digits 9: want 1 to 6"},
		{[]string{"export", bad}, exit.Faults, "line 2: json: cannot unmarshal number"},
		{[]string{"export", states + ".not"}, exit.IO, "no such file"},
		{[]string{"export", "-o", blocked, states}, exit.IO, "-o: "},
		{[]string{"problems", "--pool", "x"}, exit.Usage, "want corpus, confidence, test"},
		{[]string{"problems", "--domain", "x"}, exit.Usage, "want in, long, wording"},
		{[]string{"problems", "-n", "-1"}, exit.Usage, "-n -1: want 0 or more"},
		{[]string{"corpus", "--domain", "x"}, exit.Usage, "want in, long, wording, hard, open"},
		{[]string{"corpus", "-n", "-1"}, exit.Usage, "-n -1: want 0 or more"},
		{[]string{"corpus", "x"}, exit.Usage, `unknown command "x"`},
		{[]string{"config", "--model", "m", "--template", "t", t.TempDir()}, exit.Usage, "needs Model, Template and Train"},
		{[]string{"config", "--model", "m", "--template", "t", "--train", "a", blocked}, exit.IO, "mkdir"},
		{[]string{"config"}, exit.Usage, "arg"},
		{[]string{"nothing"}, exit.Usage, "unknown command"},
	} {
		finece(t, "", append([]string{"train"}, c.args...)...).wants(t, c.code, c.says)
	}
	cmd := command(t, "train", "ift", "--model", "m")
	cmd.Env = append(cmd.Env, "FINECE_PYTHON="+filepath.Join(t.TempDir(), "python"))
	run(t, cmd, nil).wants(t, exit.IO, "no such file", "make train-env")
}

// A file that is there stays as it was when there is nothing to write.
func TestTrainExportOfNothing(t *testing.T) {
	folder := t.TempDir()
	out := filepath.Join(folder, "dev.jsonl")
	if err := os.WriteFile(out, []byte("good\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	states := file(t, "states.jsonl", `{"id":"a","state":0,"states":1,"position":"p(0)","question":"?","split":"train","k":1,"n":2,"confidence":0.5}`+"\n")
	finece(t, "", "train", "export", "--split", "dev", "-o", out, states).wants(t, exit.Faults, `no state of the split "dev"`)
	if got := string(mustRead(t, out)); got != "good\n" {
		t.Errorf("the file has %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
}

// TestTrainRead: what the Python trainer asks.
func TestTrainRead(t *testing.T) {
	r := finece(t, `{"choices":[{"message":{"content":"0.8"},"finish_reason":"stop"}]}`, "train", "read", "-")
	if r.wants(t, 0); r.out != `{"confidence":0.8}`+"\n" {
		t.Errorf("%q", r.out)
	}
	if help := finece(t, "", "train", "read", "--help"); !strings.Contains(help.out, "finece train read FILE|-") {
		t.Error(help.out)
	}
	if help := finece(t, "", "train", "--help"); strings.Contains(help.out, "  read ") {
		t.Error("it is shown")
	}
}
