package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/metrics"
)

// Names of the confidence models that some tables are about.
const (
	FineCE    = "FineCE"              // instruction fine-tuning, the main one
	ValueHead = "FineCE (value head)" // Figure 7
)

// Report holds everything that is computed from records.
type Report struct {
	Questions, Answers int
	Domains            []Domain
	Verdicts           []Verdict
}

// Domain holds everything that is computed from the records of one domain.
type Domain struct {
	Name               string
	Questions, Answers int
	Accuracy           float64
	Tokens             float64 // of an answer, on average

	Table1, Table2 []Row // one for each name
	Labelled       []Row // Table1 against the labels, if records have them
	Labels         Row   // the labels themselves as confidences
	Table4         []Strategy
	Entropies      []Strategy // Table4's, and entropy positions above further thresholds, if records have them
	Thresholds     []Threshold
	Fusions        []Fusion
	Alphas         []Fusion // by revision coefficient, at the full depth and width
	Models         []Row    // figures 5 to 7 and the sweeps: the confidence models side by side
	Pooled         map[string]Reliability
	Recalibrations []Recalibration
}

// Row is the quality of one name's confidences at some positions.
type Row struct {
	Name string
	At   map[Which]Quality
	// Tokens is the mean number of tokens for an estimate, without the answer itself and
	// with prompts. It is NaN if the tokens were not counted.
	Tokens map[Which]float64
}

// Strategy is a row of table 4 or of the table of entropy thresholds.
type Strategy struct {
	Name       string
	Positions  float64 // of an answer, on average, without p(0) and p(z)
	First, All Quality // at p(1); at every position between p(0) and p(z)
}

// Threshold is a point of figure 4.
type Threshold struct {
	Name string
	At   Which
	Kept []Kept
}

// Fusion is the ECE of p(1) at one depth and width.
type Fusion struct {
	Alpha        float64
	Depth, Width int
	Quality      Quality
	Scored       float64 // scored nodes, on average, including the position's own
	Sampled      float64 // sampled continuations, on average
}

func (f *Fusion) params() bci.Params {
	return bci.Params{Alpha: f.Alpha, Depth: f.Depth, Width: f.Width}
}

// Reliability is a reliability diagram.
type Reliability struct{ Bins []metrics.Bin }

// Verdict is one claim about the method with the result.
type Verdict struct {
	Domain, Claim, Found string
	Reached              bool
}

// DefaultAlpha is the revision coefficient of the tables.
const DefaultAlpha = 0.5

// Analyse computes a report from records.
func Analyse(records []*Record, seed uint64) (*Report, error) {
	r := &Report{Answers: len(records)}
	questions := map[string]bool{}
	var domains []string
	for _, record := range records {
		questions[record.Domain+" "+record.ID] = true
		if !slices.Contains(domains, record.Domain) {
			domains = append(domains, record.Domain)
		}
	}
	r.Questions = len(questions)
	for _, name := range domains {
		d, err := analyse(of(records, name), name, seed)
		if err != nil {
			return nil, fmt.Errorf("experiment: domain %s: %w", name, err)
		}
		r.Domains = append(r.Domains, *d)
		found, err := verdicts(d, of(records, name), seed)
		if err != nil {
			return nil, fmt.Errorf("experiment: domain %s: %w", name, err)
		}
		r.Verdicts = append(r.Verdicts, found...)
	}
	return r, nil
}

