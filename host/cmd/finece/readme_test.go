package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is a shell example in Markdown that a test runs, and what it prints, in this
// order, with ; between.
var example = regexp.MustCompile("(?s)<!-- run by (?:TestReadme|TestDocs: ([^\n]*)) -->\n```sh\n(.*?)```")

// TestReadme runs the README's examples as they are, except for the port.
func TestReadme(t *testing.T) {
	examples := examplesOf(t, "../../../README.md")
	for i, c := range []struct {
		name string
		out  []string          // what the example prints, in this order
		file map[string]string // what the files that it leaves contain
	}{
		{"serve", []string{`"content":`, `"finece":{"version":1,`, `"type":"confidence"`, `"kinds":["end"]`}, nil},
		{"batch", []string{"auroc", "auroc"}, map[string]string{"scores.jsonl": `"calibrated":false`, "calibrated.jsonl": `"calibrated":true`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if i >= len(examples) {
				t.Fatalf("the README has %d examples for this test", len(examples))
			}
			dir := runExample(t, examples[i][2], c.out)
			for name, want := range c.file {
				if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(data), want) {
					t.Errorf("%s lacks %s (%v)", name, want, err)
				}
			}
		})
	}
}

// TestDocs runs the examples of the documentation that are marked.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../../www/docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, page := range pages {
		for _, e := range examplesOf(t, page) {
			count++
			t.Run(filepath.Base(page), func(t *testing.T) { runExample(t, e[2], strings.Split(e[1], "; ")) })
		}
	}
	if count < 5 {
		t.Errorf("only %d examples were found", count)
	}
}

// shell is a shell example, and call a call of the command in it.
var (
	shell = regexp.MustCompile("(?s)```sh\n(.*?)```")
	call  = regexp.MustCompile(`(?:^|[|&] |sk-\.\.\. )finece ([^#|<>&\n]*)`)
)

// TestDocsCalls: the command and the flags of every example are there, also of those that
// need a server.
func TestDocsCalls(t *testing.T) {
	pages, err := filepath.Glob("../../../www/docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, page := range append(pages, "../../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shell.FindAllStringSubmatch(string(text), -1) {
			for _, line := range strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
				for _, found := range call.FindAllStringSubmatch(line, -1) {
					count++
					command, rest, err := newRoot().Find(strings.Fields(found[1]))
					if err == nil {
						err = command.ParseFlags(rest)
					}
					if err != nil {
						t.Errorf("%s: finece %s: %v", filepath.Base(page), found[1], err)
					}
				}
			}
		}
	}
	if count < 30 {
		t.Errorf("only %d calls were found", count)
	}
}

func examplesOf(t *testing.T, path string) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return example.FindAllStringSubmatch(string(text), -1)
}

// runExample runs a script in a folder with answers.jsonl, and returns the folder.
func runExample(t *testing.T, script string, prints []string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	answers, err := os.ReadFile("testdata/answers.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "answers.jsonl"), answers, 0o600); err != nil {
		t.Fatal(err)
	}
	script = strings.ReplaceAll(script, "127.0.0.1:8080", freeAddress(t))
	command := exec.Command("bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+script)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rest := string(out)
	for _, want := range prints {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("the output lacks %s:\n%s", want, out)
		}
		rest = after
	}
	return dir
}

// freeAddress is a loopback address that nothing listens on now.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
