package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
)

// call sends a request and returns the status and the body.
func call(t *testing.T, method, url, key, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

// answered asks for an answer, and returns the value of its header X-FineCE-Id once the answer is
// kept: a busy machine may take longer than a label waits.
func answered(t *testing.T, s serving, key string) string {
	t.Helper()
	before := calibrationAt(t, s.url, key).Answers
	status, text, header := call(t, "POST", s.url+"/v1/chat/completions", key, strings.Replace(chatRequest, "How many loaves?", secretQuestion, 1))
	id := header.Get("X-FineCE-Id")
	if status != 200 || !strings.Contains(text, secretAnswer) || !strings.Contains(text, `"id":"chatcmpl-7"`) || id == "" {
		t.Fatalf("%d, id %q: %s", status, id, text)
	}
	until(t, func() bool { return calibrationAt(t, s.url, key).Answers > before }, func() string { return "the answer " + id + " is not kept" })
	return id
}

func labelOf(id string, correct bool) string {
	return fmt.Sprintf(`{"id":%q,"correct":%v}`, id, correct)
}

// calibrationAt reads the figures of a server.
func calibrationAt(t *testing.T, url, key string) *figures.Reply {
	t.Helper()
	status, text, _ := call(t, "GET", url+feedback.PathCalibration, key, "")
	var reply figures.Reply
	if err := json.Unmarshal([]byte(text), &reply); status != 200 || err != nil {
		t.Fatalf("%d, %v: %s", status, err, text)
	}
	return &reply
}

// TestLabelsAreOfOneClient: each reaches its own answers, by either id; operators see all.
// The database has no text in it.
func TestLabelsAreOfOneClient(t *testing.T) {
	upstream, _ := planted(t)
	dir := t.TempDir()
	path, db := filepath.Join(dir, "keys.txt"), filepath.Join(dir, "feedback.db")
	laptop, phone := newKey(t, path, "--name", "laptop"), newKey(t, path, "--name", "phone")
	s := serve(t, []string{upstreamKey + "=" + secretKey}, "--log", "json", "--keys", path, "--upstream", upstream.URL+"/v1", "--feedback-db", db, "--metrics-listen", "127.0.0.1:0")
	at := s.url + feedback.PathFeedback
	first := answered(t, s, laptop)
	second := answered(t, s, phone)
	for _, c := range []struct {
		key, id string
		status  int
	}{
		{laptop, first, 200}, {laptop, first, 200}, {laptop, "chatcmpl-7", 200}, {phone, second, 200},
		{phone, first, 404}, {laptop, second, 404}, {laptop, "chatcmpl-8", 404}, {"", first, 401}, {laptop + "x", first, 401},
	} {
		if status, text, _ := call(t, "POST", at, c.key, labelOf(c.id, true)); status != c.status {
			t.Errorf("%s of %s: %d %s", c.id, c.key, status, text)
		}
	}
	if status, text, _ := call(t, "POST", at, laptop, labelOf(first, true), "Origin", "https://evil.example"); status != 403 {
		t.Errorf("a web page: %d %s", status, text)
	}
	if r := calibrationAt(t, s.url, laptop); r.Labels != 1 || r.Answers != 1 || r.Drift != nil {
		t.Errorf("the laptop sees %+v", r)
	}
	if r := calibrationAt(t, s.ops, ""); r.Labels != 2 || r.Answers != 2 || len(r.Groups) == 0 || len(r.Drift) != 1 {
		t.Errorf("the operator sees %+v", r)
	}
	if _, _, header := call(t, "GET", s.url+"/", laptop, ""); header.Get("X-FineCE-Labels") == "" {
		t.Errorf("the page is not told that labels are kept: %v", header)
	}
	if status, _, _ := call(t, "GET", s.url+feedback.PathCalibration, "", ""); status != 401 {
		t.Errorf("a stranger is shown figures: %d", status)
	}
	cookies, _ := cookiejar.New(nil)
	operator := &http.Client{Jar: cookies}
	for _, url := range []string{s.link, s.url + feedback.PathCalibration} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		resp, err := operator.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		page, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if url != s.link && !strings.Contains(string(page), "2 labels on 2 stored answers") {
			t.Errorf("the operator's page: %d %s", resp.StatusCode, page)
		}
	}
	if status, text, _ := call(t, "DELETE", at+"/"+second, laptop, ""); status != 404 {
		t.Errorf("another client's answer is deleted: %d %s", status, text)
	}
	if status, text, _ := call(t, "DELETE", at+"/"+second, phone, ""); status != 204 {
		t.Errorf("%d %s", status, text)
	}
	if r := calibrationAt(t, s.ops, ""); r.Labels != 1 || r.Answers != 1 {
		t.Errorf("after the deletion: %+v", r)
	}
	if status, text, _ := call(t, "GET", s.ops+"/metrics", "", ""); status != 200 || !strings.Contains(text, `finece_drift_labels{scorer="`) || !strings.Contains(text, `finece_drift_alarm{scorer="`) {
		t.Errorf("%d %s", status, text)
	}
	files, err := filepath.Glob(db + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		hides(t, f, string(data), laptop)
	}
	hides(t, "the log", s.stop(syscall.SIGTERM).err, laptop)
}

