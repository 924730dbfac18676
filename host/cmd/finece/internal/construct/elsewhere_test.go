package construct

import (
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
)

// TestJob: another process has the same configuration, whatever the flags are.
func TestJob(t *testing.T) {
	dir := t.TempDir()
	questions, rubric := filepath.Join(dir, "q.jsonl"), filepath.Join(dir, "rubric")
	for path, text := range map[string]string{questions: `{"question":"Why?","gold":"1"}` + "\nnot json\n", rubric: "Be kind."} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := []string{"--server", "http://127.0.0.1:1/v1", "--max-tokens", "9", "-o", "out"}
	for _, flags := range [][]string{
		nil,
		{"--stop", "a,b", "--stop", "[c]", "--split", "0.5,0.25,0.25", "--extra", `{"top_k":40}`, "--seed", "7", "--pool", "--T", "0", "--server", "http://127.0.0.1:2/v1#weight=2"},
		{"--grader", "judge", "--judge-model", "j", "--rubric", rubric, "--equivalence", "--prompt", "x\n{question}, \"y\"", "--system", "", "--truncate", "line"},
	} {
		var w *Work
		cmd := Of(&Elsewhere{
			Open: func(cmd *cobra.Command, args []string) iter.Seq2[*input.Input, error] {
				return func(yield func(*input.Input, error) bool) { yield(input.Open(cmd, args[0])) }
			},
			Build: func(_ *cobra.Command, given *Work) (*Counts, error) {
				w = given
				return &Counts{Done: 1}, nil
			},
		})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetErr(&strings.Builder{})
		cmd.SetArgs(append(append(server, flags...), questions))
		if err := cmd.Execute(); err == nil || w == nil {
			t.Fatalf("%v: %v", flags, err) // one record is no question
		}
		if len(w.Questions) != 1 || !strings.Contains(string(w.Rejected), `"record":2,"reason":"invalid character`) {
			t.Errorf("%v: %d questions, rejected %s", flags, len(w.Questions), w.Rejected)
		}
		text, err := json.Marshal(&w.Job)
		if err != nil {
			t.Fatal(err)
		}
		var j Job
		if err := json.Unmarshal(text, &j); err != nil {
			t.Fatal(err)
		}
		if len(flags) > 0 && flags[0] == "--grader" { // a worker does not have the file
			if err := os.Remove(rubric); err != nil {
				t.Fatal(err)
			}
		}
		c, err := j.Config()
		if err != nil {
			t.Fatalf("%v: %v", flags, err)
		}
		if c.Provenance.Settings != w.Job.Settings || len(w.Job.Settings) != 8 || c.Generator.Config().MaxTokens != 9 {
			t.Errorf("%v: %+v", flags, c.Provenance)
		}
		if len(flags) > 10 && flags[0] == "--stop" && (!reflect.DeepEqual(c.Generator.Config().Stop, []string{"a,b", "[c]"}) || c.Split.Dev != 0.25) {
			t.Errorf("%+v, %+v", c.Generator.Config().Stop, c.Split)
		}
		j.Settings = "00000000"
		if _, err := j.Config(); err == nil {
			t.Error("no error with settings of another version")
		}
	}
}
