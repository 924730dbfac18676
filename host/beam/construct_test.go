package beam_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// sampled is servers that sample one model: the text depends on the request and its seed
// alone. replied is the requests that have had their reply, over all servers.
type sampled struct {
	mu      sync.Mutex
	replied map[string]int
	hold    int // requests that are replied to; the others wait until they are cancelled. 0 holds none
}

// server starts a server. With dies, it ends in the middle of its request of that number.
func (s *sampled) server(t *testing.T, dies int) string {
	t.Helper()
	var server *httptest.Server
	var once sync.Once
	asked := 0
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Messages []struct{ Role, Content string }
			Seed, N  int
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&request) != nil {
			http.NotFound(w, r)
			return
		}
		text, held := s.reply(request.Messages[len(request.Messages)-1].Content, fmt.Sprint(request.Messages, request.Seed), max(request.N, 1))
		s.mu.Lock()
		asked++
		gone := dies > 0 && asked >= dies
		s.mu.Unlock()
		switch {
		case gone:
			once.Do(func() { _ = server.Listener.Close() })
			panic(http.ErrAbortHandler)
		case held:
			<-r.Context().Done()
		default:
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

// reply is the reply to a request for n completions, and whether it is held back.
func (s *sampled) reply(last, request string, n int) (text string, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold > 0 && len(s.replied) >= s.hold {
		return "", true
	}
	s.replied[request]++
	var choices []string
	for i := range n {
		h := fnv.New32a()
		fmt.Fprint(h, request, i)
		x := h.Sum32()
		var b strings.Builder
		for step := strings.Count(last, "Paragraph") + 1; step <= 4; step++ {
			fmt.Fprintf(&b, "\n\nParagraph %d says %s <%d>.", step, []string{"alpha", "beta", "gamma"}[x%3], x%7)
		}
		content, _ := json.Marshal(fmt.Sprintf("%s\n\n#### %d", strings.TrimPrefix(b.String(), "\n\n"), x>>8%2))
		choices = append(choices, fmt.Sprintf(`{"index":%d,"finish_reason":"stop","message":{"content":%s}}`, i, content))
	}
	return fmt.Sprintf(`{"model":"served","choices":[%s]}`, strings.Join(choices, ",")), false
}

func newSampled() *sampled { return &sampled{replied: map[string]int{}} }

// forget begins the count of requests again.
func (s *sampled) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.replied)
}

// requests is how many requests had a reply, and how many of them came again.
func (s *sampled) requests() (n, again int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.replied {
		again += times - 1
	}
	return len(s.replied), again
}

func constructArgs(in, out string, servers ...string) []string {
	args := []string{"construct", "-o", out, "--model", "m", "--grader", "number", "--k", "6", "--T", "2", "--m", "2", "--n", "2", "--requests", "4", in}
	for _, url := range servers {
		args = append(args, "--server", url)
	}
	return args
}

