package input_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
)

const text = "{\"confidence\":0.5,\"correct\":1}\n"

func gzipped(t *testing.T) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstded(t *testing.T, options ...zstd.EOption) string {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, options...)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(t *testing.T, names ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "/") {
			io.WriteString(w, text)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bzipped is text, by bzip2 -9.
const bzipped = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xad\xee\xa5\x63\x00\x00\x0e\xd9\x80\x00\x10\x10\x05\x62\x10\x0f\x21\x94\x0a\x20\x00\x31\x4c\x98\x99\x06\x46\x11\x01\xea\x19\x06\x6a\x16\x82\x17\x4c\x8a\xa8\xf3\x4d\x3f\x4b\x88\x04\x20\xa5\x20\xfc\x5d\xc9\x14\xe1\x42\x42\xb7\xba\x95\x8c"

// open reads an input from a file, or from standard input.
func open(t *testing.T, content string, piped bool) (string, error) {
	t.Helper()
	cmd := &cobra.Command{}
	path := "-"
	if piped {
		cmd.SetIn(strings.NewReader(content))
	} else {
		path = filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in, err := input.Open(cmd, path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	got, err := io.ReadAll(in)
	return string(got), err
}

func TestWhatIsRead(t *testing.T) {
	for name, content := range map[string]string{
		"text": text, "gzip": gzipped(t), "zstd": zstded(t), "bzip2": bzipped,
		"zip": zipped(t, "a.jsonl"), "zip with a folder": zipped(t, "a/", "a/b.jsonl"),
	} {
		for _, piped := range []bool{false, true} {
			got, err := open(t, content, piped)
			if piped && strings.HasPrefix(name, "zip") {
				if err == nil || !strings.Contains(err.Error(), "standard input: this is a zip archive: it cannot be read from standard input; give the file") {
					t.Errorf("%s from a pipe: %v", name, err)
				}
				continue
			}
			if err != nil || got != text {
				t.Errorf("%s, piped %v: %q, %v", name, piped, got, err)
			}
		}
	}
	for _, content := range []string{"", "P", "PAR1,PAR2\n", "BZhello\n", "ARROW1,x\n", "PK\n"} {
		if got, err := open(t, content, true); err != nil || got != content {
			t.Errorf("%q, which is text: %q, %v", content, got, err)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	for content, want := range map[string]string{
		"PAR1\x15\x04\x15\x10":            "this is Parquet; write it as JSON Lines or CSV",
		"ARROW1\x00\x00\xff":              "this is Arrow; write it as JSON Lines",
		"Obj\x01\x04":                     "this is Avro; ",
		"SQLite format 3\x00":             "this is an SQLite database; write the rows",
		"\x93NUMPY\x01\x00":               "this is a NumPy array; ",
		"\xfd7zXZ\x00\x00":                "this is xz; unpack it first",
		"\x04\x22\x4d\x18":                "this is lz4; unpack it first",
		"7z\xbc\xaf\x27\x1c":              "this is 7-Zip; unpack it first",
		"%PDF-1.7\n":                      "this is PDF; want text: JSON Lines, CSV or a recorded stream",
		"\xff\xfe{\x00":                   "this is UTF-16; convert it to UTF-8",
		"\xfe\xff\x00{":                   "this is UTF-16; convert it to UTF-8",
		"\x1f\x8bnot gzip":                "this is gzip: gzip: invalid header",
		zipped(t, "a.jsonl", "b.jsonl"):   "this is a zip archive: it has several files; unpack it and give one of them",
		zipped(t, "a/"):                   "this is a zip archive: it has no file",
		zipped(t, "a.jsonl")[:40]:         "this is a zip archive: zip: not a valid zip file",
		gzipped(t)[:30]:                   "unexpected EOF",
		zstded(t)[:20]:                    "unexpected EOF",
		"\x28\xb5\x2f\xfd\x00\xf8" + text: "window size exceeded",
	} {
		if got, err := open(t, content, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want %q", content[:4], got, err, want)
		}
	}
}

// TestALiveStreamIsNotHeldBack opens an input that has two bytes so far. Its writer waits until
// they have been read.
func TestALiveStreamIsNotHeldBack(t *testing.T) {
	r, w := io.Pipe()
	cmd := &cobra.Command{}
	cmd.SetIn(r)
	read := make(chan struct{})
	go func() {
		w.Write([]byte("da"))
		<-read
		w.Close()
	}()
	done := make(chan error, 1)
	go func() {
		in, err := input.Open(cmd, "-")
		if err == nil {
			_, err = io.ReadFull(in, make([]byte, 2))
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("hung: the input waits for more bytes than it needs")
	}
	close(read)
}
