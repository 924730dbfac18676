package estimate

import (
	"math"
	"testing"
)

func TestWhichLogprobsAreBelieved(t *testing.T) {
	type token struct {
		lp     float64
		top    []float64
		listed bool
	}
	times := func(n int, one token) (tokens []token) {
		for range n {
			tokens = append(tokens, one)
		}
		return tokens
	}
	zero := token{lp: 0}
	for _, c := range []struct {
		name   string
		tokens []token
		want   bool
	}{
		{"no token", nil, true},
		{"seven zeros", times(7, zero), true},
		{"eight zeros", times(8, zero), false},
		{"a thousand zeros", times(1000, zero), false},
		{"eight negative zeros", times(8, token{lp: math.Copysign(0, -1)}), false},
		{"eight zeros and more than 0", times(8, token{lp: 0.5}), false},
		{"eight unknown", times(8, token{lp: math.NaN()}), true},
		{"seven zeros and one unknown", append(times(7, zero), token{lp: math.NaN()}), true},
		{"seven zeros, one unknown, one zero", append(times(7, zero), token{lp: math.NaN()}, zero), false},
		{"zeros after a real one", append([]token{{lp: -1e-9}}, times(100, zero)...), true},
		{"zeros before a real one", append(times(100, zero), token{lp: -1e-9}), true},
		{"zeros and marks for what was ruled out", append(times(8, zero), token{lp: -9999}), false},
		{"zeros with alternatives", times(8, token{0, []float64{0, -17}, true}), true},
		{"zeros with one alternative once", append(times(20, zero), token{0, []float64{-17}, false}), true},
		{"only the token itself is listed", times(8, token{0, []float64{0}, true}), false},
		{"alternatives that were ruled out", times(8, token{0, []float64{0, -9999, math.Inf(-1)}, true}), false},
		{"an alternative of -100", times(8, token{0, []float64{0, -100}, true}), true},
		{"alternatives of an unknown token", append(times(8, zero), token{math.NaN(), []float64{-2}, false}), true},
	} {
		var p Plausible
		for _, token := range c.tokens {
			p.Token(token.lp, token.top, token.listed)
		}
		if got := p.Believed(); got != c.want {
			t.Errorf("%s: believed %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWhichValuesArePlausible(t *testing.T) {
	for lp, want := range map[float64]bool{
		0: true, -0.5: true, -100: true, 0.001: true,
		0.0011: false, 3.5: false, -100.1: false, -120: false, -9999: false, math.Inf(-1): false, math.Inf(1): false,
	} {
		if IsPlausible(lp) != want {
			t.Errorf("%v: plausible %v", lp, !want)
		}
	}
	if IsPlausible(math.NaN()) {
		t.Error("NaN is plausible")
	}
}
