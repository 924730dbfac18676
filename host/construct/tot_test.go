package construct_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/metrics"
)

// recorded grades the answers of a recording as its authors did.
type recorded map[string]bool

func (recorded) Name() string                { return "recorded" }
func (recorded) Check(*grade.Question) error { return nil }
func (recorded) key(q, answer string) string { return q + "\x00" + answer }
func (r recorded) Grade(_ context.Context, q *grade.Question, answer string) (grade.Verdict, error) {
	right, known := r[r.key(q.Text, answer)]
	switch {
	case !known:
		return grade.Ungraded, fmt.Errorf("%q is not in the recording", answer)
	case right:
		return grade.Right, nil
	}
	return grade.Wrong, nil
}

// TestMonteCarloConfidenceOfGPT4 serves 100 Game of 24 puzzles with 100 samples of GPT-4 each.
// The Conf of a puzzle comes from samples 0 to 29, and is compared with the other 70. The
// expected figures were computed by another program.
func TestMonteCarloConfidenceOfGPT4(t *testing.T) {
	for _, c := range []struct {
		file       string
		ece, auroc float64
	}{{"cot", 0.011571, 0.852865}, {"io", 0.008190, 0.962497}} {
		var puzzles []struct {
			Idx   int
			Ys    []string
			Infos []struct{ R int }
			Accs  []bool
		}
		if err := json.NewDecoder(unpacked(t, "tot-samples/game24_gpt-4_"+c.file+"_100samples.json.gz")).Decode(&puzzles); err != nil {
			t.Fatal(err)
		}
		grader := recorded{}
		samples := map[string][]string{}
		var all []*grade.Question
		for _, p := range puzzles {
			q := &grade.Question{ID: fmt.Sprint(p.Idx), Text: fmt.Sprintf("puzzle %d", p.Idx)}
			all = append(all, q)
			samples[q.Text] = p.Ys
			for i, y := range p.Ys {
				grader[grader.key(q.Text, y)] = i < len(p.Infos) && p.Infos[i].R == 1 || i < len(p.Accs) && p.Accs[i]
			}
		}
		m := newLLM(t)
		m.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			var request struct {
				Messages []struct{ Content string }
				N        int
			}
			if json.NewDecoder(r.Body).Decode(&request) != nil {
				return false
			}
			var choices []any
			for _, y := range samples[request.Messages[0].Content][:request.N] {
				choices = append(choices, map[string]any{"index": len(choices), "message": map[string]string{"content": y}})
			}
			json.NewEncoder(w).Encode(map[string]any{"choices": choices})
			return true
		}
		conf := m.config(t, nil)
		conf.Plan, conf.Grader, conf.Complete = construct.Plan{K: 30}, grader, construct.OfNone
		var confidence []float64
		var correct []bool
		for _, r := range build(t, conf, all) {
			for _, y := range samples[r.Question.Text][30:] {
				confidence = append(confidence, r.States[0].Confidence)
				correct = append(correct, grader[grader.key(r.Question.Text, y)])
			}
		}
		bins := metrics.Binning{Rule: metrics.Netcal, Bins: 10} // closed on the left
		ece, err := metrics.ECE(confidence, correct, bins)
		if err != nil || math.Abs(ece-c.ece) > 5e-7 {
			t.Errorf("%s: ECE %.6f, %v, want %.6f", c.file, ece, err, c.ece)
		}
		auroc, err := metrics.AUROC(confidence, correct)
		if err != nil || math.Abs(auroc-c.auroc) > 5e-7 {
			t.Errorf("%s: AUROC %.6f, %v, want %.6f", c.file, auroc, err, c.auroc)
		}
	}
}
