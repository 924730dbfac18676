package train_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/wasm/estimate"
)

// states returns states of two questions, in two splits, at every stage.
func states() []construct.State {
	return []construct.State{
		{ID: "a", State: 0, Split: "train", Position: "p(0)", Question: "6 * 7 < 50?", K: 7, N: 30, Confidence: 7. / 30},
		{ID: "a", State: 1, Split: "train", Position: "p(1)", Fragments: 1, Question: "6 * 7 < 50?", Text: "It is </partial_answer>.", K: 29, N: 30, Confidence: 29. / 30},
		{ID: "a", State: 2, Split: "train", Position: "p(z)", Question: "6 * 7 < 50?", Text: "Yes.\n\n#### 42", K: 1, N: 1, Confidence: 1},
		{ID: "b", State: 0, Split: "dev", Position: "p(0)", Question: "Who?", K: 0, N: 30},
	}
}

func lines(t testing.TB, states ...construct.State) string {
	t.Helper()
	var b bytes.Buffer
	for _, s := range states {
		line, err := s.Line()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

// line is a line of either layout.
type line struct {
	Messages                   []train.Message
	Instruction, Input, Output string
	Confidence                 float64
	K, N                       int
	ID, Position               string
}

func export(t *testing.T, in string, c train.ExportConfig) []line {
	t.Helper()
	var b bytes.Buffer
	n, err := train.Export(&b, strings.NewReader(in), c)
	if err != nil {
		t.Fatal(err)
	}
	var out []line
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	for d.More() {
		var l line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	if n != len(out) {
		t.Errorf("it says %d lines and wrote %d", n, len(out))
	}
	return out
}

// A model is trained on what it will be asked: the messages are those of a request of
// package estimate, and the texts are those of AppendPrompt.
func TestExportAsksWhatEstimateAsks(t *testing.T) {
	own := estimate.DefaultModel()
	own.Instructions[estimate.Partial] = "How sure?"
	for _, m := range []*estimate.Model{nil, &own} {
		asked := m
		if m == nil {
			d := estimate.DefaultModel()
			asked = &d
		}
		all := states()
		chat := export(t, lines(t, all...), train.ExportConfig{Digits: 1, Model: m})
		alpaca := export(t, lines(t, all...), train.ExportConfig{Digits: 1, Model: m, Layout: train.Alpaca})
		if len(chat) != len(all) || len(alpaca) != len(all) {
			t.Fatalf("%d and %d lines of %d states", len(chat), len(alpaca), len(all))
		}
		for i, s := range all {
			stage := train.StageOf(&s)
			var request struct{ Messages []train.Message }
			if err := json.Unmarshal(asked.AppendRequest(nil, stage, []byte(s.Question), []byte(s.Text)), &request); err != nil {
				t.Fatal(err)
			}
			c, a := chat[i], alpaca[i]
			if len(c.Messages) != 3 || c.Messages[0] != request.Messages[0] || c.Messages[1] != request.Messages[1] || c.Messages[2].Role != "assistant" {
				t.Errorf("state %d: %q, want %q and a reply", i, c.Messages, request.Messages)
			}
			if got, want := a.Instruction+"\n"+a.Input, string(asked.AppendPrompt(nil, stage, []byte(s.Question), []byte(s.Text))); got != want {
				t.Errorf("state %d: %q, want %q", i, got, want)
			}
			if a.Output != c.Messages[2].Content || a.Messages != nil || c.Instruction+c.Input+c.Output != "" {
				t.Errorf("state %d: the layouts are mixed up: %+v, %+v", i, c, a)
			}
			for _, l := range []line{c, a} {
				if l.K != s.K || l.N != s.N || l.Confidence != s.Confidence || l.ID != s.ID || l.Position != s.Position {
					t.Errorf("state %d: %+v, want %+v", i, l, s)
				}
			}
		}
	}
}

// Over many seeds, the mean of a label is the confidence. Each label is the next number
// below or above the confidence.
func TestExportRounds(t *testing.T) {
	const seeds = 1000
	for _, c := range []struct {
		k, n, digits int
		one          bool
		below, above string
	}{
		{7, 30, 1, false, "0.2", "0.3"},
		{7, 30, 2, false, "0.23", "0.24"},
		{3, 10, 1, false, "0.3", "0.3"},
		{0, 30, 1, false, "0.0", "0.0"},
		{0, 1, 1, true, "0.0", "0.0"},
		{27, 30, 1, false, "0.9", "0.9"},
		{28, 30, 1, false, "0.9", "0.99"},
		{28, 30, 1, true, "0.9", "1.0"},
		{29, 30, 1, true, "0.9", "1.0"},
		{295, 300, 1, false, "0.9", "0.99"},
		{299, 300, 1, false, "0.99", "0.99"}, // the largest there is
		{1, 1, 1, false, "0.99", "0.99"},
		{1, 1, 2, false, "0.999", "0.999"},
		{1, 1, 1, true, "1.0", "1.0"},
		{1, 1, 6, false, "0.9999999", "0.9999999"},
	} {
		p := float64(c.k) / float64(c.n)
		in := lines(t, construct.State{ID: "a", State: 1, Position: "p(0)", Question: "?", K: c.k, N: c.n, Confidence: p})
		sum := 0.0
		for seed := range uint64(seeds) {
			got := export(t, in, train.ExportConfig{Digits: c.digits, Seed: seed, One: c.one})[0].Messages[2].Content
			if got != c.below && got != c.above {
				t.Fatalf("%d/%d: %q, want %s or %s", c.k, c.n, got, c.below, c.above)
			}
			v, err := strconv.ParseFloat(got, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
		below, _ := strconv.ParseFloat(c.below, 64)
		above, _ := strconv.ParseFloat(c.above, 64)
		want := p
		if below == above {
			want = above
		}
		// Five standard errors of a choice between two numbers.
		if tolerance := 5*0.5*(above-below)/math.Sqrt(seeds) + 1e-9; math.Abs(sum/seeds-want) > tolerance {
			t.Errorf("%d/%d, %d digits: the mean is %v, want %v", c.k, c.n, c.digits, sum/seeds, want)
		}
	}
}

// This is why a label of 1 is written as 0.99. If a model gives an answer the probability
// 0.6, package estimate reads about 0.6 if both replies begin with the same token, and 1 if
// they do not.
func TestExportIsWhatEstimateReads(t *testing.T) {
	top := func(token string, p float64) string {
		return fmt.Sprintf(`{"token":%q,"logprob":%v}`, token, math.Log(p))
	}
	place := func(token string, p float64, others ...string) string {
		return fmt.Sprintf(`{"token":%q,"logprob":%v,"top_logprobs":[%s]}`, token, math.Log(p), strings.Join(append(others, top(token, p)), ","))
	}
	read := func(text string, places ...string) float64 {
		var b strings.Builder
		body := fmt.Sprintf(`{"choices":[{"message":{"content":%q},"finish_reason":"stop","logprobs":{"content":[%s]}}]}`, text, strings.Join(places, ","))
		if err := train.ReadReplies(&b, strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		var got struct{ Confidence float64 }
		if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
			t.Fatal(err)
		}
		return got.Confidence
	}
	end := place("<|end|>", 1)
	for _, right := range []float64{0.6, 0.9, 0.2} {
		wrong := 1 - right
		got := read("0.99", place("0", 1), place(".", 1), place("9", right, top("0", wrong)), place("9", 1), end)
		if right < 0.5 {
			got = read("0.0", place("0", 1), place(".", 1), place("0", wrong, top("9", right)), end)
		}
		if math.Abs(got-0.99*right) > 0.1*min(right, 0.21) {
			t.Errorf("%v is read as %v", right, got)
		}
		if right > 0.5 {
			if one := read("1.0", place("1", right, top("0", wrong)), place(".", 1), place("0", 1), end); one != 1 {
				t.Errorf("1.0 of probability %v is read as %v: label 1 can be written so again", right, one)
			}
		}
	}
}

func TestExportChooses(t *testing.T) {
	in := "\n" + lines(t, states()...) + "\n"
	for _, c := range []struct {
		config train.ExportConfig
		want   string
	}{
		{train.ExportConfig{}, "a p(0), a p(1), a p(z), b p(0)"},
		{train.ExportConfig{Split: "train"}, "a p(0), a p(1), a p(z)"},
		{train.ExportConfig{Split: "dev"}, "b p(0)"},
		{train.ExportConfig{Split: "test"}, ""},
		{train.ExportConfig{QuestionOnly: true}, "a p(0), b p(0)"},
		{train.ExportConfig{QuestionOnly: true, Split: "train"}, "a p(0)"},
	} {
		c.config.Digits = 1
		var got []string
		for _, l := range export(t, in, c.config) {
			got = append(got, l.ID+" "+l.Position)
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%+v: %s, want %s", c.config, s, c.want)
		}
	}
}

func TestExportErrors(t *testing.T) {
	good := lines(t, states()[0])
	for _, c := range []struct{ in, says string }{
		{good + "{", "line 2: unexpected end of JSON input; want a state as finece construct writes it"},
		{good + `{"id":3}`, "line 2: json: cannot unmarshal number"},
		{`{"question":"a","position":"p(0)","confidence":0.5,"k":1,"N":3}`, "line 1: confidence 0.5 with k 1 and N 3: want k/N, with 0 <= k <= N"},
		{`{"question":"a","position":"p(0)","confidence":1.5,"k":3,"N":2}`, "line 1: confidence 1.5 with k 3"},
		{`{"question":"a","position":"p(0)"}`, "N 0: want k/N"},
		{"\n\n" + `{"position":"p(0)","confidence":1,"k":1,"N":1}`, "line 3: no question or no position"},
		{`{"question":"a","confidence":1,"k":1,"N":1}`, "line 1: no question or no position"},
		{strings.Repeat("x", 17<<20), "token too long"},
	} {
		if _, err := train.Export(&bytes.Buffer{}, strings.NewReader(c.in), train.ExportConfig{Digits: 1}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60q: %v, want %q", c.in, err, c.says)
		}
	}
	for _, digits := range []int{-1, 0, 7} {
		if _, err := train.Export(&bytes.Buffer{}, strings.NewReader(good), train.ExportConfig{Digits: digits}); err == nil || !strings.Contains(err.Error(), "want 1 to 6") {
			t.Errorf("%d digits: %v", digits, err)
		}
	}
	if _, err := train.ParseLayout("x"); err == nil || !strings.Contains(err.Error(), "want messages or alpaca") {
		t.Error(err)
	}
	for _, l := range []train.Layout{train.Messages, train.Alpaca} {
		if got, err := train.ParseLayout(l.String()); got != l || err != nil {
			t.Errorf("%v: %v, %v", l, got, err)
		}
	}
}

// FuzzExport checks that every line written has a label that package estimate can read, and
// that the label is next to the confidence.
func FuzzExport(f *testing.F) {
	for _, s := range states() {
		line, _ := s.Line()
		f.Add(string(line), uint8(1), false)
	}
	f.Add(`{"question":"<|end|>\u0000","text":"\ud800","position":"p(3)","confidence":1,"k":1,"N":1}`, uint8(6), true)
	f.Add(`{"question":"a","position":"p(0)","confidence":0.9999999,"k":9999999,"N":10000000}`, uint8(6), false)
	f.Fuzz(func(t *testing.T, in string, digits uint8, one bool) {
		c := train.ExportConfig{Digits: int(digits%6) + 1, One: one}
		var b bytes.Buffer
		if _, err := train.Export(&b, strings.NewReader(in), c); err != nil {
			if !strings.HasPrefix(err.Error(), "train: ") {
				t.Error(err)
			}
			return
		}
		for _, text := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
			if text == "" {
				continue
			}
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil || len(l.Messages) != 3 {
				t.Fatalf("%v: %q", err, text)
			}
			if strings.Count(l.Messages[1].Content, "</question>") != 1 || strings.Contains(l.Messages[1].Content, "<|") {
				t.Errorf("what is judged is not kept apart: %q", l.Messages[1].Content)
			}
			body, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"message": l.Messages[2], "finish_reason": "stop"}}})
			m := estimate.DefaultModel()
			r, err := m.ReadReply(body)
			if err != nil || math.Abs(r.Confidence-l.Confidence) > math.Pow10(-c.Digits)+1e-9 {
				t.Errorf("%v: %q is read as %v, the confidence is %v", err, l.Messages[2].Content, r.Confidence, l.Confidence)
			}
		}
	})
}

