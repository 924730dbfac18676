package shard_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"

	"github.com/finece/finece/host/beam/internal/shard"
)

// TestShardsAreTheFile: each line is in one shard, whole, wherever a file is cut.
func TestShardsAreTheFile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "a.jsonl")
	for round := range 200 {
		text := "{}\n"
		for range rng.IntN(40) {
			text += strings.Repeat("x", rng.IntN(30)) + "\n"
		}
		text = text[:len(text)-round%2] // with and without the last line end
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		shards, err := shard.Cut(t.Context(), []string{path}, 1+rng.Int64N(50))
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for i, s := range shards {
			r, at, err := s.Lines(t.Context())
			if err != nil || s.Index != i {
				t.Fatal(s, err)
			}
			got, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			if len(got) > 0 && int(at) != len(all) {
				t.Errorf("%+v begins at %d, want %d", s, at, len(all))
			}
			if i := bytes.LastIndexByte(got, '\n'); i >= 0 && i != len(got)-1 && len(all)+len(got) != len(text) {
				t.Errorf("%+v ends in a line: %q", s, got)
			}
			all = append(all, got...)
		}
		if string(all) != text {
			t.Fatalf("%q, want %q", all, text)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b.jsonl": "{}\n{}\n", "a.jsonl": "{}\n", "c.csv": "id,answer\n1,2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := shard.Files(t.Context(), []string{dir, filepath.Join(dir, "c.csv")})
	if err != nil || len(files) != 3 || filepath.Base(files[0]) != "a.jsonl" {
		t.Fatal(files, err)
	}
	shards, err := shard.Cut(t.Context(), files, 4)
	if err != nil || len(shards) != 4 || shards[0].Whole || shards[1].File != 1 || shards[2].Begin != 4 || !shards[3].Whole {
		t.Errorf("%+v, %v", shards, err)
	}
	if _, err := shard.Files(t.Context(), []string{"nowhere://x"}); err == nil {
		t.Error("an unknown scheme is read")
	}
	if _, err := shard.Cut(t.Context(), []string{filepath.Join(dir, "absent")}, 4); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("an absent file: %v", err)
	}
}
