package members

import (
	"encoding/json"
	"testing"
)

func TestSet(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"members stay", `{"id":1,"n":12345678901234567890}`, `{"id":1,"n":12345678901234567890,"x":true}`},
		{"white space", ` {"a": "b" } `, `{"a": "b","x":true}`},
		{"no members", `{}`, `{"x":true}`},
		{"an old value is replaced", `{"x":0.5,"a":[1, {"x":2}],"b":"é"}`, `{"a":[1, {"x":2}],"b":"é","x":true}`},
		{"the only one is replaced", `{"x":0.5}`, `{"x":true}`},
		{"a member of an inner object stays", `{"a":{"x":2}}`, `{"a":{"x":2},"x":true}`},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "{\"a\":\"\uFFFD\",\"x\":true}"},
	} {
		got, err := Set([]byte(c.line), Member{"x", []byte("true")})
		if err != nil || string(got) != c.want || !json.Valid(got) {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestHas(t *testing.T) {
	for line, want := range map[string]string{
		`{"answer":"a"}`:          "",
		`{"answer":"\"x\" is 1"}`: "",
		`{"a":{"x":1}}`:           "",
		`{"x":null}`:              "x",
		`{"a":1, "y" : {}}`:       "y",
		`{"y":1,"x":2}`:           "x",
		`{"x":`:                   "",
		`["x"]`:                   "",
	} {
		if key, found := Has([]byte(line), "x", "y"); key != want || found != (want != "") {
			t.Errorf("%s: %q %v, want %q", line, key, found, want)
		}
	}
}

func TestGet(t *testing.T) {
	got := Get([]byte(`{"a":{"b":1}, "b": [2, 3] ,"\u0063":null,"b":"x"}`), "b", "c", "d")
	if string(got[0]) != `"x"` || string(got[1]) != "null" || got[2] != nil {
		t.Errorf("%q", got)
	}
	for _, line := range []string{"", "[]", `{"b":1`, `{"b":1} x`} {
		if got := Get([]byte(line), "b"); got[0] != nil {
			t.Errorf("%s: %q", line, got)
		}
	}
}

func TestSetSeveral(t *testing.T) {
	got, err := Set([]byte(`{"x":1,"a":2,"y":3}`), Member{"y", []byte("4")}, Member{"x", []byte("5")})
	if want := `{"a":2,"y":4,"x":5}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
