package grade_test

import (
	"testing"

	"github.com/finece/finece/host/grade"
)

func TestIsNumber(t *testing.T) {
	for s, want := range map[string]bool{
		"18": true, " 18. ": true, "-3.5": true, "−3": true, "$1,234": true, "3 1/2": true, "½": true, "40%": true, "1 234 567": true, "+.5": true,
		"": false, "-": false, "18 apples": false, "May 18": false, "1/0": false, "1,5": false, "B": false, "18-20": false,
	} {
		if got := grade.IsNumber(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
