package experiment

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// made returns answers whose probability of being correct is known. FineCE gives that
// probability. "bold" gives a much higher one.
func made(questions, answers int) []*Record {
	r := rand.New(rand.NewPCG(1, 2))
	var out []*Record
	for q := range questions {
		for a := range answers {
			truth := r.Float64()
			record := &Record{ID: fmt.Sprint("q", q), Domain: "in", Sample: a, Correct: r.Float64() < truth, Tokens: 40}
			for i := range 5 {
				p := Point{Strategy: ByParagraph, Index: i, Last: 4, Tokens: 10 * i, Ratio: float64(i) / 4, Confidence: map[string]float64{
					FineCE: truth, "bold": 1 - (1-truth)*0.1, ValueHead: math.Round(truth),
				}}
				if i == 1 {
					p.Tree = &Tree{Confidence: []float64{truth, truth, truth, truth, truth, 0}, Parent: []int32{-1, 0, 0, 1, 1, 2}}
					p.Cost = map[string]baseline.Cost{"bold": {Requests: 1, CompletionTokens: 20}}
				}
				if i == 3 && a == 0 && q%8 == 0 {
					delete(p.Confidence, "bold")
				}
				record.Points = append(record.Points, p)
			}
			out = append(out, record)
		}
	}
	return out
}

func find(t *testing.T, d *Domain, name string, w Which) Quality {
	t.Helper()
	r := d.row(name)
	if r == nil {
		t.Fatalf("no row of %s", name)
	}
	return r.At[w]
}

func TestAnalyse(t *testing.T) {
	records := made(400, 4)
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &report.Domains[0]
	if len(report.Domains) != 1 || d.Questions != 400 || d.Answers != 1600 || math.Abs(d.Accuracy-0.5) > 0.05 || d.Tokens < 39.99 || d.Tokens > 40.01 {
		t.Fatalf("%d questions, %d answers, accuracy %v, %v tokens", d.Questions, d.Answers, d.Accuracy, d.Tokens)
	}
	ours, bold := find(t, d, FineCE, First), find(t, d, "bold", First)
	// For a true confidence that is uniform in [0,1], the AUROC is 5/6, the Brier score 1/6,
	// its skill 1/3, and the AUGRC 1/6 (the mean of c^2/2 over the coverage c).
	if ours.ECE.Value > 0.05 || math.Abs(ours.AUROC.Value-5.0/6) > 0.03 || ours.ECE.Low > ours.ECE.Value || ours.ECE.High < ours.ECE.Value ||
		math.Abs(ours.Brier-1.0/6) > 0.02 || math.Abs(ours.Skill-1.0/3) > 0.07 || math.Abs(ours.AUGRC-1.0/6) > 0.03 || math.Abs(ours.Within.Value-5.0/6) > 0.03 {
		t.Errorf("FineCE: %+v", ours)
	}
	if math.Abs(bold.ECE.Value-0.45) > 0.03 || bold.AUROC.Value != ours.AUROC.Value {
		t.Errorf("bold: %+v", bold)
	}
	if late := find(t, d, "bold", LastBut1); late.Missing != 50 || late.N != 1550 {
		t.Errorf("%d with, %d without a confidence", late.N, late.Missing)
	}
	// The map removes most of the error of a monotone score.
	if m := d.row("bold").Mapped[First]; !(m.ECE.Value < 0.15) || m.Brier.Value > 0.21 || m.Brier.Value < ours.Brier-0.02 {
		t.Errorf("bold after the map: %+v", m)
	}
	folder := t.TempDir()
	plots, err := report.Plots(folder)
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, report)
	for _, name := range plots {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 || !strings.Contains(text, "("+name+")") {
			t.Errorf("%s: %v, or no text shows it", name, err)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "-%") || strings.Contains(text, "%!") {
		t.Error(text)
	}
}

// The same records give the same bytes.
func TestReportsAreTheSame(t *testing.T) {
	var texts [2]string
	for i := range texts {
		report, err := Analyse(made(210, 1), 1)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = written(t, report)
	}
	if texts[0] != texts[1] {
		t.Errorf("two reports:\n%s\n%s", texts[0], texts[1])
	}
}

