package parquetfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
)

func init() { input.Register(input.Parquet, Lines) }

func TestLines(t *testing.T) {
	type entry struct {
		Token   string  `parquet:"token"`
		Logprob float64 `parquet:"logprob"`
	}
	type row struct {
		ID         int64     `parquet:"id"`
		Confidence float64   `parquet:"confidence"`
		Correct    bool      `parquet:"correct"`
		Answer     string    `parquet:"answer,zstd"`
		Gold       *string   `parquet:"gold,optional"`
		Logprobs   []entry   `parquet:"logprobs,list"`
		Numbers    []float32 `parquet:"numbers"`
	}
	gold := "18"
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(path, []row{
		{1, 0.5, true, "It is <18>.", &gold, []entry{{"It", -0.5}, {" is", -0.25}}, []float32{0.5}},
		{2, 0.25, false, "", nil, nil, nil},
	}); err != nil {
		t.Fatal(err)
	}
	f, err := input.Open(&cobra.Command{}, path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Lines(f.Table)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	const want = `{"answer":"It is <18>.","confidence":0.5,"correct":true,"gold":"18","id":1,"logprobs":[{"logprob":-0.5,"token":"It"},{"logprob":-0.25,"token":" is"}],"numbers":[0.5]}
{"answer":"","confidence":0.25,"correct":false,"gold":null,"id":2,"logprobs":[],"numbers":[]}
`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

// TestManyRows has more rows than are read at once, in several row groups.
func TestManyRows(t *testing.T) {
	type row struct {
		N int64 `parquet:"n"`
	}
	var all []row
	var want strings.Builder
	for i := range int64(1000) {
		all = append(all, row{i})
		fmt.Fprintf(&want, "{\"n\":%d}\n", i)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(path, all, parquet.MaxRowsPerRowGroup(150)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(content []byte) (string, error) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := input.Open(&cobra.Command{}, path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		if f.Table == nil {
			return "", errors.New("not recognised as Parquet")
		}
		r, err := Lines(f.Table)
		if err != nil {
			return "", err
		}
		got, err := io.ReadAll(r)
		return string(got), err
	}
	if got, err := read(whole); err != nil || got != want.String() {
		t.Errorf("%d bytes, %v; want %d", len(got), err, want.Len())
	}
	if _, err := read(whole[:len(whole)-9]); err == nil {
		t.Error("a file without its end is read")
	}
	// A byte that is wrong gives rows or an error, never a panic.
	rng := rand.New(rand.NewPCG(1, 1))
	failed := 0
	for range 300 {
		broken := slices.Clone(whole)
		broken[4+rng.IntN(len(broken)-12)] ^= byte(1 + rng.IntN(255))
		if _, err := read(broken); err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no broken file gave an error")
	}
}

// TestJSON: values are written as encoding/json writes them.
func TestJSON(t *testing.T) {
	for _, v := range []any{
		nil, true, int32(-7), int64(1) << 60, 0.1, float32(0.1), 1e-7, 1e21, -0.5, float32(3), "a \"b\"\n<é>", json.RawMessage(`[1, 2]`), uint8(3), []byte("ab"),
		map[string]any{"b": []any{1.5, nil, "x"}, "a": map[string]any{}, "c": []any{}},
	} {
		got, err := appendJSON(nil, v)
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if failed := e.Encode(v); err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		var a, b any
		if err := errors.Join(json.Unmarshal(got, &a), json.Unmarshal(want.Bytes(), &b)); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%v: %s, want %s", v, got, want.String())
		}
	}
	if got, err := appendJSON(nil, []any{math.NaN(), float32(math.Inf(-1))}); err != nil || string(got) != `["NaN","-Inf"]` {
		t.Errorf("%s, %v", got, err)
	}
}
