package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// TestLinesThatCannotBeUsed gives each command an input with good lines between bad
// ones. The good ones are used, the bad ones are in the file of --rejected.
func TestLinesThatCannotBeUsed(t *testing.T) {
	long := strings.Repeat("x", 17<<20)
	parts := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(parts, []struct {
		Confidence float64 `parquet:"confidence"`
		Correct    string  `parquet:"correct"`
	}{{0.5, "true"}, {0.5, "maybe"}, {-1, "false"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		in   string // "" for the Parquet file
		good string // in the output
		want []string
	}{
		{"pairs", []string{"eval", "--format", "json"},
			"{\"confidence\":0.5,\"correct\":1}\r\n" + `{"confidence":NaN,"correct":1}` + "\n" + `{"confidence":1.2,"correct":1}` + "\n" +
				`{"confidence":[1],"correct":1}` + "\n{\"confidence\":\"\xff\",\"correct\":1}\n" + `{"confidence":0.5,"corr` + "\n" + long + "\n\r\n" + `{"confidence":0.5,"correct":0}`,
			`{"n":2,`, []string{
				`"line":2,"reason":"confidence is NaN","text":"{\"confidence\":NaN,\"correct\":1}"}`,
				`"line":3,"reason":"confidence is above 1","text":`,
				`"line":4,"reason":"confidence is not a number","text":"{\"confidence\":[1],`,
				`"line":5,"reason":"confidence is not a number","text":"{\"confidence\":\"` + "\uFFFD" + `\",`,
				`"line":6,"reason":"not a JSON object: unexpected end of JSON input","text":"{\"confidence\":0.5,\"corr"}`,
				`"line":7,"reason":"longer than 16777216 bytes","text":"xxxx`,
			}},
		{"CSV", []string{"eval", "--format", "json"},
			"confidence,correct\r\n0.5,1\n2,1\r\n0.5\n0.5,\"maybe\r\nnot\"\n0.5,0\n",
			`{"n":2,`, []string{
				`"line":3,"reason":"confidence is above 1","text":"2,1"}`,
				`"line":4,"reason":"1 fields where the header has 2","text":"0.5"}`,
				`"line":5,"reason":"correct is \"maybe\\nnot\", want 0, 1, true or false","text":"0.5,\"maybe\r\nnot\""}`,
			}},
		{"Parquet", []string{"eval", "--format", "json"}, "", `{"n":1,`, []string{
			`"line":2,"reason":"correct is \"maybe\", want 0, 1, true or false","text":"{\"confidence\":0.5,\"correct\":\"maybe\"}"}`,
			`"line":3,"reason":"confidence is below 0","text":"{\"confidence\":-1,\"correct\":\"false\"}"}`,
		}},
		{"calibrate", []string{"calibrate", "--method", "identity", "--resamples", "2", "--folds", "2"},
			strings.Repeat("{\"confidence\":0.6,\"correct\":1}\n{\"confidence\":0.5,\"correct\":0}\n", 5) + `{"confidence":0.5,"k":3,"N":2}`, "all", []string{
				`"line":11,"reason":"k and N: want whole numbers, 0 <= k <= N and N from 1 to 1000000","text":"{\"confidence\":0.5,\"k\":3,\"N\":2}"}`,
			}},
		{"grade", []string{"grade"}, "{\"answer\":\"18\",\"gold\":18}\n{\"answer\":7}\nnull\n" + long, `"correct":true`, []string{
			`"line":2,"reason":"want a JSON object with \"answer\" and \"gold\": json:`, `"line":3,"reason":"no \"answer\"","text":"null"}`, `"line":4,"reason":"longer than 16777216 bytes","text":"xxxx`,
		}},
		{"score", []string{"score"}, "{\"answer\":\"a\",\"logprobs\":[-1]}\n{\"answer\":\"a\",\"logprobs\":[\"sure\"]}\n{\"answer\"", `"confidence":0.3`, []string{
			`"line":2,"reason":"logprobs[0] is \"sure\", want a number","text":`, `"line":3,"reason":"not JSON at byte 9`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := parts
			if c.in != "" {
				in = file(t, "in", c.in)
			}
			rejected := filepath.Join(t.TempDir(), "bad.jsonl")
			run := func() {
				r := finece(t, "", append(c.args, "--rejected", rejected, in)...)
				r.wants(t, exit.Faults, rejected)
				if !strings.Contains(r.out, c.good) {
					t.Errorf("%.300s; want %s", r.out, c.good)
				}
			}
			run()
			run() // the file of the first run is replaced
			text, err := os.ReadFile(rejected)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			if len(lines) != len(c.want) {
				t.Fatalf("%d lines, want %d", len(lines), len(c.want))
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, `{"file":"`+in+`",`) || !strings.Contains(line, c.want[i]) {
					t.Errorf("%.300s\nwant %s", line, c.want[i])
				}
				if strings.HasPrefix(line, "xxx") && (len(line) > 70_000 || !strings.HasSuffix(line, `,"cut":true}`)) {
					t.Errorf("a long line has %d bytes", len(line))
				}
			}
			finece(t, "", append(c.args, "--strict", in)...).wants(t, exit.Faults, "without --strict this would be left out")
			other := file(t, "other", "mine")
			finece(t, "", append(c.args, "--rejected", other, in)...).wants(t, exit.Usage, "is not a file of rejected lines")
		})
	}
}

// TestRejectedBesideTheOutput: with -o the rejected lines go to a file beside the output,
// which a run without rejected lines removes.
func TestRejectedBesideTheOutput(t *testing.T) {
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	good := `{"id":1,"answer":"a","logprobs":[-1]}` + "\n"
	finece(t, "", "score", "-o", out, file(t, "a.jsonl", good+`{"id":2}`)).wants(t, exit.Faults, "1 answers could not be scored; see "+out+".rejected")
	if text, err := os.ReadFile(out + ".rejected"); err != nil || !strings.Contains(string(text), `"reason":"no \"answer\"","text":"{\"id\":2}"}`) {
		t.Errorf("%s, %v", text, err)
	}
	finece(t, "", "score", "-o", out, file(t, "a.jsonl", good)).wants(t, 0, "1 lines are there already")
	if _, err := os.Stat(out + ".rejected"); err == nil {
		t.Error("the file of the earlier run is still there")
	}
}
