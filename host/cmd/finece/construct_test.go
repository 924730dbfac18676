package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/construct"
)

// generator is a server that completes answers of four paragraphs and a number.
// A completion depends on the prefix and the seed alone; about half of them are right.
type generator struct {
	*httptest.Server
	requests, completions atomic.Int64
	last                  atomic.Int64 // requests after this one get no answer; 0 for none
	down                  atomic.Bool
	anew                  atomic.Bool // start new answers instead of continuing partial ones
	judges, entailments   atomic.Int64
}

func newGenerator(t *testing.T) *generator {
	t.Helper()
	g := &generator{}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

func (g *generator) serve(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Model    string
		Messages []struct{ Role, Content string }
		N        int
		Seed     int
	}
	err := json.NewDecoder(r.Body).Decode(&request)
	if g.down.Load() || err != nil || r.URL.Path != "/v1/chat/completions" {
		http.Error(w, "not now", 400)
		return
	}
	if request.Model == "judge" {
		g.judges.Add(1)
		says(w, "correct")
		return
	}
	if request.Model == "same" {
		g.entailments.Add(1)
		says(w, "entailment")
		return
	}
	if n, last := g.requests.Add(1), g.last.Load(); last > 0 && n > last {
		<-r.Context().Done()
		return
	}
	partial := ""
	if last := request.Messages[len(request.Messages)-1]; last.Role == "assistant" && !g.anew.Load() {
		partial = last.Content
	}
	var choices []string
	for i := range max(request.N, 1) {
		h := fnv.New32a()
		fmt.Fprint(h, request.Messages, request.Seed, i)
		x := h.Sum32()
		var text strings.Builder
		for step := strings.Count(partial, "\n\n") + 1; step <= 4; step++ {
			if step > 1 || partial != "" {
				text.WriteString("\n\n")
			}
			fmt.Fprintf(&text, "Paragraph %d says %s <%d>.", step, []string{"alpha", "beta", "gamma"}[x%3], x%7)
		}
		fmt.Fprintf(&text, "\n\n#### %d", x>>8%2)
		content, _ := json.Marshal(text.String())
		choices = append(choices, fmt.Sprintf(`{"index":%d,"finish_reason":"stop","message":{"content":%s}}`, i, content))
		g.completions.Add(1)
	}
	fmt.Fprintf(w, `{"model":"served","choices":[%s]}`, strings.Join(choices, ","))
}

