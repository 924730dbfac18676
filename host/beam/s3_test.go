package beam_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// objectStore starts a server of S3's API, with one bucket, and sets the variables by which
// AWS's client finds it.
func objectStore(t *testing.T) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}

// stored is the contents of the objects that a pattern matches, in the order of their names.
func stored(t *testing.T, pattern string) (all []byte, n int) {
	t.Helper()
	fs := objects(t)
	names, err := fs.List(t.Context(), pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := filesystem.Read(t.Context(), fs, name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all, len(names)
}

func objects(t *testing.T) filesystem.Interface {
	t.Helper()
	fs, err := filesystem.New(context.Background(), "s3://bucket/")
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// upload copies a file to the object store.
func upload(t *testing.T, path, name string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := objects(t).OpenWrite(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestObjectStore: input and output in a store that speaks S3, with the bytes of finece and
// resumed like a folder.
func TestObjectStore(t *testing.T) {
	objectStore(t)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	writeAnswers(t, a, 0, 40)
	writeAnswers(t, b, 40, 40)
	upload(t, a, "s3://bucket/in/a.jsonl")
	upload(t, b, "s3://bucket/in/b.jsonl")
	want, _, _ := run(t, "FINECE", "score", a, b)
	args := []string{"score", "-o", "s3://bucket/out", "s3://bucket/in/*.jsonl"}
	_, said, code := run(t, "FINECE_BEAM", args...)
	got, n := stored(t, "s3://bucket/out/part-*")
	if !bytes.Equal(got, want) || n != 2 || code != 1 || !strings.Contains(said, "80 lines, 78 scored") {
		t.Errorf("%d bytes in %d objects, want %d; exit code %d\n%s", len(got), n, len(want), code, said)
	}
	if _, again, _ := run(t, "FINECE_BEAM", args...); again != said {
		t.Errorf("resumed:\n%s\nwant\n%s", again, said)
	}
	if _, n := stored(t, "s3://bucket/out/_rejected/*"); n != 2 {
		t.Errorf("%d objects of rejected lines", n)
	}

	in := writeQuestions(t, 6, "")
	upload(t, in, "s3://bucket/questions.jsonl")
	want, requests := byFinece(t, in)
	s := newSampled()
	args = append(constructArgs("s3://bucket/questions.jsonl", "s3://bucket/states", s.server(t, 0)), "--shard-questions", "2")
	_, said, code = run(t, "FINECE_BEAM", args...)
	got, n = stored(t, "s3://bucket/states/part-*")
	if !bytes.Equal(got, want) || n != 3 || code != 0 {
		t.Errorf("%d bytes in %d objects, want %d; exit code %d\n%s", len(got), n, len(want), code, said)
	}
	if _, n := stored(t, "s3://bucket/states/_replies/*/*"); n != 0 {
		t.Errorf("%d replies are left", n)
	}
	run(t, "FINECE_BEAM", args...)
	if n, again := s.requests(); n != requests || again != 0 {
		t.Errorf("%d requests, %d of them again; want %d", n, again, requests)
	}
}
