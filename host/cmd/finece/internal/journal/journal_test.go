package journal_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/journal"
)

const head = `{"id":`

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		seen                []string
		cut                 int64
		fails               bool
	}{
		{name: "a new file", after: "{\"id\":9}\n"},
		{name: "an empty file", before: "", after: "{\"id\":9}\n"},
		{name: "whole lines", before: "{\"id\":1}\n{\"id\":2}\n", after: "{\"id\":1}\n{\"id\":2}\n{\"id\":9}\n", seen: []string{`{"id":1}`, `{"id":2}`}},
		{name: "a torn last line", before: "{\"id\":1}\n{\"id\":2", after: "{\"id\":1}\n{\"id\":9}\n", seen: []string{`{"id":1}`}, cut: 7},
		{name: "nothing but a torn line", before: "{\"i", after: "{\"id\":9}\n", cut: 3},
		{name: "lines to drop", before: "{\"id\":1}\ndrop\n{\"id\":2}\ndrop\n{\"i", after: "{\"id\":1}\n{\"id\":2}\n{\"id\":9}\n",
			seen: []string{`{"id":1}`, "drop", `{"id":2}`, "drop"}, cut: 3},
		{name: "somebody else's file", before: "notes\nmore", after: "notes\nmore", seen: []string{"notes"}, fails: true},
		{name: "somebody else's file without a line end", before: "notes", after: "notes", fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.jsonl")
			if c.name != "a new file" {
				if err := os.WriteFile(path, []byte(c.before), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var seen []string
			j, err := journal.Open(path, head, func(line []byte, number int) (journal.Verdict, error) {
				seen = append(seen, string(line))
				switch {
				case string(line) == "drop":
					return journal.Drop, nil
				case !strings.HasPrefix(string(line), head):
					return 0, errors.New("not mine")
				}
				return journal.Keep, nil
			})
			if (err != nil) != c.fails {
				t.Fatal(err)
			}
			if !slices.Equal(seen, c.seen) {
				t.Errorf("saw %q, want %q", seen, c.seen)
			}
			if !c.fails {
				if j.Cut != c.cut {
					t.Errorf("cut %d bytes, want %d", j.Cut, c.cut)
				}
				if err := errors.Join(j.Append([]byte(`{"id":9}`)), j.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if got, _ := os.ReadFile(path); string(got) != c.after {
				t.Errorf("%q, want %q", got, c.after)
			}
			if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
				t.Errorf("%v left behind", left)
			}
		})
	}
}

func TestAFileHasOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	keep := func([]byte, int) (journal.Verdict, error) { return journal.Keep, nil }
	first, err := journal.Open(path, head, keep)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(path, head, keep); !errors.Is(err, journal.ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := journal.Open(path, head, keep)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// TestARewrittenFileIsTheSameOne: a rewritten file keeps its links and its permissions.
func TestARewrittenFileIsTheSameOne(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "kept.jsonl"), filepath.Join(t.TempDir(), "out.jsonl")
	if err := os.WriteFile(path, []byte("drop\n{\"id\":1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	j, err := journal.Open(link, head, func(line []byte, _ int) (journal.Verdict, error) {
		if string(line) == "drop" {
			return journal.Drop, nil
		}
		return journal.Keep, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append([]byte(`{"id":9}`)), j.Close()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "{\"id\":1}\n{\"id\":9}\n" {
		t.Errorf("%q", got)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if at, err := os.Readlink(link); at != path {
		t.Errorf("the link leads to %q: %v", at, err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("%v left behind", all)
	}
}

func TestCompact(t *testing.T) {
	for _, c := range []struct {
		name, drop, want string
		dropped          int
	}{
		{"nothing", "x", "a\nb\na\nc\nd\n", 0},
		{"some", "a", "b\nc\nd\n", 2},
		{"a line of this run", "c", "a\nb\na\nd\n", 1},
		{"the last", "d", "a\nb\na\nc\n", 1},
	} {
		path := filepath.Join(t.TempDir(), "out.jsonl")
		if err := os.WriteFile(path, []byte("a\nb\na\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(path, "", func([]byte, int) (journal.Verdict, error) { return journal.Keep, nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append([]byte("c")); err != nil {
			t.Fatal(err)
		}
		// The last line comes after the file was written anew.
		n := 0
		if c.drop != "d" {
			n, err = j.Compact(func(line []byte) bool { return string(line) == c.drop })
		}
		err = errors.Join(err, j.Append([]byte("d")))
		if c.drop == "d" {
			m, e := j.Compact(func(line []byte) bool { return string(line) == c.drop })
			n, err = m, errors.Join(err, e)
		}
		if err := errors.Join(err, j.Close()); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != c.want || n != c.dropped {
			t.Errorf("%s: %q, %d dropped; want %q, %d", c.name, got, n, c.want, c.dropped)
		}
	}
}

// TestAFillThatFailsLeavesNothing: the file stays empty, and no temporary file is left.
func TestAFillThatFailsLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.jsonl")
	failed := errors.New("the input broke off")
	_, err := journal.OpenFilled(path, head, func(w io.Writer) error {
		if _, err := io.WriteString(w, head+"1}\n"); err != nil {
			t.Fatal(err)
		}
		return failed
	}, func([]byte, int) (journal.Verdict, error) { return journal.Keep, nil })
	if !errors.Is(err, failed) {
		t.Errorf("the error is %v", err)
	}
	text, err := os.ReadFile(path)
	all, _ := os.ReadDir(folder)
	if err != nil || len(text) > 0 || len(all) > 1 && runtime.GOOS != "windows" {
		t.Errorf("%q is left, %v: %v", text, all, err)
	}
}

// TestCompactWithoutTheFile: a file that somebody has removed, and one that is closed.
func TestCompactWithoutTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows removes no open file")
	}
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(filepath.Join(folder, "out.jsonl"), head, func([]byte, int) (journal.Verdict, error) { return journal.Keep, nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte(head + "1}")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	all := func([]byte) bool { return true }
	if _, err := j.Compact(all); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is gone: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Compact(all); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the journal is closed: %v", err)
	}
}
