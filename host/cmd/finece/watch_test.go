package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/screen/screentest"
)

var badges = regexp.MustCompile(` ?(● \d+%|● [▂▅█] (low|medium|high)|○ n/a)`)

// likewise is a fitted calibration that leaves confidences as they are.
const likewise = `{"finece_calibration":1,"maps":{"all":{"method":"temperature","n":9,"support":[0,1],"clip":1e-6,"parameters":[1]}}}`

// trainedCard is the card of a model that was trained on labelled answers.
const trainedCard = `{"finece_card":1,"labels":9}`

// TestWatchWithoutATerminal: the text as it is, each badge once and final, then
// the summary; and no colours.
func TestWatchWithoutATerminal(t *testing.T) {
	r := finece(t, "", "watch", demoStream)
	r.wants(t, 0)
	text := finece(t, "", "text", demoStream).out
	positions := positionsIn(t, finece(t, "", "positions", demoStream).out)
	shown, summary, ok := strings.Cut(r.out, "\n\nposition ")
	if !ok || strings.Contains(r.out, "\x1b") {
		t.Fatalf("no summary, or colours:\n%s", r.out)
	}
	if n := len(badges.FindAllString(shown, -1)); n != len(positions) {
		t.Errorf("%d badges for %d positions", n, len(positions))
	}
	if got := badges.ReplaceAllString(shown, ""); got != "question\n\n"+text {
		t.Errorf("%q\nwant the text\n%q", got, text)
	}
	if n := len(linesOf(summary)); n != 1+len(positions) {
		t.Errorf("the summary has %d lines for %d positions:\n%s", n, len(positions), summary)
	}
	for _, state := range []string{"final", "unavailable: no-text"} {
		if !strings.Contains(summary, state) {
			t.Errorf("the summary does not say %q", state)
		}
	}
}

// TestWatchAnAddress streams the demo over HTTP in pieces, cut anywhere.
func TestWatchAnAddress(t *testing.T) {
	stream, err := os.ReadFile(demoStream)
	if err != nil {
		t.Fatal(err)
	}
	want := finece(t, "", "watch", "--engine", "native", demoStream)
	for _, size := range []int{1 << 20, 997, 61} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inPieces(w, string(stream), size) }))
		if got := finece(t, "", "watch", "--engine", "native", server.URL); got != want {
			t.Errorf("in pieces of %d: %+v", size, got)
		}
		server.Close()
	}
}

// TestWatchEndsAtTheEndMarker: the server leaves the connection open.
func TestWatchEndsAtTheEndMarker(t *testing.T) {
	stream, err := os.ReadFile(demoStream)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inPieces(w, string(stream), 5000)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	want := finece(t, "", "watch", "--engine", "native", demoStream)
	if got := finece(t, "", "watch", "--engine", "native", server.URL); got != want {
		t.Errorf("%+v", got)
	}
}

// TestWatchPosts asks an endpoint for a stream and a confidence model about it.
func TestWatchPosts(t *testing.T) {
	stream, err := os.ReadFile(demoStream)
	if err != nil {
		t.Fatal(err)
	}
	var asked, key string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked, key = r.Method+" "+string(body), r.Header.Get("Authorization")
		inPieces(w, string(stream), 5000)
	}))
	defer server.Close()
	m := newConfidenceModel(t, sure)
	body := `{"model":"m","messages":[{"role":"user","content":"What is the profit?"}]}`
	args := append([]string{"watch", "--data", "@" + file(t, "body.json", body), server.URL}, m.flags()...)
	if r := finece(t, "", args...); strings.Count(r.out, "● ▂ low") != 10 || strings.Contains(r.out, "%") {
		t.Errorf("without a card it shows\n%s", r.out)
	}
	cmd := command(t, append(args, "--model-card", file(t, "card.json", trainedCard))...)
	cmd.Env = append(cmd.Env, "OPENAI_API_KEY=sk-test")
	r := run(t, cmd, nil)
	r.wants(t, 0)
	if !strings.HasPrefix(asked, "POST {") || !strings.Contains(asked, `"stream":true`) || !strings.Contains(asked, "What is the profit?") || key != "Bearer sk-test" {
		t.Errorf("it sent %s with %q", asked, key)
	}
	if !strings.Contains(r.out, "question ● 80%") || strings.Count(r.out, "● 80%") != 10 || strings.Contains(r.out, "sk-test") {
		t.Errorf("it shows\n%s", r.out)
	}
	for _, p := range m.prompts(t) {
		if !strings.Contains(p, "What is the profit?") {
			t.Errorf("a prompt without the question:\n%s", p)
		}
	}
}

func TestWatchAddressesThatFail(t *testing.T) {
	serve := func(h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range []struct {
		name, url string
		args      []string
		code      int
		says      string
	}{
		{"404", serve(http.NotFound), nil, exit.IO, "HTTP 404 Not Found"},
		{"401 with a body", serve(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no \x1b[31mkey", http.StatusUnauthorized) }),
			[]string{"--data", `{"messages":[]}`}, exit.IO, "set the key in OPENAI_API_KEY"},
		{"nobody there", gone.URL, nil, exit.IO, "connection refused"},
		{"an address that is none", "http://[::1", nil, exit.Usage, "missing ']'"},
		{"a document", serve(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "<!DOCTYPE html><html><body>Sign in</body></html>")
		}), nil, exit.Faults, "not-a-stream"},
		{"broken off", serve(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, tokenEvent("a", 0.5)+tokenEvent("b", 0.5)[:40])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}), nil, exit.IO, "unexpected EOF"},
		{"a pace that is none", demoStream, []string{"--pace", "NaN"}, exit.Usage, "--pace NaN: want 0, or 0.001 to 1000000"},
		{"a pace that takes for ever", demoStream, []string{"--pace", "1e-11"}, exit.Usage, "--pace 1e-11: want 0, or 0.001 to 1000000"},
		{"--data for a file", demoStream, []string{"--data", "{}"}, exit.Usage, "--data is for a URL"},
		{"--data that is no JSON", "http://localhost", []string{"--data", "{"}, exit.Usage, "want a JSON object"},
		{"--data from no file", "http://localhost", []string{"--data", "@no-such-file"}, exit.IO, "no-such-file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := finece(t, "", append([]string{"watch", "--engine", "native", c.url}, c.args...)...)
			r.wants(t, c.code, c.says)
			if strings.Contains(r.err, "\x1b") {
				t.Errorf("an escape sequence is printed: %q", r.err)
			}
		})
	}
}

