package trajectory

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// stream is an answer of two paragraphs. In the first one, how surprising the tokens are
// says nothing. In the second one they are the more surprising the less likely the answer
// is to be right.
func stream(rng *rand.Rand, truth float64, alternatives bool) string {
	var b strings.Builder
	n, style := 10+rng.IntN(20), rng.ExpFloat64()
	for i := range n {
		text, lp := " word", -rng.ExpFloat64()*style
		if i > n/2 {
			lp = -rng.ExpFloat64() * (1.1 - truth)
		}
		if i == n/2 {
			text = ".\\n\\n"
		}
		top := ""
		if alternatives {
			top = fmt.Sprintf(`{"token":"a","logprob":%v}`, lp*rng.Float64())
		}
		fmt.Fprintf(&b, `data: {"choices":[{"index":0,"delta":{"content":"%s"},"logprobs":{"content":[{"token":"%[1]s","logprob":%v,"top_logprobs":[%s]}]},"finish_reason":null}]}`+"\n\n", text, lp, top)
	}
	return b.String() + `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
}

// drawn returns labelled answers, two to each question.
func drawn(t *testing.T, seed uint64, questions int, alternatives bool) []Answer {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	var list []Answer
	for q := range questions {
		truth := rng.Float64()
		for range 2 {
			states, err := Observe(session.DefaultConfig(), []byte(stream(rng, truth, alternatives)))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, Answer{q, rng.Float64() < truth, states})
		}
	}
	return list
}

func TestObserveHasEachPositionOfTheAnswer(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	states, err := Observe(session.DefaultConfig(), []byte(stream(rng, 0.5, true)))
	if err != nil || len(states) != 2 {
		t.Fatalf("%d states, %v", len(states), err)
	}
	first, last := states[0], states[1]
	if first.Kind != position.Paragraph || last.Kind&position.End == 0 || !(0 < first.Tokens && first.Tokens < last.Tokens) {
		t.Errorf("%v at %d, %v at %d", first.Kind, first.Tokens, last.Kind, last.Tokens)
	}
	if got := math.Exp(last.Features[estimate.Tokens]); math.Abs(got-float64(last.Tokens)) > 1e-9 {
		t.Errorf("features of %v tokens at token %d", got, last.Tokens)
	}
	for name, input := range map[string]string{
		"no log-probabilities": `data: {"choices":[{"index":0,"delta":{"content":"word"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n",
		"nothing":              "",
		"only zeros":           strings.Repeat(`data: {"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":0}]},"finish_reason":null}]}`+"\n\n", 20) + "data: [DONE]\n\n",
	} {
		if states, err := Observe(session.DefaultConfig(), []byte(input)); err != nil || len(states) != 0 {
			t.Errorf("%s: %d states, %v", name, len(states), err)
		}
	}
	c := session.DefaultConfig()
	c.Positions.Every = 0
	if _, err := Observe(c, nil); err == nil {
		t.Error("a configuration that is wrong was taken")
	}
}

func TestAFitBeatsTheMeanOnAnswersOfItsOwnKind(t *testing.T) {
	answers := drawn(t, 1, 300, true)
	o := DefaultOptions()
	o.Resamples = 200
	m, r, err := Fit(answers, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Validate(); err != nil || m.Card.Labels != 600 || m.Card.Kinds != position.Paragraph|position.End || !r.Alternatives {
		t.Errorf("%v, %+v", err, m.Card)
	}
	if !(m.Card.Low > 0 && m.Card.Low < 0.3 && m.Card.High > 0.7 && m.Card.High < 1) {
		t.Errorf("range %v to %v", m.Card.Low, m.Card.High)
	}
	end := r.Parts[0]
	if end.Part != "end" || end.Answers != 600 || !(end.AUROC.Low < end.AUROC.Value && end.AUROC.Value < end.AUROC.High) {
		t.Errorf("%+v", end)
	}
	// The reported figures agree with those of other answers.
	var auroc [2]float64
	other := drawn(t, 2, 1000, true)
	for i, value := range []func(*State) float64{
		func(s *State) float64 { return m.Confidence(estimate.WholeText, &s.Features) },
		func(s *State) float64 { return -s.Features[estimate.Mean] },
	} {
		auroc[i] = ranked(other, value)
	}
	if !(math.Abs(auroc[0]-end.AUROC.Value) < 0.05) || !(auroc[0] > auroc[1]) {
		t.Errorf("AUROC %.3f (mean %.3f) of other answers, reported %.3f", auroc[0], auroc[1], end.AUROC.Value)
	}
	// The same seed gives the same file.
	again, r2, err := Fit(answers, o)
	if err != nil || string(calibration.AppendTrajectory(nil, again, nil)) != string(calibration.AppendTrajectory(nil, m, nil)) || !reflect.DeepEqual(r2, r) {
		t.Errorf("another model of the same answers: %v", err)
	}
	// Without a report it is the same model.
	plain, err := Learn(answers, o)
	if err != nil || !reflect.DeepEqual(plain.Parts, m.Parts) || plain.Card.Low != m.Card.Low || len(plain.Card.Figures) > 0 || len(m.Card.Figures) == 0 {
		t.Errorf("%v, %+v", err, plain)
	}
	// The file gives the same model.
	read, _, err := calibration.ParseTrajectory(calibration.AppendTrajectory(nil, m, nil))
	if err != nil || read.Confidence(0, &other[0].States[0].Features) != m.Confidence(0, &other[0].States[0].Features) {
		t.Error(err)
	}
}

// ranked returns the share of pairs of a right and a wrong answer in which the right one has
// the higher value.
func ranked(answers []Answer, value func(*State) float64) float64 {
	var right, wrong []float64
	for i := range answers {
		v := value(&answers[i].States[len(answers[i].States)-1])
		if answers[i].Correct {
			right = append(right, v)
		} else {
			wrong = append(wrong, v)
		}
	}
	won := 0
	for _, r := range right {
		for _, w := range wrong {
			if r > w {
				won++
			}
		}
	}
	return float64(won) / float64(len(right)*len(wrong))
}

// TestCoinTossesTeachNothing checks that random labels give an AUROC of about 50%, although a
// question has five equal answers: all answers to a question are in one fold.
func TestCoinTossesTeachNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var answers []Answer
	for q := range 200 {
		states, err := Observe(session.DefaultConfig(), []byte(stream(rng, 0.5, true)))
		if err != nil {
			t.Fatal(err)
		}
		correct := rng.IntN(2) == 0
		for range 5 { // a question in two folds would be recognised
			answers = append(answers, Answer{q, correct, states})
		}
	}
	o := DefaultOptions()
	o.Resamples = 50
	_, r, err := Fit(answers, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Parts {
		if p.AUROC.Value > 0.62 || p.NLL.Value < math.Ln2-0.01 {
			t.Errorf("%s: AUROC %v, NLL %v of coin tosses", p.Part, p.AUROC.Value, p.NLL.Value)
		}
	}
}

func TestAFitWithoutAlternativesNeedsNone(t *testing.T) {
	answers := drawn(t, 3, 60, false)
	o := DefaultOptions()
	o.Resamples = 20
	m, r, err := Fit(answers, o)
	if err != nil || r.Alternatives || m.OfAlternatives() || slices.Contains(m.Features, estimate.Entropy) {
		t.Errorf("%v, %v", m.Features, err)
	}
}

func TestAPartWithoutAnswersIsNotCovered(t *testing.T) {
	answers := drawn(t, 4, 100, true)
	for i := range answers { // whole answers alone
		answers[i].States = answers[i].States[len(answers[i].States)-1:]
	}
	o := DefaultOptions()
	o.Resamples = 20
	m, r, err := Fit(answers, o)
	if err != nil || len(r.Parts) != 1 || m.Card.Kinds&position.Paragraph != 0 || m.Parts[estimate.EarlyText].N != 0 || m.Validate() != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if _, _, err := Fit(answers[:Least-1], o); !errors.Is(err, ErrFew) {
		t.Error(err)
	}
	if _, _, err := Fit(answers, Options{}); err == nil || !strings.Contains(err.Error(), "folds") {
		t.Error(err)
	}
	for i := range answers {
		answers[i].Correct = true
	}
	if _, _, err := Fit(answers, o); err == nil || !strings.Contains(err.Error(), "all outcomes are correct") {
		t.Error(err)
	}
}
