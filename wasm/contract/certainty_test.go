package contract

import (
	"slices"
	"testing"
)

// Every source has cuts. Without a word, a certainty could only be shown as a number.
func TestEverySourceHasCuts(t *testing.T) {
	var want []string
	want = append(want, Methods.Texts()...)
	for _, e := range Estimators.Texts() {
		if e != "logprob" {
			want = append(want, e)
		}
	}
	for _, of := range want {
		if !slices.ContainsFunc(Cuts, func(c Cut) bool { return c.Of == of }) {
			t.Errorf("%s has no cuts", of)
		}
	}
	for _, c := range Cuts {
		if !slices.Contains(want, c.Of) || !(c.Medium > 0 && c.Medium <= c.High && c.High <= 1) || c.From == "" {
			t.Errorf("%+v", c)
		}
	}
}