func questionsFor(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"q%d","question":"Which is %d?","gold":"%d"}`+"\n", i, i, i%2)
	}
	return b.String()
}

func (g *generator) args(in, out string, more ...string) []string {
	return append([]string{"construct", in, "--server", g.URL + "/v1", "--model", "m", "--grader", "number", "-o", out,
		"--k", "6", "--T", "2", "--m", "2", "--n", "2", "--requests", "4", "--retries", "0"}, more...)
}

// TestConstructResumes kills the work at several moments, tears its last lines,
// interrupts it, and resumes: the files are those of uninterrupted work, and no
// reply that had arrived is asked for again.
func TestConstructResumes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	const questions, planned = 24, 24 * 6 * (1 + 2*2)
	in := file(t, "questions.jsonl", questionsFor(questions))
	g := newGenerator(t)
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	finece(t, "", g.args(in, whole)...).wants(t, 0,
		"24 questions of k(1+mT) = 30 completions: 720 in all (the plain tree would take 258 per question)", "720 of 720 completions")
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if n := g.completions.Load(); n != planned {
		t.Errorf("the server gave %d completions, want %d", n, planned)
	}

	g = newGenerator(t)
	out := filepath.Join(t.TempDir(), "data.jsonl")
	stopped := 0
	stop := func(sig os.Signal, at int64) result {
		g.last.Store(at) // so that the work cannot end before the signal
		defer g.last.Store(0)
		cmd := command(t, g.args(in, out)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "requests", func() bool { return g.requests.Load() >= at })
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		stopped++
		return finish(t, cmd.Wait(), &stdout, &stderr)
	}
	tear := func(path string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, map[bool]string{true: `{"key":"4`, false: `{"id":"q4`}[strings.HasSuffix(path, "samples")])
		f.Close()
	}
	for _, at := range []int64{3, 40, 41, 120, 200} {
		if r := stop(syscall.SIGKILL, at); r.code != -1 {
			t.Fatalf("it was not killed: %+v", r)
		}
	}
	tear(out)
	tear(out + ".samples")
	stop(os.Interrupt, 260).wants(t, exit.Interrupted, "torn lines of 18 bytes are cut off", "interrupted", "run the same command again")
	// Removes the last line, as a kill between two writes of one question's lines would.
	part, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	part = part[:bytes.LastIndexByte(part[:len(part)-1], '\n')+1]
	if err := os.WriteFile(out, part, 0o600); err != nil {
		t.Fatal(err)
	}
	finece(t, "", g.args(in, out)...).wants(t, 0, "questions are there already")
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the file differs from that of uninterrupted work: %d bytes, want %d", len(got), len(want))
	}
	// At a kill at most 4 requests are under way, for 2 completions each.
	if n := g.completions.Load(); n < planned || n > planned+int64(stopped*4*2) {
		t.Errorf("the server gave %d completions for %d, with %d stops", n, planned, stopped)
	}
	saved, err := os.ReadFile(out + ".samples")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, line := range linesOf(string(saved)) {
		var l struct{ Key string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || keys[l.Key] {
			t.Fatalf("%v, or twice: %s", err, line)
		}
		keys[l.Key] = true
	}
	if len(keys) != planned/2 {
		t.Errorf("%d replies are saved, want %d", len(keys), planned/2)
	}

	asked := g.requests.Load()
	finece(t, "", g.args(in, out)...).wants(t, 0, "24 questions are there already")
	finece(t, "", g.args(in, out+".again", "--samples", out+".samples", "--complete", "all")...).wants(t, 0, "720 of 720")
	if g.requests.Load() != asked {
		t.Error("finished work was done again")
	}
	finece(t, "", g.args(in, out, "--temperature", "0.5")...).wants(t, exit.Usage, "made with other flags")
	finece(t, "", g.args(in, in)...).wants(t, exit.Usage, "not a line of finece construct")
	finece(t, "", g.args(in, out+".b", "--samples", in)...).wants(t, exit.Usage, "not a saved reply of a model server")
}

func TestConstructLines(t *testing.T) {
	g := newGenerator(t)
	in := questionsFor(10) + questionsFor(1) // one is repeated
	args := append(g.args("-", ""), "--split", "0.6,0.2,0.2", "--seed", "5")
	r := finece(t, in, args...)
	r.wants(t, 0, "10 questions", "1 repeated questions were left out")
	parts := map[string]string{}
	var last construct.State
	positions := map[string]int{}
	for i, line := range linesOf(r.out) {
		var s construct.State
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&s); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if i > 0 && s.ID == last.ID && s.State != last.State+1 || s.ID != last.ID && s.State != 0 {
			t.Errorf("state %d behind %d", s.State, last.State)
		}
		last = s
		positions[s.Position]++
		if part, ok := parts[s.ID]; ok && part != s.Split {
			t.Errorf("%s is in %s and in %s", s.ID, part, s.Split)
		}
		parts[s.ID] = s.Split
		whole := s.Position == "p(z)"
		if s.Confidence != float64(s.K)/float64(s.N) || whole && (s.N != 1 || s.Confidence != 0 && s.Confidence != 1) || !whole && s.N != 6 ||
			s.Interval[0] > s.Confidence || s.Interval[1] < s.Confidence || s.Model != "m" || s.Served != "served" || s.Seed != 5 ||
			s.Temperature != 1 || s.Grader != "number" || s.Settings == "" || len(s.Gold) != 1 {
			t.Errorf("%s", line)
		}
		if want := fmt.Sprintf("p(%d)", s.Fragments); !whole && (s.Position != want || strings.Count(s.Text, "Paragraph") != s.Fragments) {
			t.Errorf("%s", line)
		}
	}
	if positions["p(0)"] != 10 || positions["p(1)"] == 0 || positions["p(2)"] == 0 || positions["p(z)"] == 0 {
		t.Errorf("%v", positions)
	}
}

// A server may accept "continue_final_message" and ignore it.
func TestConstructSeesThatAnswersBeginAnew(t *testing.T) {
	g := newGenerator(t)
	g.anew.Store(true)
	finece(t, questionsFor(3), g.args("-", "", "--k", "20", "--m", "1")...).wants(t, 0, "seems to start new answers", "try another --api", "begin like answers to the question")
}

func TestConstructFailures(t *testing.T) {
	g := newGenerator(t)
	g.down.Store(true)
	in := file(t, "questions.jsonl", questionsFor(20))
	out := filepath.Join(t.TempDir(), "out.jsonl")
	finece(t, "", g.args(in, out)...).wants(t, exit.IO, "HTTP 400 Bad Request: not now", "gave up: 8 questions in a row have failed")
	g.down.Store(false)
	finece(t, "", g.args(in, out)...).wants(t, 0, "600 of 600 completions")

	bad := file(t, "bad.jsonl", questionsFor(2)+"no JSON\n"+`{"id":"q0","question":"Another?","gold":"1"}`+"\n"+`{"id":"z","question":"Who?","gold":"Ann"}`+"\n")
	finece(t, "", g.args(bad, out+".2")...).wants(t, exit.Faults, "record 3: ", "another one has the same id", "question z: ", "is not a number", "3 questions could not be used")
	finece(t, "", g.args(file(t, "none", "\n"), out+".3")...).wants(t, exit.Faults, "no questions of format plain")
	finece(t, "", g.args(filepath.Join(t.TempDir(), "absent"), out)...).wants(t, exit.IO, "no such file")
	for flag, says := range map[string]string{
		"--m=7": "M is 7", "--api=x": "unknown API", "--split=1,1,1": "sum to 1", "--truncate=entropy": "want paragraph or line", "--prompt=x": "not contain {question}",
		"--grader=judge": "needs a --judge-model", "--temperature=9": "want 0 to 2", "--server=x": "want http", "--extra=x": "--extra", "--requests=0": "--requests",
	} {
		finece(t, "", g.args(in, out+".4", flag)...).wants(t, exit.Usage, says)
	}
	if left, _ := filepath.Glob(out + ".4*"); left != nil {
		t.Errorf("it made %v", left)
	}
}

func TestConstructWithAJudge(t *testing.T) {
	g := newGenerator(t)
	in := file(t, "open.jsonl", `{"id":"1","question":"Why?"}`+"\n")
	out := filepath.Join(t.TempDir(), "out.jsonl")
	finece(t, "", g.args(in, out, "--grader", "judge", "--judge-model", "judge")...).wants(t, 0, "1 questions")
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var s construct.State
	if err := json.Unmarshal([]byte(linesOf(string(raw))[0]), &s); err != nil || s.Confidence != 1 || !strings.HasPrefix(s.Grader, "judge judge ") || g.judges.Load() == 0 {
		t.Errorf("%v: %+v, %d verdicts", err, s, g.judges.Load())
	}
	asked := g.judges.Load()
	os.Remove(out)
	finece(t, "", g.args(in, out, "--grader", "judge", "--judge-model", "judge")...).wants(t, 0, "1 questions")
	if again, _ := os.ReadFile(out); !bytes.Equal(again, raw) || g.judges.Load() != asked {
		t.Error("the verdicts that were saved were asked for again, or gave other data")
	}
}

func TestConstructWithOneVerdictAMeaning(t *testing.T) {
	g := newGenerator(t)
	in := file(t, "open.jsonl", `{"id":"1","question":"Why?"}`+"\n")
	out := filepath.Join(t.TempDir(), "out.jsonl")
	args := g.args(in, out, "--grader", "judge", "--judge-model", "judge", "--equivalence", "--equivalence-model", "same")
	r := finece(t, "", args...)
	r.wants(t, 0, "1 verdicts were asked for", "1 meanings, found by")
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var s construct.State
	if err := json.Unmarshal([]byte(linesOf(string(raw))[0]), &s); err != nil || s.Confidence != 1 || !strings.HasSuffix(s.Grader, ", entailment same") {
		t.Errorf("%v: %+v", err, s)
	}
	asked := g.entailments.Load()
	if g.judges.Load() != 1 || asked == 0 || asked%2 != 0 {
		t.Errorf("%d verdicts, %d judgements of entailment", g.judges.Load(), asked)
	}
	os.Remove(out)
	finece(t, "", args...).wants(t, 0, fmt.Sprintf("%d judgements", asked))
	if again, _ := os.ReadFile(out); !bytes.Equal(again, raw) || g.judges.Load() != 1 || g.entailments.Load() != asked {
		t.Error("what was saved was asked for again, or gave other data")
	}
	finece(t, "", g.args(in, out, "--grader", "judge", "--judge-model", "judge")...).wants(t, exit.Usage, "made with other flags")
	finece(t, "", g.args(in, out, "--equivalence")...).wants(t, exit.Usage, "--equivalence is about --grader judge")
	finece(t, "", g.args(in, out, "--equivalence-model", "x")...).wants(t, exit.Usage, "needs --equivalence")
	finece(t, "", g.args(in, out, "--grader", "judge", "--judge-model", "judge", "--equivalence", "--dry-run")...).wants(t, 0)
}

// TestConstructWithSeveralServers: the servers share the requests, one that cannot be reached
// gets none, and the output is the same as with one server.
func TestConstructWithSeveralServers(t *testing.T) {
	in := file(t, "questions.jsonl", questionsFor(12))
	one, a, b, gone := newGenerator(t), newGenerator(t), newGenerator(t), newGenerator(t)
	gone.Close()
	want, got := filepath.Join(t.TempDir(), "one.jsonl"), filepath.Join(t.TempDir(), "several.jsonl")
	finece(t, "", one.args(in, want)...).wants(t, 0, "360 of 360 completions")
	finece(t, "", a.args(in, got, "--server", gone.URL+"/v1", "--server", b.URL+"/v1#weight=3")...).wants(t, 0, "360 of 360 completions")
	x, _ := os.ReadFile(want)
	y, err := os.ReadFile(got)
	if err != nil || !bytes.Equal(x, y) {
		t.Errorf("%d bytes, want %d; %v", len(y), len(x), err)
	}
	if n, m := a.completions.Load(), b.completions.Load(); n == 0 || m <= n || n+m != 360 {
		t.Errorf("the servers gave %d and %d completions, want more by the second", n, m)
	}
}
