package pairs_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/pairs"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, in   string
		columns    pairs.Columns
		confidence []float64
		correct    []bool
		rejected   string
		faults     string
	}{
		{name: "JSON Lines", in: `{"confidence":0.25,"correct":true}` + "\n\n" + `{"correct":0,"confidence":1e-3,"id":7}`,
			confidence: []float64{0.25, 0.001}, correct: []bool{true, false}},
		{name: "CSV", in: "id,correct,confidence\r\na,1,0.5\r\nb,False, 1 \r\n",
			confidence: []float64{0.5, 1}, correct: []bool{true, false}},
		{name: "tabs", in: "confidence\tcorrect\n0.5\t0\n", confidence: []float64{0.5}, correct: []bool{false}},
		{name: "a byte order mark and a quoted line break", in: "\xef\xbb\xbfconfidence,correct,text\n0.5,1,\"a\nb\"\nx,1,c\n",
			confidence: []float64{0.5}, correct: []bool{true}, rejected: "[confidence is not a number: 1 (line 4)]"},
		{name: "other columns", in: "p,right\n0.5,1\n", columns: pairs.Columns{Confidence: "p", Correct: "right"},
			confidence: []float64{0.5}, correct: []bool{true}},
		{name: "no confidences in CSV", in: "confidence,correct\n,1\nNaN,1\n-0.1,0\n1.5,1\ninf,1\nvery sure,1\n1e999,1\n0.5,1\n",
			confidence: []float64{0.5}, correct: []bool{true},
			rejected: "[confidence is blank: 1 (line 2) confidence is NaN: 1 (line 3) confidence is below 0: 1 (line 4) confidence is above 1: 3 (lines 5, 6, 8) confidence is not a number: 1 (line 7)]"},
		{name: "no confidences in JSON", in: `{"confidence":null,"correct":1}` + "\n" + `{"confidence":NaN,"correct":1}` + "\n" + `{"confidence":"0.5","correct":1}` + "\n" + `{"confidence":-Infinity, "correct":1}` + "\n" + `{"confidence":[1],"correct":1}`,
			rejected: "[confidence is blank: 1 (line 1) confidence is NaN: 1 (line 2) confidence is not a number: 2 (lines 3, 5) confidence is below 0: 1 (line 4)]"},
		{name: "broken JSON", in: `{"confidence":0.5,"correct":1}` + "\n" + `{"confidence":0.5,"cor` + "\n" + `[1]` + "\n" + `{"correct":1}` + "\n" + `{"confidence":0.5,"correct":"maybe"}`,
			confidence: []float64{0.5}, correct: []bool{true},
			faults: `[not a JSON object: unexpected end of JSON input: 1 (line 2) not a JSON object: it is a JSON array: 1 (line 3) no key "confidence": 1 (line 4) correct is "\"maybe\"", want 0, 1, true or false: 1 (line 5)]`},
		{name: "ragged CSV", in: "confidence,correct\n0.5\n0.5,1,2\n0.5,1\n0.5,\"1\n",
			confidence: []float64{0.5}, correct: []bool{true},
			faults: `[1 fields where the header has 2: 1 (line 2) 3 fields where the header has 2: 1 (line 3) extraneous or missing " in quoted-field: 1 (line 5)]`},
		{name: "a quoted header", in: "\"confidence\",\"correct\"\n0.5,1\n0.25,0\n", confidence: []float64{0.5, 0.25}, correct: []bool{true, false}},
		{name: "a header of two lines", in: "confidence,\"cor\nrect\",correct\n0.5,x,1\n0.25,1\n", confidence: []float64{0.5}, correct: []bool{true},
			faults: "[2 fields where the header has 3: 1 (line 4)]"},
		{name: "blank lines", in: "\n\r\nconfidence,correct\n\n0.5,1\n\nx,1\n", confidence: []float64{0.5}, correct: []bool{true},
			rejected: "[confidence is not a number: 1 (line 7)]"},
		{name: "a quote after many lines", in: "confidence,correct,text\n" + strings.Repeat("0.5,1,a\n", 100_000) + "0.25,0,\"a\nb\"\n0.75,1,c\nx,1,d\n",
			confidence: append(slices.Repeat([]float64{0.5}, 100_000), 0.25, 0.75), correct: append(slices.Repeat([]bool{true}, 100_000), false, true),
			rejected: "[confidence is not a number: 1 (line 100005)]"},
		{name: "invalid UTF-8", in: "confidence,correct\n0.5,\xff\n", faults: `[correct is "\xff", want 0, 1, true or false: 1 (line 2)]`},
		{name: "empty"},
		{name: "white space", in: " \n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.columns.Confidence == "" {
				c.columns = pairs.DefaultColumns()
			}
			p, err := pairs.Read(strings.NewReader(c.in), c.columns)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(p.Confidence, c.confidence) || !slices.Equal(p.Correct, c.correct) {
				t.Errorf("%v %v, want %v %v", p.Confidence, p.Correct, c.confidence, c.correct)
			}
			for _, list := range []struct {
				got  []pairs.Rejection
				want string
			}{{p.Rejected, c.rejected}, {p.Faults, c.faults}} {
				var got []string
				for _, r := range list.got {
					got = append(got, p.Describe(r))
				}
				if want := orNone(list.want); fmt.Sprint(got) != want {
					t.Errorf("%v\nwant %s", got, want)
				}
			}
		})
	}
}

