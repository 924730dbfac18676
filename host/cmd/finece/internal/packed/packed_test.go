package packed

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
)

const rows = `{"id":1,"answer":"It is, \"18\".\nSo <é>.","logprobs":[-1,-2.5],"ok":true,"n":12345678901234567,"p":0.25,"mixed":1,"nothing":null}
{"id":2,"answer":"","ok":false,"n":-1,"p":1,"mixed":"x","finece":{"hash":"a b"},"nothing":null}
`

// TestThereAndBack writes lines in each format, and reads them as commands do.
func TestThereAndBack(t *testing.T) {
	input.Register(input.Parquet, parquetfile.Lines)
	const sorted = `{"answer":"It is, \"18\".\nSo <é>.","finece":null,"id":1,"logprobs":[-1,-2.5],"mixed":1,"n":12345678901234567,"nothing":null,"ok":true,"p":0.25}
{"answer":"","finece":{"hash":"a b"},"id":2,"logprobs":null,"mixed":"x","n":-1,"nothing":null,"ok":false,"p":1}
`
	const cells = `{"id":1,"answer":"It is, \"18\".\nSo <é>.","logprobs":[-1,-2.5],"ok":true,"n":12345678901234567,"p":0.25,"mixed":1,"nothing":null,"finece":null}
{"id":2,"answer":"","logprobs":null,"ok":false,"n":-1,"p":1,"mixed":"x","nothing":null,"finece":{"hash":"a b"}}
`
	for name, want := range map[string]string{
		"a.jsonl.gz": rows, "a.JSONL.zst": rows, "b.gz": rows, "a.parquet": sorted, "a.csv": cells, "a.csv.zst": cells, "a.tsv.gz": cells,
		"a.csv.gz.zst": rows, // compressed once, as the last ending says
	} {
		path := filepath.Join(t.TempDir(), name)
		f, ok := Of(path)
		if !ok {
			t.Fatalf("%s has no format", name)
		}
		if err := f.Write(path, strings.NewReader(rows)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var back bytes.Buffer
		if err := Unpack(&cobra.Command{}, path, &back); err != nil || back.String() != want {
			t.Errorf("%s: %s%v; want %s", name, back.String(), err, want)
		}
		if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
			t.Errorf("%v left behind", left)
		}
	}
	for _, name := range []string{"a.jsonl", "a", "a.json", "parquet"} {
		if _, ok := Of(name); ok {
			t.Errorf("%s has a format", name)
		}
	}
}

// TestAnErrorLeavesTheFile: after an error, the earlier file is unchanged.
func TestAnErrorLeavesTheFile(t *testing.T) {
	for _, name := range []string{"a.parquet", "a.csv.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, _ := Of(path)
		if err := f.Write(path, strings.NewReader(rows+"{\"id\":")); err == nil || !strings.Contains(err.Error(), "line 3 is not a JSON object") {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "before" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
			t.Errorf("%v left behind", left)
		}
	}
}
