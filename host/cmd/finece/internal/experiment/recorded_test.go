package experiment

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const data = "../../../../experiment/real/data/"

// measured runs the command on answers of the real model that are committed, and returns
// what it wrote, by file.
func measured(t *testing.T, flags ...string) map[string]string {
	t.Helper()
	folder := t.TempDir()
	cmd := New()
	cmd.SetArgs(append([]string{
		"-o", folder, "--questions", "labelled=" + data + "cities/label.jsonl", "--number", "70", "--grader", "alias", "--every", "5",
		"--recorded", data + "answers.jsonl.samples.gz", "--recorded-samples", data + "labels.jsonl.samples.gz", "--states", data + "labels.jsonl.gz",
		"--answers", "2", "--unavailable", "FineCE=not trained yet",
	}, flags...))
	var said bytes.Buffer
	cmd.SetOut(&said)
	cmd.SetErr(&said)
	if err := cmd.Execute(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	out := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(path)] = string(text)
	}
	return out
}

// Committed answers give the same tables each time, and no server is asked: the server of the
// flags does not exist.
func TestRecordedAnswers(t *testing.T) {
	one, other := measured(t), measured(t)
	if len(one) != len(other) {
		t.Errorf("%d files, and then %d", len(one), len(other))
	}
	for name, text := range one {
		if other[name] != text {
			t.Errorf("%s differs from run to run", name)
		}
	}
	for name, says := range map[string][]string{
		"RESULTS.md": {
			"## labelled: 140 answers", "- FineCE: not trained yet", ", verb: not recorded", "| self-consistency | - | - | - | - |",
			"| trajectory, 100 labels |", "| 100 | 30% of the tokens |", "## Stopping early",
		},
		// All 70 questions have a label of the question alone, of ten continuations.
		"TABLES-labelled.md": {"140 answers to 70 questions", "| p(0) | 140 | 10.0 |", "## Answers kept at 0.8"},
	} {
		for _, s := range says {
			if !strings.Contains(one[name], s) {
				t.Errorf("%s: no %q in\n%s", name, s, one[name])
			}
		}
	}
	if strings.Contains(one["TABLES-labelled.md"], "NaN") || strings.Count(one["records.jsonl"], "\n") != 140 {
		t.Error(one["TABLES-labelled.md"])
	}
}

// Flags that cannot be used with --recorded are refused before anything is read.
func TestRecordedFlags(t *testing.T) {
	for _, flags := range [][]string{
		{"--recorded", "a"},
		{"--recorded", "a", "--questions", "q=q", "--server", "http://127.0.0.1:1/v1"},
		{"--recorded", "a", "--questions", "q=q", "--confidence", "FineCE=chat:m"},
		{"--recorded-samples", "a", "--questions", "q=q"},
		{"--unavailable", "FineCE"},
	} {
		cmd := New()
		cmd.SetArgs(append([]string{"-o", t.TempDir()}, flags...))
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		if err := cmd.Execute(); err == nil || !strings.HasPrefix(err.Error(), flags[0]) && !strings.HasPrefix(err.Error(), "--recorded:") {
			t.Errorf("%q: %v", flags, err)
		}
	}
}
