package construct_test

import (
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/position"
)

func TestVocabulary(t *testing.T) {
	texts := []string{"Add 3 and 4.", "add 3", "multiply 7"}
	v := construct.NewVocabulary(texts)
	all, _ := construct.TFIDF{}.Vectors(t.Context(), texts)
	back, err := construct.LoadVocabulary(v.Terms, v.Weight)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		for _, got := range [][]float64{v.Vector(text), back.Vector(text)} {
			if d := construct.CosineDistance(got, all[i]); d > 1e-15 {
				t.Errorf("%q: distance %v", text, d)
			}
		}
	}
	if d := construct.CosineDistance(v.Vector("unknown words"), all[0]); d != 1 {
		t.Errorf("no known word is at distance %v", d)
	}
	if _, err := construct.LoadVocabulary([]string{"a", "a"}, []float64{1, 1}); err == nil {
		t.Error("a term can be there twice")
	}
	if _, err := construct.LoadVocabulary([]string{"a"}, nil); err == nil {
		t.Error("a term needs no weight")
	}
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		text string
		kind string
		want []string
	}{
		{"", "paragraph", nil},
		{" \n", "paragraph", nil},
		{"one", "paragraph", []string{"one"}},
		{"one\n\ntwo\nmore\n\n", "paragraph", []string{"one", "one\n\ntwo\nmore"}},
		{"one\ntwo\n", "line", []string{"one", "one\ntwo"}},
	} {
		kind, err := position.ParseStrategy(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		ends, err := construct.Steps(c.text, kind, 1)
		if err != nil || len(ends) != len(c.want) {
			t.Errorf("%q: %v, %v", c.text, ends, err)
			continue
		}
		for i, end := range ends {
			if c.text[:end] != c.want[i] {
				t.Errorf("%q: step %d ends after %q", c.text, i, c.text[:end])
			}
		}
	}
	if _, err := construct.Steps("x", position.Entropy, 1); err == nil {
		t.Error("steps end where the entropy is high")
	}
}
