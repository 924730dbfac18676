package estimate

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const eos = "<|im_end|>"

// tree has all possible replies of a model: the distribution of the next token, and the tree
// after each token.
type tree map[string]limb

type limb struct {
	p    float64
	next tree // nil: nothing follows
}

// replyOf samples one path of a tree. It writes the reply with the most probable tokens of each
// distribution on the path. Like vLLM, it includes the token that ends the reply.
func replyOf(t tree, path []string) string {
	type head struct {
		Token   string  `json:"token"`
		Logprob float64 `json:"logprob"`
	}
	type place struct {
		head
		Top []head `json:"top_logprobs"`
	}
	var places []place
	for _, token := range path {
		at := place{head: head{token, math.Log(t[token].p)}}
		for _, text := range slices.Sorted(maps.Keys(t)) {
			at.Top = append(at.Top, head{text, math.Log(t[text].p)})
		}
		places = append(places, at)
		t = t[token].next
	}
	content, _ := json.Marshal(strings.TrimSuffix(strings.Join(path, ""), eos))
	logprobs, _ := json.Marshal(places)
	return `{"choices":[{"message":{"content":` + string(content) + `},"finish_reason":"stop","logprobs":{"content":` + string(logprobs) + `}}]}`
}

// end is the tree in which the reply ends.
func end() tree { return tree{eos: {p: 1}} }

func TestExpectationOfTheDocumentedExample(t *testing.T) {
	example := tree{
		"1": {0.1, end()},
		"0": {0.9, tree{".": {1, tree{
			"9": {0.3, end()},
			"7": {0.1, end()},
			"8": {0.6, tree{"5": {0.5, end()}, "0": {0.1, end()}, eos: {0.4, nil}}},
		}}}},
	}
	m := DefaultModel()
	r, err := m.ReadReply([]byte(replyOf(example, []string{"0", ".", "8", "5", eos})))
	if err != nil || math.Abs(r.Confidence-0.8515) > 1e-12 || math.Abs(r.Mass-1) > 1e-12 || r.Basis != Expectation {
		t.Errorf("%+v, %v", r, err)
	}
}

// leaves calls f with every reply of a tree, its probability, and whether a token that
// ends it was seen.
func leaves(t tree, said string, p float64, f func(reply string, p float64, ended bool)) {
	if t == nil {
		reply, ended := strings.CutSuffix(said, eos)
		f(reply, p, ended)
		return
	}
	for text, b := range t {
		leaves(b.next, said+text, p*b.p, f)
	}
}

var wholeNumber = regexp.MustCompile(`^[\s"]*(0?\.[0-9]+|0\.|0|1\.0*|1)[\s"]*\.?[\s"]*$`)