// TestWatchIsInterrupted: a stream without end stops at the first signal, and
// what was known is shown.
func TestWatchIsInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, tokenEvent("one", 0.5)+tokenEvent("\n\n", 0.5)+tokenEvent("two", 0.5))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	cmd := command(t, "watch", "--engine", "native", server.URL)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer tty.Close()
	var written []byte
	for buf := make([]byte, 1024); !bytes.Contains(written, []byte("two")); {
		n, err := tty.Read(buf)
		written = append(written, buf[:n]...)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(tty) // ends with EIO on Linux
	r := finish(t, cmd.Wait(), bytes.NewBuffer(rest), &bytes.Buffer{})
	r.wants(t, exit.Interrupted)
	if !strings.Contains(r.out, "p(1)") || !strings.Contains(r.out, "p(z)") || !strings.Contains(r.out, "final") {
		t.Errorf("it shows\n%s", r.out)
	}
}

// picture runs the command on a terminal and returns what that shows in the end,
// and everything that was written to it.
func picture(t *testing.T, width, height int, env []string, args ...string) ([]string, string) {
	t.Helper()
	cmd := command(t, args...)
	cmd.Env = append(cmd.Env, env...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)})
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer tty.Close()
	written, _ := io.ReadAll(tty) // ends with EIO on Linux
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, written)
	}
	screen := screentest.New(width, height)
	screen.Write(written)
	return screen.Text(), string(written)
}

// TestWatchOnATerminal looks at the picture: the same text as without one,
// wrapped, with badges that were revised in place.
func TestWatchOnATerminal(t *testing.T) {
	maps := file(t, "map.json", likewise)
	args := []string{"watch", "--engine", "native", "--pace", "2000", "--calibration", maps, demoStream}
	plain := finece(t, "", "watch", "--engine", "native", "--calibration", maps, demoStream).out
	for _, width := range []int{200, 80, 46} {
		shown, written := picture(t, width, 60, nil, args...)
		all := strings.Join(strings.Fields(strings.Join(shown, " ")), " ")
		before, _, _ := strings.Cut(plain, "\n\nposition ")
		if want := strings.Join(strings.Fields(before), " "); !strings.HasPrefix(all, want) {
			t.Errorf("%d columns:\n%s\nwant it to begin\n%s", width, strings.Join(shown, "\n"), before)
		}
		if !strings.Contains(written, "◐ 95%") {
			t.Errorf("%d columns: no provisional badge was ever drawn", width)
		}
		if !strings.Contains(written, "\x1b[32m● ") {
			t.Errorf("%d columns: no colours", width)
		}
		if !strings.Contains(all, "p(z)") {
			t.Errorf("%d columns: no summary", width)
		}
	}
	if _, written := picture(t, 80, 60, []string{"NO_COLOR=1"}, args...); strings.Contains(written, "\x1b[32m") {
		t.Error("NO_COLOR is not obeyed")
	}
}

// TestWatchWhatHasScrolledOff: text that has left the screen stays as it is, and the summary
// names the badges that were revised after that.
func TestWatchWhatHasScrolledOff(t *testing.T) {
	shown, _ := picture(t, 60, 6, nil, "watch", "--engine", "native", "--pace", "2000", demoStream)
	all := strings.Join(shown, "\n")
	for _, want := range []string{"question ○ n/a", "A baker sells 48 loaves", "126 euros", "scrolled off as ◐ "} {
		if !strings.Contains(all, want) {
			t.Errorf("it does not show %q:\n%s", want, all)
		}
	}
}

// TestHostileTextDoesNotReachTheTerminal: text from a model that would move the
// cursor, set the title or ring the bell is shown without doing so.
func TestHostileTextDoesNotReachTheTerminal(t *testing.T) {
	const hostile = "a\x1b[2J\x1b]0;title\x07\x1b[1;1Hb\u009b31mc\u202ed\r\x00e"
	path := file(t, "hostile.txt", strings.Repeat("x", 600)+" "+hostile)
	for _, args := range [][]string{{"watch", "--format", "text"}, {"text", "--format", "text"}} {
		cmd := command(t, append(args, "--engine", "native", path)...)
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
		if err != nil {
			t.Skipf("no terminal to be had: %v", err)
		}
		written, _ := io.ReadAll(tty)
		tty.Close()
		cmd.Wait()
		for _, bad := range []string{"\x1b[2J", "\x1b]", "\x07", "\u009b", "\u202e", "\x1b[1;1H", "\x00"} {
			if bytes.Contains(written, []byte(bad)) {
				t.Errorf("%s: %q reached the terminal", args[0], bad)
			}
		}
		if !bytes.Contains(written, []byte("[1;1H")) {
			t.Errorf("%s: the text is not shown: %q", args[0], written)
		}
	}
	// Output to a file or a pipe is the text itself.
	if r := finece(t, "", "text", "--format", "text", path); !strings.HasSuffix(r.out, hostile) {
		t.Errorf("%q", r.out)
	}
}