// TestAKilledServerHasLostNoLabel: a server that is killed while labels come has lost none that
// it has acknowledged.
func TestAKilledServerHasLostNoLabel(t *testing.T) {
	upstream, _ := planted(t)
	db := filepath.Join(t.TempDir(), "feedback.db")
	acknowledged := uint64(0)
	for round := range 4 {
		s := serve(t, nil, "--upstream", upstream.URL+"/v1", "--feedback-db", db)
		if r := calibrationAt(t, s.url, ""); r.Labels < acknowledged || r.Labels > acknowledged+uint64(round) {
			t.Fatalf("round %d: %d labels, %d were acknowledged, and one a round may not have been", round, r.Labels, acknowledged)
		} else {
			acknowledged = r.Labels
		}
		for range 5 {
			if status, text, _ := call(t, "POST", s.url+feedback.PathFeedback, "", labelOf(answered(t, s, ""), true)); status != 200 {
				t.Fatalf("%d %s", status, text)
			}
			acknowledged++
		}
		late := answered(t, s, "")
		done := make(chan bool)
		go func() {
			resp, err := http.Post(s.url+feedback.PathFeedback, "application/json", strings.NewReader(labelOf(late, true)))
			ok := err == nil && resp.StatusCode == 200
			if err == nil {
				resp.Body.Close()
			}
			done <- ok
		}()
		if round%2 == 0 && <-done {
			acknowledged++
		}
		s.kill(syscall.SIGKILL)
		if round%2 == 1 && <-done {
			acknowledged++
		}
		_ = s.cmd.Wait()
	}
	s := serve(t, nil, "--upstream", upstream.URL+"/v1", "--feedback-db", db)
	if r := calibrationAt(t, s.url, ""); r.Labels < acknowledged {
		t.Errorf("%d labels are there of %d", r.Labels, acknowledged)
	}
	s.stop(syscall.SIGTERM).wants(t, exit.OK)
}

func TestSettingsOfTheStore(t *testing.T) {
	db := filepath.Join(t.TempDir(), "feedback.db")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--drift-rate", "0.9"}, exit.Usage, "--drift-rate 0.9: want 0 to 0.5"},
		{[]string{"--on-drift", "stop"}, exit.Usage, "want report, uncalibrate"},
		{[]string{"--feedback-max", "1000"}, exit.Usage, "--feedback-max 1000: want at least 1048576"},
		{[]string{"--feedback-retention", "-1h"}, exit.Usage, "--feedback-retention -1h0m0s: want at least 0"},
		{[]string{"--feedback-db", filepath.Join(db, "none")}, exit.IO, "--feedback-db: "},
	} {
		finece(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1/v1"}, c.args...)...).wants(t, c.code, c.says)
	}
	s := serve(t, nil, "--upstream", "http://127.0.0.1:1/v1")
	if status, text, _ := call(t, "GET", s.url+feedback.PathCalibration, "", ""); status != 404 {
		t.Errorf("without a store: %d %s", status, text)
	}
	s.stop(syscall.SIGTERM)
}
