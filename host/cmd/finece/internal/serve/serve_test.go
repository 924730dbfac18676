package serve

import (
	"bufio"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

const chatRequest = `{"model":"demo","stream":true,"messages":[{"role":"user","content":"How many loaves?"}]}`

func TestServeScoresChatCompletions(t *testing.T) {
	recorded, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer sk-up" {
			t.Errorf("the upstream got %q", got)
		}
		inPieces(w, string(recorded), 5000)
	}))
	defer upstream.Close()
	confidences := newConfidenceModel(t)
	for _, args := range [][]string{
		{}, {"--engine", "native", "--carrier", "comment"},
		{"--model", confidences.URL + "/v1"},
		{"--estimator", confidences.URL + "/v1", "--model", "finece"},
		{"--policy", "withhold", "--failure", "closed", "--withhold-below", "0.7", "--uncalibrated", "allow"},
	} {
		s := serve(t, []string{upstreamKey + "=sk-up"}, append(args, "--settle", hung.String(), "--no-auth", "--upstream", upstream.URL+"/v1")...)
		resp, err := http.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if text := string(body); resp.Header.Get("X-FineCE-Status") != "checking" || !strings.Contains(text, "finece") ||
			!strings.Contains(text, `"state":"final"`) && !strings.Contains(text, `"end"]`) || !strings.HasSuffix(text, "data: [DONE]\n\n") {
			t.Errorf("%v: %v %s", args, resp.Header, text[max(0, len(text)-500):])
		}
		s.stop(syscall.SIGTERM).wants(t, exit.OK)
	}
	if confidences.requests.Load() < 20 {
		t.Errorf("the confidence model was asked %d times", confidences.requests.Load())
	}
}

func TestServeRefusesUncheckedRoutesIfAskedTo(t *testing.T) {
	s := serve(t, nil, "--upstream", "http://127.0.0.1:1/v1", "--failure", "closed", "--refuse-unchecked")
	resp, err := http.Post(s.url+"/v1/embeddings", "application/json", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "finece-surface") {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
	s.stop(syscall.SIGTERM).wants(t, exit.OK)
}

func TestThePageIsTheDemoIfThatWasBuilt(t *testing.T) {
	for _, c := range []struct {
		files fstest.MapFS
		want  string
	}{
		{fstest.MapFS{"site/index.html": {Data: []byte("plain")}}, "plain"},
		{fstest.MapFS{"site/index.html": {Data: []byte("plain")}, "site/demo/index.html": {Data: []byte("demo")}}, "demo"},
	} {
		if got, err := fs.ReadFile(site(c.files), "index.html"); err != nil || string(got) != c.want {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
}

func TestServeServesAPage(t *testing.T) {
	s := serve(t, nil, "--settle", hung.String())
	resp, page := get(t, s.url+"/")
	if resp.StatusCode != 200 || !strings.Contains(page, "finece serve") && !strings.Contains(page, "FineCE") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %s", resp.StatusCode, page)
	}
	if resp, _ := get(t, s.url+"/healthz"); resp.StatusCode != 200 {
		t.Errorf("/healthz: %d", resp.StatusCode)
	}
	// Without an upstream the built-in model answers, with its confidences.
	if resp, body := get(t, s.url+"/v1/models"); resp.StatusCode != 200 || !strings.Contains(body, `"generator"`) {
		t.Errorf("/v1/models: %d %s", resp.StatusCode, body)
	}
	question := `{"model":"generator","stream":true,"messages":[{"role":"user","content":"Tom has 17 apples. Ann has 25 more than Tom. How many apples does Ann have?"}]}`
	resp, err := http.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if text := string(answer); resp.StatusCode != 200 || !strings.Contains(text, "####") || !strings.Contains(text, `"end"]`) || !strings.Contains(text, `"state":"final"`) {
		t.Errorf("HTTP %d %s", resp.StatusCode, answer)
	}
	s.stop(syscall.SIGINT).wants(t, exit.OK, "built-in")

	dir := t.TempDir()
	for name, text := range map[string]string{"public/index.html": "<p>mine", "public/core.wasm": "\x00asm", "secret": "no"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(dir, "public", "link")); err != nil {
		t.Fatal(err)
	}
	s = serve(t, nil, "--static", filepath.Join(dir, "public"))
	if _, page := get(t, s.url+"/"); page != "<p>mine" {
		t.Errorf("/ is %q", page)
	}
	if resp, _ := get(t, s.url+"/core.wasm"); resp.Header.Get("Content-Type") != "application/wasm" {
		t.Errorf("a core as %q", resp.Header.Get("Content-Type"))
	}
	if resp, body := get(t, s.url+"/link"); resp.StatusCode == 200 {
		t.Errorf("a link out of the folder: %q", body)
	}
	s.stop(syscall.SIGTERM).wants(t, exit.OK, "built-in")
}

// TestServeStopsGracefully: the server finishes an answer that is under way, or cuts it when
// the time is up.
func TestServeStopsGracefully(t *testing.T) {
	for _, c := range []struct {
		grace string
		code  int
		says  []string
	}{
		{"2m", exit.OK, nil},
		{"100ms", exit.Faults, []string{"were cut"}},
	} {
		more := make(chan struct{})
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inPieces(w, "data: {\"choices\":[]}\n\n", 100)
			select {
			case <-more:
			case <-r.Context().Done():
			}
			io.WriteString(w, "data: [DONE]\n\n")
		}))
		defer upstream.Close()
		s := serve(t, nil, "--upstream", upstream.URL+"/v1", "--grace", c.grace)
		resp, err := http.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if c.code == exit.OK {
			go func() {
				untilClosed(t, s.url) // the server is stopping
				close(more)
			}()
		}
		ended := make(chan string)
		go func() {
			body, err := io.ReadAll(resp.Body)
			ended <- string(body)
			if (err == nil) != (c.code == exit.OK) {
				t.Errorf("grace %s: the answer ended with %v", c.grace, err)
			}
		}()
		r := s.stop(syscall.SIGTERM)
		if r.code != c.code || len(c.says) > 0 && !strings.Contains(r.err, c.says[0]) {
			t.Errorf("grace %s: exit code %d: %s", c.grace, r.code, r.err)
		}
		if body := <-ended; c.code == exit.OK && !strings.HasSuffix(body, "[DONE]\n\n") {
			t.Errorf("the answer was %q", body)
		}
	}
}