// TestQuestions numbers questions in the order in which they come, whatever the block
// that their lines are in.
func TestQuestions(t *testing.T) {
	columns := pairs.DefaultColumns()
	columns.Question = "id"
	for name, in := range map[string]string{
		"JSON Lines": `{"id":"a","confidence":1,"correct":1}` + "\n" + `{"id":7,"confidence":1,"correct":1}` + "\n" + `{"confidence":1,"correct":1}` + "\n" +
			`{"id":"\u0061","confidence":1,"correct":1}` + "\n" + `{"id":"","confidence":1,"correct":1}` + "\n" + `{"id":"7","confidence":1,"correct":1}`,
		"CSV": "id,confidence,correct\na,1,1\n7,1,1\n,1,1\na,1,1\n,1,1\n7,1,1\n",
	} {
		p, err := pairs.Read(strings.NewReader(in), columns)
		if want := []int{0, 1, 2, 0, 3, 1}; err != nil || !slices.Equal(p.Question, want) || p.Questions != 4 || !p.Asked {
			t.Errorf("%s: %v of %d, asked %v, %v; want %v", name, p.Question, p.Questions, p.Asked, err, want)
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "[]"
	}
	return s
}

func TestReadErrors(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("confidence,correct\n0.5,\""), &zeros{n: 40 << 20})
	for _, c := range []struct {
		name string
		in   io.Reader
		want string
	}{
		{"a missing column", strings.NewReader("a,b\n1,2\n"), `no column "confidence"; the file has "a", "b": name the column with --confidence`},
		{"a JSON array", strings.NewReader(`[{"confidence":1}]`), "one object per line"},
		{"a quote that never closes", endless, "is a quote missing?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := pairs.Read(c.in, pairs.DefaultColumns())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// zeros is n bytes of zero digits and line ends.
type zeros struct{ n int }

func (z *zeros) Read(b []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	for i := range b {
		b[i] = '0'
	}
	b[0] = '\n'
	z.n -= len(b)
	return len(b), nil
}

func TestManyReasonsAreBounded(t *testing.T) {
	var in strings.Builder
	in.WriteString("confidence,correct\n")
	for i := range 1000 {
		fmt.Fprintf(&in, "0.5,label %d\n", i)
	}
	p, err := pairs.Read(strings.NewReader(in.String()), pairs.DefaultColumns())
	if err != nil || len(p.Faults) > 30 || pairs.Total(p.Faults) != 1000 {
		t.Errorf("%d reasons for %d lines, %v", len(p.Faults), pairs.Total(p.Faults), err)
	}
}

func TestAColumnHasAName(t *testing.T) {
	for _, c := range []pairs.Columns{{}, {Confidence: "p"}, {Correct: "right"}} {
		if _, err := pairs.Read(strings.NewReader("p,right\n0.5,1\n"), c); err == nil || !strings.Contains(err.Error(), "have to be named") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