// TestExpectationEqualsEnumeration: if every branch that leaves the sampled path ends there,
// the expectation is that of the whole tree. The tree is small enough to enumerate.
func TestExpectationEqualsEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	others := []string{"1", ".9", "8", "85", "5", "05", "9", " very", "!", ".", ",", " 0.3", "-", "\"0.25\"", "7", "100"}
	paths := [][]string{
		{"0", ".", "8", "5", eos}, {"0", ".", "85", eos}, {"0.", "8", eos}, {"0.85", eos}, {"1", eos}, {"1", ".", "0", eos},
		{" ", "0", ".", "8", eos}, {" 0", ".9", eos}, {"\"", "0", ".", "5", "\""}, {"0", eos}, {".", "5", eos},
	}
	for range 2000 {
		path := paths[rng.IntN(len(paths))]
		root := build(rng, path, others)
		var sum, mass float64
		leaves(root, "", 1, func(reply string, p float64, ended bool) {
			g := wholeNumber.FindStringSubmatch(reply)
			if g == nil {
				return
			}
			if open := strings.HasSuffix(reply, g[1]); open && !ended && (g[1] == "0" || g[1] == "0.") {
				return // undecided
			}
			v, err := strconv.ParseFloat(g[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += p * v
			mass += p
		})
		m := DefaultModel()
		body := replyOf(root, path)
		r, err := m.ReadReply([]byte(body))
		if err != nil || r.Basis != Expectation || math.Abs(r.Confidence-sum/mass) > 1e-9 || math.Abs(r.Mass-mass) > 1e-9 {
			t.Fatalf("%+v, %v; want %v of %v for %q in %v", r, err, sum/mass, mass, path, root)
		}
	}
}

// build makes a random tree. path is a possible reply, and every other branch ends after its
// first token.
func build(rng *rand.Rand, path, others []string) tree {
	if len(path) == 0 {
		return nil
	}
	t := tree{path[0]: {1 + rng.Float64(), build(rng, path[1:], others)}}
	for range rng.IntN(5) {
		text := others[rng.IntN(len(others))]
		if _, taken := t[text]; !taken {
			t[text] = limb{rng.Float64(), nil}
		}
	}
	if rng.IntN(2) == 0 {
		if _, taken := t[eos]; !taken {
			t[eos] = limb{rng.Float64(), nil}
		}
	}
	total := 0.0
	for _, b := range t {
		total += b.p
	}
	for text, b := range t {
		t[text] = limb{b.p / total, b.next}
	}
	return t
}

func TestExpectations(t *testing.T) {
	half := limb{0.5, end()}
	for _, c := range []struct {
		name             string
		tree             tree
		path             []string
		confidence, mass float64
	}{
		{"an undecided alternative is left out", tree{"1": half, "0": half}, []string{"1", eos}, 1, 0.5},
		{"a number out of range is left out", tree{"1": half, "7": half}, []string{"1", eos}, 1, 0.5},
		{"words are left out", tree{"0.8": half, "I": half}, []string{"0.8", eos}, 0.8, 0.5},
		{"a percentage", tree{"85": {0.5, tree{"%": {1, end()}}}, "95": half}, []string{"85", "%", eos}, 0.9, 1},
		{"a digit of a percentage is undecided", tree{"85": {0.5, tree{"%": {1, end()}}}, "9": half}, []string{"85", "%", eos}, 0.85, 0.5},
		{"so is 10, which may become 100", tree{"85": {0.5, tree{"%": {1, end()}}}, "10": half}, []string{"85", "%", eos}, 0.85, 0.5},
		{"100 of a percentage", tree{"85": {0.5, tree{"%": {1, end()}}}, "100": half}, []string{"85", "%", eos}, 0.925, 1},
		{"Markdown", tree{"**": {1, tree{"0.8": {0.5, tree{"**": {1, end()}}}, "0.6": half}}}, []string{"**", "0.8", "**", eos}, 0.7, 1},
		{"JSON", tree{`{"`: {1, tree{"confidence": {1, tree{`":`: {1, tree{" 0.8": {0.5, tree{"}": {1, end()}}}, " 0.6": half}}}}}}}, []string{`{"`, "confidence", `":`, " 0.8", "}", eos}, 0.7, 1},
		{"the end as an alternative", tree{"0.8": {1, tree{"5": half, eos: {0.5, nil}}}}, []string{"0.8", "5", eos}, 0.825, 1},
		{"a digit as an alternative to the end", tree{"0.8": {1, tree{"5": half, eos: {0.5, nil}}}}, []string{"0.8", eos}, 0.825, 1},
		{"a path of low probability", tree{"0.8": {0.25, end()}, "0.4": {0.75, end()}}, []string{"0.8", eos}, 0.5, 1},
	} {
		m := DefaultModel()
		r, err := m.ReadReply([]byte(replyOf(c.tree, c.path)))
		if err != nil || math.Abs(r.Confidence-c.confidence) > 1e-12 || math.Abs(r.Mass-c.mass) > 1e-12 {
			t.Errorf("%s: %+v, %v; want %v of %v", c.name, r, err, c.confidence, c.mass)
		}
	}
}

func TestLogprobsBesideTheText(t *testing.T) {
	const number = `{"token":"0.8","logprob":-0.6931471805599453,"top_logprobs":[{"token":"0.6","logprob":-0.6931471805599453}]}`
	for _, c := range []struct {
		name, content, logprobs string
		want                    Reading
	}{
		{"tokens of the reasoning before", "0.8", `{"token":"<think>","logprob":-1},{"token":"0.8?","logprob":-1,"top_logprobs":[{"token":"0.1","logprob":-1}]},{"token":"</think>","logprob":0},{"token":"\n\n","logprob":0},` + number, Reading{0.7, Expectation, 1}},
		{"the reasoning is in the text as well", "<think>0.1</think>0.8", `{"token":"<think>","logprob":-1},{"token":"0.1","logprob":-1},{"token":"</think>","logprob":0},` + number, Reading{0.7, Expectation, 1}},
		{"white space that the text lacks", "0.8", `{"token":" 0.8","logprob":-0.6931471805599453,"top_logprobs":[{"token":" 0.6","logprob":-0.6931471805599453}]}`, Reading{0.7, Expectation, 1}},
		{"several tokens at the end", "0.8", number + `,{"token":"</s>","logprob":0},{"token":"","logprob":0}`, Reading{0.7, Expectation, 1}},
		{"tokens of another text", "0.9", number, Reading{0.9, Parsed, math.NaN()}},
		{"no alternatives", "0.8", `{"token":"0.8","logprob":-0.5,"top_logprobs":[]}`, Reading{0.8, Parsed, math.NaN()}},
		{"a token without a log-probability", "0.8", `{"token":"0.8","logprob":null,"top_logprobs":[{"token":"0.6","logprob":-1}]}`, Reading{0.8, Parsed, math.NaN()}},
		{"no distribution", "0.8", `{"token":"0.8","logprob":0,"top_logprobs":[{"token":"0.6","logprob":0}]}`, Reading{0.8, Parsed, math.NaN()}},
		{"the sampled token is repeated", "0.8", `{"token":"0.8","logprob":-0.6931471805599453,"top_logprobs":[{"token":"0.8","logprob":-0.6931471805599453},{"token":"0.6","logprob":-0.6931471805599453}]}`, Reading{0.7, Expectation, 1}},
		{"OpenAI's mark for very unlikely", "0.8", `{"token":"0.8","logprob":0,"top_logprobs":[{"token":"0.6","logprob":-9999.0}]}`, Reading{0.8, Expectation, 1}},
	} {
		content, _ := json.Marshal(c.content)
		m := DefaultModel()
		r, err := m.ReadReply([]byte(`{"choices":[{"logprobs":{"content":[` + c.logprobs + `]},"message":{"content":` + string(content) + `},"finish_reason":"stop"}]}`))
		if err != nil || !near(r.Confidence, c.want.Confidence) || r.Basis != c.want.Basis || !near(r.Mass, c.want.Mass) {
			t.Errorf("%s: %+v, %v; want %+v", c.name, r, err, c.want)
		}
	}
}
