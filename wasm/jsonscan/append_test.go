package jsonscan

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
)

func TestAppendString(t *testing.T) {
	for _, text := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "é中😀 eight bytes and more", "\u2028</script>", "1234567\n"} {
		var back string
		b := AppendString([]byte("x"), []byte(text))
		if err := json.Unmarshal(b[1:], &back); err != nil || back != text || b[0] != 'x' {
			t.Errorf("%q was written as %s (%v)", text, b, err)
		}
	}
	if got := string(AppendString(nil, []byte("a\xE2\x80\n\xFF"))); got != `"a`+"\uFFFD"+`\n`+"\uFFFD"+`"` {
		t.Errorf("ill-formed UTF-8 was written as %s", got)
	}
}

func TestAppendFloat(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -0.5, 0.1, 1e21, 1e-7, 123456.789, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		want, _ := json.Marshal(f)
		b := AppendFloat(nil, f)
		back, err := strconv.ParseFloat(string(b), 64)
		if !json.Valid(b) || err != nil || math.Float64bits(back) != math.Float64bits(f) || len(b) > len(want)+1 {
			t.Errorf("%v was written as %s, by encoding/json as %s", f, b, want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := string(AppendFloat(nil, f)); got != "null" {
			t.Errorf("%v was written as %s", f, got)
		}
	}
}
