package kit_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/host/samples"
)

type numbered struct {
	Number int64 `parquet:"number"`
}

// opened opens a file of seven rows in row groups of three, three and one.
func opened(t *testing.T) *kit.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.parquet")
	to, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[numbered](to, parquet.MaxRowsPerRowGroup(3))
	for i := range 7 {
		if _, err := w.Write([]numbered{{int64(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
	kit.ReadsParquet()
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { from.Close() })
	in, err := kit.Opened("rows.parquet", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// TestRowGroups: each row is in the part of its row group, and in no other.
func TestRowGroups(t *testing.T) {
	sizes, err := kit.RowGroups(opened(t))
	if err != nil || len(sizes) != 3 || slices.Min(sizes) <= 0 {
		t.Fatalf("sizes %v, %v; want three", sizes, err)
	}
	for _, c := range []struct{ from, to, before, after int }{{0, 1, 0, 3}, {1, 2, 3, 6}, {2, 3, 6, 7}, {1, 3, 3, 7}, {0, 3, 0, 7}} {
		in := opened(t)
		before, err := kit.CutRows(in, c.from, c.to)
		if err != nil || before != c.before {
			t.Fatalf("groups %d to %d: %d rows before, %v; want %d", c.from, c.to, before, err, c.before)
		}
		rows := kit.Records(in)
		for i := c.before; ; i++ {
			row, err := rows.Next()
			if err == io.EOF && i == c.after {
				break
			}
			if want := fmt.Sprintf(`"number":%d}`, i); err != nil || !strings.HasSuffix(string(row), want) {
				t.Fatalf("groups %d to %d: %s, %v; want %s", c.from, c.to, row, err, want)
			}
		}
	}
}

// TestRowGroupsOfText: other formats have no row groups.
func TestRowGroupsOfText(t *testing.T) {
	file, err := os.Open("kit.go")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	in, err := kit.Opened("kit.go", file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if sizes, err := kit.RowGroups(in); sizes != nil || err != nil {
		t.Errorf("%v, %v", sizes, err)
	}
}

func TestUndecided(t *testing.T) {
	for err, want := range map[error][2]bool{samples.ErrNoFinal: {true, false}, samples.ErrNotWhole: {false, true}, io.ErrUnexpectedEOF: {}} {
		if undecided, ignored := kit.Undecided(err); undecided != want[0] || ignored != want[1] {
			t.Errorf("%v: %v, %v", err, undecided, ignored)
		}
	}
}

// TestConstruct: the command hands the work to Build, and reports the counts that Build
// returns.
func TestConstruct(t *testing.T) {
	var given *kit.ConstructWork
	cmd := kit.Construct(&kit.ConstructElsewhere{
		Open: func(_ *cobra.Command, args []string) iter.Seq2[*kit.Input, error] {
			return func(yield func(*kit.Input, error) bool) {
				file, err := os.Open(args[0])
				if err != nil {
					yield(nil, err)
					return
				}
				defer file.Close()
				yield(kit.Opened(args[0], file))
			}
		},
		Build: func(_ *cobra.Command, w *kit.ConstructWork) (*kit.ConstructCounts, error) {
			given = w
			return &kit.ConstructCounts{Done: 1}, nil
		},
	})
	questions := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := os.WriteFile(questions, []byte(`{"question":"Why?","gold":"1"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, said, err := run(cmd, "--server", "http://127.0.0.1:1/v1", "--max-tokens", "9", "-o", "out", questions)
	if err != nil || given == nil || len(given.Questions) != 1 || given.Output != "out" {
		t.Fatalf("%+v, %v: %s", given, err, said)
	}
}
