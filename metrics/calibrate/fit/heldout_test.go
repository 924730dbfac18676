package fit

import "testing"

// Nine in ten right answers have confidences of 0.9; wrong answers have 0.5. A threshold for
// alpha 0.2 stops the other right answers and every wrong one, at the second step.
func TestStopHeldOut(t *testing.T) {
	var list []Path
	for q := range 100 {
		right := Path{Group: q, Correct: true, Confidence: []float64{0.95, 0.9}, At: []int64{10, 20}, Tokens: 40}
		if q%10 == 0 {
			right.Confidence[1] = 0.4
		}
		list = append(list, right, Path{Group: q, Confidence: []float64{0.95, 0.5}, At: []int64{10, 20}, Tokens: 50})
	}
	if n := len(RightPaths(list, 1)); n != 100 {
		t.Fatalf("%d right paths, want one of each question", n)
	}
	right, wrong, err := StopHeldOut(list, 0.2, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(right.Stopped) != 100 || len(wrong.Stopped) != 100 || len(right.Groups) != 100 {
		t.Fatalf("%d right and %d wrong answers", len(right.Stopped), len(wrong.Stopped))
	}
	if right.Count() != 10 || right.Saved != 10*20 || right.Tokens != 100*40 {
		t.Errorf("right: %d stopped, %d of %d tokens saved", right.Count(), right.Saved, right.Tokens)
	}
	if wrong.Count() != 100 || wrong.Saved != 100*30 || wrong.Tokens != 100*50 {
		t.Errorf("wrong: %d stopped, %d of %d tokens saved", wrong.Count(), wrong.Saved, wrong.Tokens)
	}
	if _, _, err := StopHeldOut(list, 1, 5, 1); err == nil {
		t.Error("alpha 1 is no error")
	}
}
