package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/finece/finece/host/baseline"
)

// comparing analyses records and returns a function that gives FineCE's comparisons at p(1).
func comparing(t *testing.T, records []*Record) func(figure string, any bool) *Comparison {
	t.Helper()
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := report.Domains[0].Comparisons
	return func(figure string, any bool) *Comparison {
		for i, c := range all {
			if c.Name == FineCE && c.At == First && c.Figure == figure && c.Any == any {
				return &all[i]
			}
		}
		return nil
	}
}

// A more expensive baseline has a comparison of its own, however good it is.
func TestBaselinesOfEqualOrLowerCost(t *testing.T) {
	records := made(250, 1)
	r := rand.New(rand.NewPCG(5, 6))
	for _, record := range records {
		p := &record.Points[1]
		truth := p.Confidence[FineCE]
		p.Confidence["noisy"] = math.Min(math.Max(truth+0.6*(r.Float64()-0.5), 0), 1)
		p.Confidence["oracle"] = 0.1
		if record.Correct {
			p.Confidence["oracle"] = 0.9
		}
		delete(p.Confidence, "bold")
		p.Cost = map[string]baseline.Cost{
			FineCE: {PromptTokens: 90, CompletionTokens: 10}, "noisy": {PromptTokens: 100}, "oracle": {CompletionTokens: 101},
		}
	}
	of := comparing(t, records)
	for _, figure := range []string{BrierFigure, AUROCFigure} {
		cheap, dear := of(figure, false), of(figure, true)
		if cheap == nil || cheap.Against != "noisy" || !cheap.Better() || cheap.Worse() {
			t.Errorf("%s: %+v", figure, cheap)
		}
		if dear == nil || dear.Against != "oracle" || dear.Better() || !dear.Worse() {
			t.Errorf("%s: %+v", figure, dear)
		}
	}
}

// A monotone map keeps the AUROC, so the two methods are equal.
func TestComparisonOfEquals(t *testing.T) {
	c := comparing(t, made(210, 1))(AUROCFigure, false)
	if c == nil || c.Against != "bold" || c.Gap.Value != 0 || c.Better() || c.Worse() {
		t.Errorf("%+v", c)
	}
}

// A baseline with confidences for only four answers is not compared: its figures are random.
func TestBestBaselineHasConfidences(t *testing.T) {
	records := made(100, 1)
	right, wrong := 2, 2
	for _, r := range records {
		left, v := &wrong, 0.0
		if r.Correct {
			left, v = &right, 1
		}
		if *left > 0 {
			*left--
			r.Points[1].Confidence["rare"] = v
		}
	}
	of := comparing(t, records)
	for _, figure := range []string{BrierFigure, AUROCFigure} {
		if c := of(figure, false); c == nil || c.Against != "bold" {
			t.Errorf("%s: %+v", figure, c)
		}
	}
}

// If all answers are correct, there is no AUROC, but there is a Brier score.
func TestComparisonsWhereAllIsCorrect(t *testing.T) {
	records := made(30, 1)
	for _, r := range records {
		r.Correct = true
		r.Points[1].Confidence["sure"] = 1
	}
	of := comparing(t, records)
	if c := of(BrierFigure, false); c == nil || c.Against != "sure" || !c.Worse() {
		t.Errorf("%+v", c)
	}
	if c := of(AUROCFigure, false); c != nil {
		t.Errorf("%+v", c)
	}
}

// A single answer that is kept can easily be right by chance.
func TestFilteringBeyondChance(t *testing.T) {
	for _, c := range []struct {
		kept, right int
		reached     bool
	}{{6, 1, false}, {11, 1, false}, {6, 5, true}, {30, 20, true}, {40, 5, false}, {0, 0, false}} {
		var records []*Record
		for i := range 120 {
			v := 0.1
			if i < c.kept {
				v = 0.9
			}
			r := &Record{ID: fmt.Sprint(i), Domain: "in", Correct: i < c.right || i >= 120-5}
			r.Points = []Point{{Strategy: ByParagraph, Confidence: map[string]float64{FineCE: v}, Last: 1}, {Strategy: ByParagraph, Index: 1, Last: 1, Confidence: map[string]float64{FineCE: v}}}
			records = append(records, r)
		}
		report, err := Analyse(records, 1)
		if err != nil {
			t.Fatal(err)
		}
		f := report.Domains[0].Filter
		if f == nil || f.Reached() != c.reached || c.kept > 0 && !strings.Contains(f.String(), fmt.Sprintf("keeps %d answers", c.kept)) {
			t.Errorf("%d of %d right: %+v", c.right, c.kept, f)
		}
	}
}