// untilShown waits until a page has a text: the page may change only after the answer has come.
func untilShown(t *testing.T, url, text string) {
	t.Helper()
	page := ""
	until(t, func() bool {
		_, page = get(t, url)
		return strings.Contains(page, text)
	}, func() string { return url + " never shows " + text + ":\n" + page })
}

// untilClosed waits until a server no longer accepts connections. It may run on any goroutine.
func untilClosed(t *testing.T, url string) {
	for deadline := time.Now().Add(hung); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Errorf("hung: the server still accepts connections after %v", hung)
			return
		}
	}
}

// until waits until so reports true. If it never does, the test fails with the text of otherwise.
func until(t *testing.T, so func() bool, otherwise func() string) {
	t.Helper()
	for deadline := time.Now().Add(hung); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("hung for %v: %s", hung, otherwise())
		}
	}
}

func TestServeRefusesWhatCannotWork(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--upstream", "api.openai.com"}, exit.Usage, "upstream"},
		{[]string{"--policy", "guess"}, exit.Usage, "policy"},
		{[]string{"--policy", "withhold"}, exit.Usage, "--failure"},
		{[]string{"--policy", "withhold", "--failure", "open", "--withhold-below", "7"}, exit.Usage, "want 0 to 1"},
		{[]string{"--policy", "withhold", "--failure", "open"}, exit.Usage, "the answers lie outside what the confidence model was trained on (domain). Label answers as right or wrong"},
		{[]string{"--policy", "warn", "--upstream", "http://127.0.0.1:1/v1"}, exit.Usage, "the policy warn acts on a threshold, so it needs probabilities: the statistic perplexity is not calibrated"},
		{[]string{"--policy", "escalate", "--uncalibrated", "allow"}, exit.Usage, "escalate_model"},
		{[]string{"--policy", "best-of", "--answers", "99"}, exit.Usage, "answers 99: want 1 to 16"},
		{[]string{"--policy", "vote", "--vote-by", "judge"}, exit.Usage, "judge"},
		{[]string{"--uncalibrated", "perhaps"}, exit.Usage, "uncalibrated"},
		{[]string{"--settle", "-1s"}, exit.Usage, "settle"},
		{[]string{"--carrier", "pigeon"}, exit.Usage, "carrier"},
		{[]string{"--refuse-unchecked"}, exit.Usage, "closed"},
		{[]string{"extra"}, exit.Usage, "no arguments"},
		{[]string{"--static", "/no/such/folder"}, exit.IO, "--static"},
		{[]string{"--listen", taken.Addr().String()}, exit.IO, "in use"},
	} {
		finece(t, nil, append([]string{"serve"}, c.args...)...).wants(t, c.code, c.says)
	}
}

// TestServeSaysThatItsModelGivesNoConfidence: serve warns at its start, before an answer needs
// the model.
func TestServeSaysThatItsModelGivesNoConfidence(t *testing.T) {
	prose := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"I am quite sure."}}]}`)
	}))
	defer prose.Close()
	cmd := command(t, "serve", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1/v1", "--model", prose.URL+"/v1")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "warning") {
	}
	if got := lines.Text(); !strings.Contains(got, "(bad-reply); it replied") || !strings.Contains(got, "I am quite sure.") || !strings.Contains(got, "--adapter") {
		t.Errorf("it said %q", got)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	io.Copy(io.Discard, said)
	_ = cmd.Wait()
}