func analyse(records []*Record, name string, seed uint64) (*Domain, error) {
	d := &Domain{Name: name, Answers: len(records), Pooled: map[string]Reliability{}}
	questions := map[string]bool{}
	for _, r := range records {
		questions[r.ID] = true
		d.Tokens += float64(r.Tokens) / float64(len(records))
		if r.Correct {
			d.Accuracy += 1 / float64(len(records))
		}
	}
	d.Questions = len(questions)
	labels, err := row(records, "", share, ofAnswer, seed, Question, First, LastBut1)
	if err != nil {
		return nil, err
	}
	d.Labels = *labels
	all := names(records)
	for _, n := range all {
		one, err := row(records, n, named(n), ofAnswer, seed, First, LastBut1)
		if err != nil {
			return nil, err
		}
		two, err := row(records, n, named(n), ofAnswer, seed, Question, Whole)
		if err != nil {
			return nil, err
		}
		if d.Labels.At[Question].N > 0 {
			of, err := row(records, n, named(n), ofLabel, seed, First, LastBut1)
			if err != nil {
				return nil, err
			}
			d.Labelled = append(d.Labelled, *of)
		}
		d.Table1, d.Table2 = append(d.Table1, *one), append(d.Table2, *two)
		if isModel(n) {
			both := Row{Name: n, At: map[Which]Quality{}}
			for _, from := range []*Row{one, two} {
				for w, q := range from.At {
					both.At[w] = q
				}
			}
			d.Models = append(d.Models, both)
			d.Pooled[n] = reliability(records, n)
		}
	}
	if err := d.strategies(records, seed); err != nil {
		return nil, err
	}
	for _, w := range []Which{Question, First, LastBut1, Whole} {
		p := pairs(records, At{ByParagraph, w}, named(FineCE))
		t := Threshold{Name: FineCE, At: w}
		for i := range 20 {
			t.Kept = append(t.Kept, p.kept(float64(i)/20))
		}
		d.Thresholds = append(d.Thresholds, t)
	}
	if d.Recalibrations, err = recalibrations(records, d.Models, seed); err != nil {
		return nil, err
	}
	return d, d.fusions(records, seed)
}

// isModel reports whether a name is that of a confidence model, not of a baseline.
func isModel(name string) bool { return strings.HasPrefix(name, FineCE) }

func row(records []*Record, name string, read reading, of outcome, seed uint64, which ...Which) (*Row, error) {
	r := &Row{Name: name, At: map[Which]Quality{}, Tokens: map[Which]float64{}}
	for _, w := range which {
		p := against(records, At{ByParagraph, w}, read, of)
		q, err := p.quality(seed)
		if err != nil {
			return nil, err
		}
		r.At[w] = q
		r.Tokens[w] = spent(records, At{ByParagraph, w}, name)
	}
	return r, nil
}