// Each depth is measured with the widest tree, even if its width is odd.
func TestFusionsOfOddWidth(t *testing.T) {
	for _, c := range []struct {
		tree   Tree
		widths string
	}{
		{Tree{Confidence: []float64{0.5, 0.6}, Parent: []int32{-1, 0}}, "0:0 1:1"},
		{Tree{Confidence: []float64{0.5, 0.6, 0.7, 0.8}, Parent: []int32{-1, 0, 0, 0}}, "0:0 1:2 1:3"},
		{Tree{Confidence: []float64{0.5, 0.6, 0.7, 0.6, 0.7}, Parent: []int32{-1, 0, 0, 1, 1}}, "0:0 1:2 2:2"},
	} {
		records := made(40, 1)
		for _, r := range records {
			r.Points[1].Tree = &c.tree
		}
		report, err := Analyse(records, 1)
		if err != nil {
			t.Fatal(err)
		}
		var widths []string
		for _, f := range report.Domains[0].Fusions {
			widths = append(widths, fmt.Sprintf("%d:%d", f.Depth, f.Width))
		}
		if got := strings.Join(widths, " "); got != c.widths {
			t.Errorf("depths and widths %s, want %s", got, c.widths)
		}
		last := report.Domains[0].Fusions[len(widths)-1]
		if says := fmt.Sprintf("The same by a, with d = %d and w = %d ", last.Depth, last.Width); !strings.Contains(written(t, report), says) {
			t.Errorf("%s: it does not say %q", c.widths, says)
		}
	}
}

// A profile that tells right answers from wrong ones is learnt from the other questions.
func TestTraceProfile(t *testing.T) {
	records := made(200, 1)
	r := rand.New(rand.NewPCG(8, 9))
	for _, record := range records {
		for i := range record.Points {
			features := make([]float64, baseline.ProfileFeatures)
			for k := range features {
				features[k] = r.Float64()
			}
			if record.Correct {
				features[3] += 0.7
			}
			record.Points[i].Profile = features
		}
	}
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	// For two uniform variables, one of them shifted by 0.7, the share of pairs in order is 1 - 0.3^2/2.
	if q := find(t, &report.Domains[0], TraceProfile, First); q.N != 200 || math.Abs(q.AUROC.Value-0.955) > 0.04 {
		t.Errorf("%+v", q)
	}
}

// mostWords is the most words that a summary may have.
const mostWords = 900

