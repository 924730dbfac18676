package beam_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// parquetRow is a row of answers and of pairs.
type parquetRow struct {
	ID         int64     `parquet:"id"`
	Answer     *string   `parquet:"answer,optional"`
	Logprobs   []float64 `parquet:"logprobs,list"`
	Confidence float64   `parquet:"confidence_of"`
	Correct    bool      `parquet:"correct"`
}

// writeParquet writes rows in groups of so many. The answers of some rows are missing, that of
// the first one among them.
func writeParquet(t *testing.T, rows, group int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := parquet.NewGenericWriter[parquetRow](file, parquet.MaxRowsPerRowGroup(int64(group)))
	for i := range rows {
		r := parquetRow{ID: int64(i), Logprobs: []float64{-0.1, -0.2, -float64(i%9) / 10}, Confidence: float64(i*7%100) / 100, Correct: i%3 == 0}
		if i%13 != 0 {
			text := fmt.Sprintf("It is %d.\n\nSo %d.", i, i)
			r.Answer = &text
		}
		if i%17 == 5 {
			r.Confidence = 2
		}
		if _, err := w.Write([]parquetRow{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestParquetRowGroups: Parquet is cut between row groups, and the results are those of one
// process, with the numbers of rows that could not be used.
func TestParquetRowGroups(t *testing.T) {
	path, out := writeParquet(t, 300, 40), filepath.Join(t.TempDir(), "out")
	want, _, _ := run(t, "FINECE", "score", path)
	_, said, code := run(t, "FINECE_BEAM", "score", "-o", out, "--shard-size", "2500", path)
	got, n := parts(t, out)
	if !bytes.Equal(got, want) || len(want) == 0 || n < 3 || code != 1 || !strings.Contains(said, "300 lines, 276 scored") {
		t.Errorf("%d bytes in %d shards, want %d; exit code %d\n%s", len(got), n, len(want), code, said)
	}
	var rejected []byte
	files, _ := filepath.Glob(filepath.Join(out, "_rejected", "*"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rejected = append(rejected, text...)
	}
	for row := 1; row <= 300; row += 13 {
		if !bytes.Contains(rejected, fmt.Appendf(nil, `"row":%d,`, row)) {
			t.Errorf("row %d is not among the rejected ones:\n%s", row, rejected)
		}
	}

	eval := []string{"eval", "--format", "json", "--confidence", "confidence_of", path}
	want, toldWant, _ := run(t, "FINECE", eval...)
	got, told, code := run(t, "FINECE_BEAM", append(eval, "--shard-size", "2500")...)
	if !bytes.Equal(got, want) || strings.ReplaceAll(told, "finece-beam: ", "finece: ") != toldWant || code != 1 {
		t.Errorf("exit code %d\n%s%s\nwant\n%s%s", code, got, told, want, toldWant)
	}
}