// spent returns the mean number of tokens for an estimate.
func spent(records []*Record, at At, name string) float64 {
	tokens, n := 0, 0
	for _, r := range records {
		for i := range r.Points {
			p := &r.Points[i]
			if c, ok := p.Cost[name]; ok && at.has(p) && c.Requests > 0 {
				tokens += c.PromptTokens + c.CompletionTokens
				n++
			}
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return float64(tokens) / float64(n)
}

func reliability(records []*Record, name string) Reliability {
	var p Pairs
	for _, w := range []Which{Question, Middle, Whole} {
		q := pairs(records, At{ByParagraph, w}, named(name))
		p.Confidence, p.Correct = append(p.Confidence, q.Confidence...), append(p.Correct, q.Correct...)
	}
	s, err := metrics.NewSample(p.Confidence, p.Correct)
	if err != nil {
		return Reliability{}
	}
	bins, err := s.Reliability(metrics.DefaultBinning())
	if err != nil {
		return Reliability{}
	}
	return Reliability{bins}
}

func (d *Domain) strategies(records []*Record, seed uint64) error {
	further := furtherEntropies(records)
	for i, name := range append([]string{ByParagraph, ByPeriod, ByEntropy}, further...) {
		s := Strategy{Name: name}
		var err error
		first, all := pairs(records, At{name, First}, named(FineCE)), pairs(records, At{name, Middle}, named(FineCE))
		if s.First, err = first.quality(seed); err != nil {
			return err
		}
		if s.All, err = all.quality(seed); err != nil {
			return err
		}
		s.Positions = float64(s.All.N+s.All.Missing) / float64(max(len(records), 1))
		if i < 3 {
			d.Table4 = append(d.Table4, s)
		}
		if len(further) > 0 {
			d.Entropies = append(d.Entropies, s)
		}
	}
	return nil
}

// furtherEntropies returns the strategies of entropy positions other than ByEntropy, in
// the order of the records.
func furtherEntropies(records []*Record) []string {
	var out []string
	for _, r := range records {
		for i := range r.Points {
			if name := r.Points[i].Strategy; strings.HasPrefix(name, ByEntropy+">") && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func (d *Domain) fusions(records []*Record, seed uint64) error {
	deepest, widest := 0, 0
	for _, r := range records {
		for i := range r.Points {
			if t := r.Points[i].Tree; t != nil {
				depth, width := t.shape()
				deepest, widest = max(deepest, depth), max(widest, width)
			}
		}
	}
	if deepest == 0 {
		return nil
	}
	shapes := [][2]int{{0, 0}}
	for depth := range deepest {
		for width := 2; width < widest; width += 2 {
			shapes = append(shapes, [2]int{depth + 1, width})
		}
		shapes = append(shapes, [2]int{depth + 1, widest})
	}
	for _, s := range shapes {
		f, err := fusion(records, bci.Params{Alpha: DefaultAlpha, Depth: s[0], Width: s[1]}, seed)
		if err != nil {
			return err
		}
		d.Fusions = append(d.Fusions, *f)
	}
	for alpha := range 11 {
		f, err := fusion(records, bci.Params{Alpha: float64(alpha) / 10, Depth: deepest, Width: widest}, seed)
		if err != nil {
			return err
		}
		d.Alphas = append(d.Alphas, *f)
	}
	return nil
}

// fusion measures the integrated confidences of p(1), over the points with a tree.
func fusion(records []*Record, params bci.Params, seed uint64) (*Fusion, error) {
	f := &Fusion{Alpha: params.Alpha, Depth: params.Depth, Width: params.Width}
	n := 0
	var failed error
	read := fused(params, &failed)
	p := pairs(records, At{ByParagraph, First}, func(p *Point) (float64, bool) {
		v, ok := read(p)
		if ok {
			scored, sampled := p.Tree.within(params.Depth, params.Width)
			f.Scored += float64(scored)
			f.Sampled += float64(sampled)
			n++
		}
		return v, ok
	})
	if failed != nil {
		return nil, failed
	}
	f.Scored /= float64(max(n, 1))
	f.Sampled /= float64(max(n, 1))
	var err error
	f.Quality, err = p.quality(seed)
	return f, err
}

// fused returns the integrated confidence of a point with a tree. An error about a tree
// goes to failed.
func fused(params bci.Params, failed *error) reading {
	return func(p *Point) (float64, bool) {
		if p.Tree == nil {
			return 0, false
		}
		all, err := bci.Fuse(nil, bci.Tree{Conf: p.Tree.Confidence, Parent: p.Tree.Parent}, params)
		if err != nil {
			*failed = err
			return 0, false
		}
		return all[0], !math.IsNaN(all[0])
	}
}

// shape returns the tree's depth and the most children of a node.
func (t *Tree) shape() (depth, width int) {
	depths := make([]int, len(t.Parent))
	children := make([]int, len(t.Parent))
	for i, parent := range t.Parent {
		if parent >= 0 {
			depths[i] = depths[parent] + 1
			children[parent]++
			width = max(width, children[parent])
		}
		depth = max(depth, depths[i])
	}
	return depth, width
}

// within counts the nodes of the tree within a depth and a width, and the sampled ones
// among them.
func (t *Tree) within(depth, width int) (scored, sampled int) {
	depths := make([]int, len(t.Parent))
	children := make([]int, len(t.Parent))
	in := make([]bool, len(t.Parent))
	for i, parent := range t.Parent {
		if parent < 0 {
			in[i] = true
			scored++
			continue
		}
		depths[i] = depths[parent] + 1
		children[parent]++
		if in[i] = in[parent] && depths[i] <= depth && children[parent] <= width; in[i] {
			scored++
			sampled++
		}
	}
	return scored, sampled
}