// A complete answer is written as often as it was sampled. A partial answer is written once,
// however many samples its cluster had.
func TestCompleteAnswersCountAsOftenAsTheyWereSampled(t *testing.T) {
	for position, want := range map[string]int{"p(z)": 3, "p(1)": 1} {
		in := `{"id":"a","state":0,"position":"` + position + `","question":"What?","text":"4.","confidence":1,"k":1,"N":1,"count":3}` + "\n"
		var out bytes.Buffer
		n, err := train.Export(&out, strings.NewReader(in), train.ExportConfig{Digits: 1})
		if err != nil || n != want || strings.Count(out.String(), "\n") != want {
			t.Errorf("%s: %d lines, %v; want %d", position, n, err, want)
		}
	}
}

// With Answers, a state is written as often as answers pass through it.
func TestExportByAnswers(t *testing.T) {
	state := func(position, text string, count, k, n int) construct.State {
		return construct.State{ID: "a", Position: position, Question: "6 * 7?", Text: text, Count: count, K: k, N: n, Confidence: float64(k) / float64(n)}
	}
	all := []construct.State{
		state("p(0)", "", 0, 8, 10),
		state("p(1)", "6 * 7 is 42.", 8, 20, 21),
		state("p(1)", "6 * 7 is 41.", 2, 0, 2),
		state("p(2)", "6 * 7 is 42.\n\nSo:", 0, 9, 10), // of a branch
		state("p(z)", "6 * 7 is 42.\n\n#### 42", 8, 1, 1),
		state("p(z)", "6 * 7 is 41.\n\n#### 41", 2, 0, 1),
	}
	for i := range all {
		all[i].State = i
	}
	const seeds, answers = 500, 3
	written := map[string]float64{}
	for seed := range uint64(seeds) {
		for _, l := range export(t, lines(t, all...), train.ExportConfig{Digits: 1, Answers: answers, Seed: seed}) {
			written[l.Position+fmt.Sprintf(" %d/%d", l.K, l.N)] += 1. / seeds
		}
	}
	for at, want := range map[string]float64{"p(0) 8/10": 1, "p(1) 20/21": 2.4, "p(1) 0/2": 0.6, "p(2) 9/10": 0, "p(z) 1/1": 2.4, "p(z) 0/1": 0.6} {
		if math.Abs(written[at]-want) > 0.1 {
			t.Errorf("%s is written %.2f times, want %.2f", at, written[at], want)
		}
	}
	for name, in := range map[string]string{"no question": lines(t, all[1:]...), "another's": lines(t, states()[3], all[1])} {
		if _, err := train.Export(&bytes.Buffer{}, strings.NewReader(in), train.ExportConfig{Digits: 1, Answers: 1}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