func writeQuestions(t *testing.T, n int, more string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"q%d","question":"Which is %d?","gold":"%d"}`+"\n", i, i, i%2)
	}
	path := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := os.WriteFile(path, []byte(b.String()+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// byFinece is the output of finece construct.
func byFinece(t *testing.T, in string) (states []byte, requests int) {
	t.Helper()
	s, out := newSampled(), filepath.Join(t.TempDir(), "states.jsonl")
	_, said, _ := run(t, "FINECE", constructArgs(in, out, s.server(t, 0))...)
	states, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	requests, _ = s.requests()
	return states, requests
}

// TestConstruct: the states are those of finece construct, what cannot be used is told, and
// the same command asks for nothing again.
func TestConstruct(t *testing.T) {
	in := writeQuestions(t, 23, "{\"id\":\"x\",\"question\":\"No gold?\"}\nnot json\n{\"id\":\"q3\",\"question\":\"Another?\",\"gold\":\"1\"}\n")
	want, requests := byFinece(t, in)
	s, out := newSampled(), filepath.Join(t.TempDir(), "out")
	args := append(constructArgs(in, out, s.server(t, 0)), "--shard-questions", "5")
	_, said, code := run(t, "FINECE_BEAM", args...)
	got, n := parts(t, out)
	if !bytes.Equal(got, want) || n != 5 || code != 1 {
		t.Fatalf("%d bytes in %d shards, want %d; exit code %d\n%s", len(got), n, len(want), code, said)
	}
	if n, again := s.requests(); n != requests || again != 0 {
		t.Errorf("%d requests, %d of them again; want %d", n, again, requests)
	}
	for _, text := range []string{"finece-beam: " + in + ": 23 questions, ", "690 of 690 completions", "3 questions could not be used"} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said:\n%s", text, said)
		}
	}
	left, _ := os.ReadFile(filepath.Join(out, "_rejected", "questions.jsonl"))
	for _, text := range []string{
		fmt.Sprintf(`{"file":%q,"record":24,"reason":"`, in), `"record":25,"reason":"invalid character`, `"text":"not json"}`, `"record":26,"reason":"question q3: another one has the same id"`,
	} {
		if !strings.Contains(string(left), text) {
			t.Errorf("%s is not among the rejected records:\n%s", text, left)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(out, "_replies", "*")); len(kept) > 0 {
		t.Errorf("replies are left: %v", kept)
	}
	_, again, code := run(t, "FINECE_BEAM", args...)
	if n, twice := s.requests(); n != requests || twice != 0 || code != 1 || !strings.Contains(again, "5 of 5 shards are there already") || !strings.Contains(again, "690 of 690 completions") {
		t.Errorf("again: exit code %d, %d requests\n%s", code, n+twice, again)
	}
	if _, said, code := run(t, "FINECE_BEAM", append(args, "--k", "5")...); code != 2 || !strings.Contains(said, "other flags") {
		t.Errorf("with other flags: exit code %d\n%s", code, said)
	}
}

// TestConstructWhileAServerDies: all questions complete, and none twice.
func TestConstructWhileAServerDies(t *testing.T) {
	in := writeQuestions(t, 24, "")
	want, requests := byFinece(t, in)
	s, out := newSampled(), filepath.Join(t.TempDir(), "out")
	_, said, code := run(t, "FINECE_BEAM", append(constructArgs(in, out, s.server(t, 0), s.server(t, 20), s.server(t, 0)), "--shard-questions", "6")...)
	got, _ := parts(t, out)
	if !bytes.Equal(got, want) || code != 0 {
		t.Errorf("%d bytes, want %d; exit code %d\n%s", len(got), len(want), code, said)
	}
	// What the server had in hand when it died was asked of another one.
	if n, again := s.requests(); n != requests || again == 0 || again > 8 {
		t.Errorf("%d requests, %d of them again; want %d", n, again, requests)
	}
}

// TestConstructResumes: after a kill, only the replies that are not there are asked for.
func TestConstructResumes(t *testing.T) {
	in := writeQuestions(t, 24, "")
	want, requests := byFinece(t, in)
	s, out := newSampled(), filepath.Join(t.TempDir(), "out")
	args := append(constructArgs(in, out, s.server(t, 0), s.server(t, 0)), "--shard-questions", "6")
	for _, at := range []int{requests / 10, requests / 2} {
		s.mu.Lock()
		s.hold = at
		s.mu.Unlock()
		cmd := exec.Command(os.Getenv("FINECE_BEAM"), args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// What has had a reply is there: kept, or in a shard that is done.
		kept := func() bool {
			replies, _ := filepath.Glob(filepath.Join(out, "_replies", "*", "[^.]*"))
			done, _ := filepath.Glob(filepath.Join(out, "_counts", "part-*"))
			n, _ := s.requests()
			return n >= at && len(replies) >= at-len(done)*requests/4
		}
		for limit := time.Now().Add(5 * time.Minute); !kept(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(limit) {
				_ = cmd.Process.Kill()
				t.Fatal("the replies are not kept")
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	s.mu.Lock()
	s.hold = 0
	s.mu.Unlock()
	_, said, code := run(t, "FINECE_BEAM", args...)
	got, _ := parts(t, out)
	if !bytes.Equal(got, want) || code != 0 {
		t.Errorf("%d bytes, want %d; exit code %d\n%s", len(got), len(want), code, said)
	}
	if n, again := s.requests(); n != requests || again != 0 {
		t.Errorf("%d requests, %d of them again; want %d and none", n, again, requests)
	}
}
