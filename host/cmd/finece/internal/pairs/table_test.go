package pairs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
)

// TestParquetIsReadAsJSONLines: the columns of several row groups give the pairs, the
// questions and the faults that the same rows give as JSON Lines.
func TestParquetIsReadAsJSONLines(t *testing.T) {
	input.Register(input.Parquet, parquetfile.Lines)
	type row struct {
		Confidence *float64 `parquet:"confidence,optional" json:"confidence"`
		Correct    *int32   `parquet:"correct,optional" json:"correct"`
		ID         int64    `parquet:"id" json:"id"`
		Domain     string   `parquet:"domain" json:"domain"`
		Other      []string `parquet:"other" json:"other"`
	}
	of := func(v float64) *float64 { return &v }
	whole := func(v int32) *int32 { return &v }
	var rows []row
	for i := range 200 {
		r := row{of(float64(i%100) / 100), whole(int32(i % 2)), 1<<60 + int64(i/3), "d" + string(rune('a'+i%5)), []string{"x"}}
		switch i {
		case 17:
			r.Confidence = of(1.5)
		case 42:
			r.Confidence = nil
		case 43:
			r.Correct = whole(7)
		}
		rows = append(rows, r)
	}
	table := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(table, rows, parquet.MaxRowsPerRowGroup(64)); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, r := range rows {
		if err := json.NewEncoder(&text).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	lines := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(lines, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	columns := pairs.DefaultColumns()
	columns.Question = "id"
	for _, more := range [][]string{nil, {"domain", "absent"}} {
		columns.More = more
		read := func(path string) *pairs.Pairs {
			_, p, err := pairs.Open(&cobra.Command{}, []string{path}, columns)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		got, want := read(table), read(lines)
		if len(want.Confidence) != 197 || !slices.Equal(got.Confidence, want.Confidence) || !slices.Equal(got.Correct, want.Correct) ||
			!slices.Equal(got.Question, want.Question) || got.Questions != want.Questions || !slices.Equal(got.At, want.At) ||
			!slices.EqualFunc(got.More, want.More, slices.Equal[[]string]) {
			t.Errorf("%+v, want %+v", got, want)
		}
		for i, list := range [][]pairs.Rejection{got.Faults, got.Rejected} {
			for k, r := range list {
				if same := [][]pairs.Rejection{want.Faults, want.Rejected}[i][k]; got.Describe(r) != strings.Replace(want.Describe(same), "(line", "(row", 1) {
					t.Errorf("%s, want %s", got.Describe(r), want.Describe(same))
				}
			}
		}
		if pairs.Total(got.Faults) != 1 || pairs.Total(got.Rejected) != 2 {
			t.Errorf("%v %v", got.Faults, got.Rejected)
		}
	}
}

// TestKindsOfColumns: truth values, decimals, small floats and texts are what they say.
func TestKindsOfColumns(t *testing.T) {
	input.Register(input.Parquet, parquetfile.Lines)
	type row struct {
		Decimal int32   `parquet:"p_true,decimal(2:4)"`
		Right   bool    `parquet:"is_correct"`
		Small   float32 `parquet:"small"`
		Text    string  `parquet:"text"`
		List    []int32 `parquet:"list"`
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(path, []row{{25, true, 0.5, "0.75", nil}, {100, false, 0.25, "no", nil}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		confidence, correct string
		want                []float64
		wrong               string
	}{
		{"confidence", "correct", []float64{0.25, 1}, ""}, // guessed
		{"p_true", "is_correct", []float64{0.25, 1}, ""},
		{"small", "is_correct", []float64{0.5, 0.25}, ""},
		{"text", "is_correct", []float64{0.75}, ""},
		{"list", "is_correct", nil, `"list": a column of lists or objects`},
		{"absent", "is_correct", nil, `no column "absent"; the file has "p_true", "is_correct", "small", "text", "list": name the column with --confidence`},
	} {
		_, p, err := pairs.Open(&cobra.Command{}, []string{path}, pairs.Columns{Confidence: c.confidence, Correct: c.correct})
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v, want %s", c.confidence, err, c.wrong)
			}
			continue
		}
		if err != nil || !slices.Equal(p.Confidence, c.want) || !p.Correct[0] {
			t.Errorf("%s: %v, %v", c.confidence, p, err)
		}
		if c.confidence == "confidence" && len(p.Notes) != 2 {
			t.Errorf("said %q", p.Notes)
		}
	}
}
