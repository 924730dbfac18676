package figures

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

var (
	whole    = Key{Kinds: "end", Estimator: "model", Map: "platt", Band: "late", Calibrated: true}
	question = Key{Kinds: "question", Estimator: "model", Map: "platt", Band: "question", Calibrated: true}
	raw      = Key{Kinds: "end", Estimator: "logprob", Method: "perplexity"}
)

func encoded(t *testing.T, s *Set) []byte {
	t.Helper()
	r, err := s.Reply()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRepliesOfSeveralGatewaysAddUp: the sum of several gateways' replies has the same bytes as
// the reply of one gateway with all labels, whether the accumulators are exact or folded.
func TestRepliesOfSeveralGatewaysAddUp(t *testing.T) {
	for _, labels := range []int{3, 500, 6000} {
		r := rand.New(rand.NewPCG(1, 2))
		var parts [3]Set
		var all Set
		for i := range labels {
			for _, k := range []Key{whole, question, raw} {
				p := r.Float64()
				correct := r.Float64() < p
				parts[i%3].Add(k, p, correct)
				all.Add(k, p, correct)
			}
		}
		var merged Set
		for i := range parts {
			parts[i].Answers, parts[i].Labels = 10, uint64(i)
			reply, err := Read(bytes.NewReader(encoded(t, &parts[i])))
			if err != nil {
				t.Fatal(err)
			}
			if err := merged.Merge(reply); err != nil {
				t.Fatal(err)
			}
		}
		all.Answers, all.Labels = 30, 3
		if got, want := encoded(t, &merged), encoded(t, &all); !bytes.Equal(got, want) {
			t.Errorf("%d labels:\n got %.600s\nwant %.600s", labels, got, want)
		}
	}
}

func TestWholeAnswersComeFirst(t *testing.T) {
	var s Set
	for _, k := range []Key{{Kinds: "paragraph"}, question, raw, whole} {
		s.Add(k, 0.5, true)
	}
	r, err := s.Reply()
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, g := range r.Groups {
		order = append(order, g.Kinds+" "+g.Estimator)
	}
	if got := strings.Join(order, ", "); got != "end model, end logprob, question model, paragraph " {
		t.Error(got)
	}
	if text := string(encoded(t, &s)); !strings.Contains(text, `"auroc":null`) {
		t.Errorf("the AUROC of one class is not null: %s", text)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, text := range []string{"", "[]", `{"version":2}`, `{"confidence":0.5,"correct":true}`} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "GET /finece/calibration") {
			t.Errorf("%q: %v", text, err)
		}
	}
	var s Set
	if err := s.Merge(&Reply{Groups: []Group{{Key: whole, Accumulator: []byte("FCM?")}}}); err == nil {
		t.Error("a broken accumulator is merged")
	}
}