// words counts the parts between white space that contain a letter or a digit.
func words(text string) int {
	n := 0
	for _, field := range strings.Fields(text) {
		if strings.ContainsFunc(field, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// Where one answer alone has a fused confidence, nothing is claimed about it.
func TestNoComparisonOfAFewAnswers(t *testing.T) {
	records := made(250, 1)
	points := records[0].Points[:3] // p(1) is p(z-1), and has a tree
	for i := range points {
		points[i].Last = 2
	}
	records[0].Points = points
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &report.Domains[0]
	if n := d.row(Fused).At[LastBut1].N; n != 1 {
		t.Fatalf("%d fused confidences at p(z-1), want 1", n)
	}
	compared := false
	for _, c := range d.Comparisons {
		if c.Name == Fused && c.At == LastBut1 {
			t.Errorf("compared: %+v", c)
		}
		compared = compared || c.Name == Fused && c.At == First
	}
	if !compared {
		t.Error("no comparison at p(1), where all answers have a fused confidence")
	}
	var b strings.Builder
	if err := report.Markdown(&b, About{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "p(z-1), fused") {
		t.Errorf("a claim about one answer in\n%s", b.String())
	}
}

// A summary of four domains with all kinds of rows fits on a page.
func TestSummaryIsAPage(t *testing.T) {
	records := made(250, 1)
	for _, r := range records {
		r.Unavailable = map[string]string{"verb": "no confidence in 12 replies", "ms": "no confidence in 12 replies"}
	}
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	one := report.Domains[0]
	for k := range 20 {
		row := *one.row("bold")
		row.Name = fmt.Sprintf("baseline-%d", k)
		one.Rows = append(one.Rows, row)
	}
	report.Domains = nil
	for _, domain := range []string{"in", "long", "wording", "hard"} {
		one.Name = domain
		report.Domains = append(report.Domains, one)
	}
	var b strings.Builder
	if err := report.Markdown(&b, About{Models: strings.Repeat("word ", 40), Notes: []string{strings.Repeat("word ", 150)}}); err != nil {
		t.Fatal(err)
	}
	if n := words(b.String()); n > mostWords {
		t.Errorf("%d words, at most %d:\n%s", n, mostWords, b.String())
	}
	for _, says := range []string{"## Claimed", "## Not claimed", "verb: no confidence in 12 replies (all domains)", "TABLES-long.md"} {
		if !strings.Contains(b.String(), says) {
			t.Errorf("no %q in\n%s", says, b.String())
		}
	}
}

// A baseline with confidences for only a few answers has no row in the summary. It is listed
// as unavailable, with counts.
func TestSummaryWithoutSparseRows(t *testing.T) {
	records := made(60, 1)
	for i, r := range records {
		for k := range r.Points {
			if i%10 == 0 {
				r.Points[k].Confidence["sparse"] = 0.5
			}
		}
	}
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.Markdown(&b, About{}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "| sparse |") || !strings.Contains(text, "sparse: no confidence for 90% of the answers at p(z-1) (in)") || !strings.Contains(text, "| bold |") {
		t.Error(text)
	}
}

// Each committed summary has about a page, and links only to files that exist.
func TestCommittedSummaries(t *testing.T) {
	for _, folder := range []string{"results", "results/real"} {
		text, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := words(string(text)); n > mostWords {
			t.Errorf("%s: %d words, at most %d", folder, n, mostWords)
		}
		links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1)
		if len(links) == 0 {
			t.Errorf("%s: no links", folder)
		}
		for _, link := range links {
			if _, err := os.Stat(filepath.Join(folder, link[1])); err != nil {
				t.Errorf("%s: %v", folder, err)
			}
		}
	}
}

// TestTheValueHeadIsCompared with FineCE and with the baselines. The summary has the Brier
// score, and not the AUROC against the same method, which has the same outcome.
func TestTheValueHeadIsCompared(t *testing.T) {
	report, err := Analyse(made(400, 2), 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &report.Domains[0]
	var against []string
	for _, c := range d.Comparisons {
		if c.Name == ValueHead && c.At == First && !c.Any {
			against = append(against, c.Figure+" "+c.Against)
			if c.Against == FineCE && !c.Worse() {
				t.Errorf("rounded confidences are not worse: %+v", c)
			}
		}
	}
	slices.Sort(against)
	if want := []string{AUROCFigure + " " + FineCE, AUROCFigure + " bold", BrierFigure + " " + FineCE, BrierFigure + " bold"}; !slices.Equal(against, want) {
		t.Errorf("compared by %q, want %q", against, want)
	}
	var text strings.Builder
	if err := report.Markdown(&text, About{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(text.String(), "\n") {
		if strings.HasPrefix(line, "- in, p(1), value head: ") && (!strings.Contains(line, BrierFigure) || strings.Contains(line, AUROCFigure)) {
			t.Error(line)
		}
	}
	if !strings.Contains(text.String(), "- in, p(1), value head: ") {
		t.Errorf("nothing is said about the value head:\n%s", text.String())
	}
	if !slices.ContainsFunc(d.Stops, func(s Stopping) bool { return s.Name == ValueHead }) {
		t.Error("no answer is stopped by the value head")
	}
}