// written returns the text of RESULTS.md and of all tables.
func written(t *testing.T, report *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Markdown(&b, About{Models: "About."}); err != nil {
		t.Fatal(err)
	}
	for i := range report.Domains {
		if err := report.Domains[i].Tables(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// Intervals are over questions: if every answer is repeated, the interval stays the same.
func TestIntervalsAreOverQuestions(t *testing.T) {
	once := made(200, 1)
	many := append([]*Record(nil), once...)
	for range 7 {
		many = append(many, once...)
	}
	width := func(records []*Record) float64 {
		p := pairs(records, At{ByParagraph, First}, named(FineCE))
		q, err := p.quality(1)
		if err != nil {
			t.Fatal(err)
		}
		return q.AUROC.High - q.AUROC.Low
	}
	if a, b := width(once), width(many); math.Abs(a-b) > 1e-9 {
		t.Errorf("width %v, with each answer 8 times %v", a, b)
	}
}

// FineCE gives the probability that the labels are drawn with. So labels are no better than
// FineCE, except by chance.
func TestLabels(t *testing.T) {
	records := made(150, 2)
	r := rand.New(rand.NewPCG(3, 4))
	for _, record := range records {
		for _, i := range []int{0, 1, 3} {
			l := &Label{N: 20}
			for range l.N {
				if r.Float64() < record.Points[i].Confidence[FineCE] {
					l.K++
				}
			}
			record.Points[i].Label = l
		}
	}
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &report.Domains[0]
	ours := find(t, d, FineCE, First)
	if label := d.Labels.At[First]; label.N != 300 || math.Abs(label.AUROC.Value-ours.AUROC.Value) > 0.02 || math.Abs(label.Brier-ours.Brier) > 0.01 {
		t.Errorf("labels %+v, FineCE %+v", label, ours)
	}
	if ours.ECE.Value < ours.True.Low || ours.ECE.Value > ours.True.High {
		t.Errorf("a true confidence has ECE %v, which is to be in %+v", ours.ECE, ours.True)
	}
	if bold := find(t, d, "bold", First); bold.ECE.Value < 3*bold.True.High {
		t.Errorf("bold has ECE %v, and were it true %+v", bold.ECE, bold.True)
	}
	var against Quality
	for _, r := range d.Labelled {
		if r.Name == FineCE {
			against = r.At[First]
		}
	}
	if against.N != 20*300 || against.ECE.Value > 0.03 || against.ECE.High-against.ECE.Low > (ours.ECE.High-ours.ECE.Low)/2 {
		t.Errorf("against the labels %+v, against the answers %+v", against, ours)
	}
	// The variance of a label of 20 continuations is p(1-p)/20. Its mean for a uniform p is 1/120.
	if n := d.Noise[1]; n.States != 300 || n.K != 20 || math.Abs(n.Error-math.Sqrt(1.0/120)) > 0.01 {
		t.Errorf("noise %+v", n)
	}
	text := written(t, report)
	for _, part := range []string{"## Against the labels", "## Noise of the labels", "## How good an estimate can be"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q", part)
		}
	}
	for _, r := range records { // FineCE alone
		for i := range r.Points {
			r.Points[i].Confidence = map[string]float64{FineCE: r.Points[i].Confidence[FineCE]}
		}
	}
	if report, err = Analyse(records, 1); err != nil || len(report.Domains[0].Comparisons) != 2 { // with fusion, at p(1)
		t.Errorf("%v, %+v", err, report.Domains[0].Comparisons)
	}
	written(t, report)
}

// Entropy positions above further thresholds have a table of their own, in addition to table
// 4. Without such positions there is no such table.
func TestEntropiesByThreshold(t *testing.T) {
	records := made(40, 1)
	for _, further := range []bool{false, true} {
		if further {
			for _, r := range records {
				for i := range 3 {
					r.Points = append(r.Points, Point{Strategy: above(0.5), Index: i, Last: 2, Tokens: 20 * i, Ratio: float64(i) / 2, Confidence: map[string]float64{FineCE: 0.5}})
				}
			}
		}
		report, err := Analyse(records, 1)
		if err != nil {
			t.Fatal(err)
		}
		d := report.Domains[0]
		text := written(t, report)
		if len(d.Table4) != 3 || (len(d.Entropies) == 4) != further || strings.Contains(text, "| entropy>0.5 | 1.0 | 20 tokens | 50% |") != further {
			t.Errorf("further %v: %d and %d rows\n%s", further, len(d.Table4), len(d.Entropies), text)
		}
	}
}

func TestFusion(t *testing.T) {
	records := made(1, 1)
	tree := records[0].Points[1].Tree
	for depth := range 3 {
		for width := range 3 {
			params := bci.Params{Alpha: 0.3, Depth: depth, Width: width}
			f, err := fusion(records, params, 1)
			if err != nil {
				t.Fatal(err)
			}
			want, err := bci.Fuse(nil, bci.Tree{Conf: tree.Confidence, Parent: tree.Parent}, params)
			if err != nil {
				t.Fatal(err)
			}
			y := 0.0
			if records[0].Correct {
				y = 1
			}
			if got := math.Sqrt(f.Quality.Brier); math.Abs(got-math.Abs(want[0]-y)) > 1e-12 {
				t.Errorf("d=%d w=%d: off by %v, want %v", depth, width, got, math.Abs(want[0]-y))
			}
			scored := [3][3]float64{{1, 1, 1}, {1, 2, 3}, {1, 3, 6}}[depth][width]
			if f.Scored != scored || f.Sampled != scored-1 {
				t.Errorf("d=%d w=%d: %v scored, %v sampled, want %v scored", depth, width, f.Scored, f.Sampled, scored)
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	c := DefaultConfig()
	answer := openai.Completion{Text: "One two.\n\nThree.\n\n#### 4"}
	for i, text := range []string{"One", " two", ".", "\n", "\n", "Three", ".", "\n", "\n", "####", " 4"} {
		top := []openai.Alternative{{Text: text, Logprob: 0}}
		if i == 5 { // one of two tokens of equal probability
			top = []openai.Alternative{{Text: text, Logprob: math.Log(0.5)}, {Text: "Four", Logprob: math.Log(0.5)}}
		}
		answer.Tokens = append(answer.Tokens, openai.Token{Text: text, Logprob: top[0].Logprob, Top: top})
	}
	c.Every = 4
	c.Entropies = []float64{0.6, 0.7} // the token with two equal alternatives has ln 2 = 0.69 nats
	texts := map[string][]string{
		ByParagraph:   {"", "One two.", "One two.\n\nThree.", "One two.\n\nThree.\n\n#### 4"},
		ByPeriod:      {"", "One two.", "One two.\n\nThree.", "One two.\n\nThree.\n\n#### 4"},
		ByEntropy:     {"", "One two.\n\nThree", "One two.\n\nThree.\n\n#### 4"},
		"entropy>0.6": {"", "One two.\n\nThree", "One two.\n\nThree.\n\n#### 4"},
		"entropy>0.7": {"", "One two.\n\nThree.\n\n#### 4"},
	}
	if n := len(c.strategies()); n != len(texts) {
		t.Errorf("%d strategies, want %d", n, len(texts))
	}
	for _, by := range c.strategies() {
		strategy, want := by.name, texts[by.name]
		w := &work{Config: c}
		w.Engine = host.Native()
		got, err := w.score(t.Context(), &grade.Question{Text: "What?"}, &answer, &by, nil)
		if err != nil || got.tokens != len(answer.Tokens) {
			t.Fatal(got, err)
		}
		at, total := got.places, got.tokens
		var texts []string
		for _, p := range at {
			texts = append(texts, p.text)
		}
		if fmt.Sprintf("%q", texts) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: %q, want %q", strategy, texts, want)
		}
		if first, last := at[0], at[len(at)-1]; first.tokens != 0 || first.whole || !last.whole || last.tokens != total {
			t.Errorf("%s: from %+v to %+v of %d", strategy, first, last, total)
		}
	}
}
