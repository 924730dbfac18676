package tree_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host/cmd/finece/internal/tree"
)

var half = bci.Params{Alpha: 0.5, Depth: 1, Width: 2}

func TestFuse(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		params         bci.Params
	}{
		// 0.5*0.2 + 0.5*0.5 = 0.35, 0.5*0.5 + 0.5*0.9 = 0.7.
		{"a path", `[0.2, 0.5,0.9]`, `[0.35,0.7,0.9]`, half},
		{"a gap in a path is skipped", `[0.25,null,0.75]`, `[0.5,null,0.75]`, half},
		{"an empty path", `[]`, `[]`, half},
		{"depth 0 changes nothing", `[0.25,0.75]`, `[0.25,0.75]`, bci.Params{Alpha: 0.5, Width: 1}},
		{"a tree", `{"conf":0.25,"next":[{"conf":0.5},{"conf":1}]}`,
			`{"conf":0.25,"next":[{"conf":0.5,"fused":0.5},{"conf":1,"fused":1}],"fused":0.5}`, half},
		{"width takes the first children", `{"conf":0.25,"next":[{"conf":0.75},{"conf":1},{"conf":0}]}`,
			`{"conf":0.25,"next":[{"conf":0.75,"fused":0.75},{"conf":1,"fused":1},{"conf":0,"fused":0}],"fused":0.5}`, bci.Params{Alpha: 0.5, Depth: 1, Width: 1}},
		{"what else is there is kept", "{ \"next\" : [ {\"z\":[{}],\n\"conf\":1e0 } ] , \"a\\u0062\":\"\\u00e9\", \"conf\" : 0.50 }",
			"{ \"next\" : [ {\"z\":[{}],\n\"conf\":1e0,\"fused\":1 } ] , \"a\\u0062\":\"\\u00e9\", \"conf\" : 0.50,\"fused\":0.75 }", half},
		{"old values are replaced", `{"fused":9,"conf":0.5,"next":[{"conf":1,"fused":null}]}`,
			`{"fused":0.75,"conf":0.5,"next":[{"conf":1,"fused":1}]}`, half},
		{"no children", `{"conf":0.5,"next":null}` + "\n" + `{"conf":null,"next":[]}`,
			`{"conf":0.5,"next":null,"fused":0.5}` + "\n" + `{"conf":null,"next":[],"fused":null}`, half},
		{"several values", "[0.5]\n[1]", "[0.5]\n[1]", half},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := tree.Fuse(nil, []byte(c.in), c.params)
			if err != nil || string(got) != c.want+"\n" {
				t.Errorf("%v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

func TestErrorsNameTheNode(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`[0.2,1.5]`, `$[1] (byte 5): want a number from 0 to 1, or null where it is missing, not "1.5"`},
		{`[0.2,"high"]`, `$[1] (byte 5): want a number from 0 to 1`},
		{`[0.2,NaN]`, `$[1] (byte 5): want a value, not "NaN]"`},
		{`[0.2 0.3]`, `$[1] (byte 5): want a comma`},
		{`[0.2,`, `$[1] (byte 5): want a value, but the input ends here`},
		{`[0.2,]`, `$[1] (byte 5): want a value`},
		{`{"conf":0.2,"next":[{"conf":0.5},{"conf":-0.1}]}`, `$.next[1].conf (byte 41): want a number`},
		{`{"conf":1e999}`, `$.conf (byte 8): want a number`},
		{`{"conf":0.2,"next":[{"conf":0.5,"next":[{"x":1}]}]}`, `$.next[0].next[0] (byte 46): no "conf"`},
		{`{"conf":0.2,"next":[0.5]}`, `$.next[0] (byte 20): want a node`},
		{`{"conf":0.2,"next":{}}`, `$.next (byte 21): want an array`},
		{`{"conf":0.2,"conf":0.3}`, `two "conf"`},
		{`{"conf":0.2,"next":[],"next":[]}`, `two "next"`},
		{`{"conf":0.2,"next":[{"conf":0.5}`, `$.next (byte 32): want a comma or the end of the array, but the input ends here`},
		{`{"conf":0.2,"x":[1,}`, `$.x (byte 19): want a value`},
		{`{"conf":0.2,"x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`, `want at most 512 nested arrays and objects`},
		{`{"conf":0.2} x`, `$ (byte 13): want a path`},
		{``, `$ (byte 0): want a path such as`},
		{`0.5`, `$ (byte 0): want a path`},
		{"\xff\xfe", `want a path`},
	} {
		if _, err := tree.Fuse(nil, []byte(c.in), half); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s\n got %v\nwant %s", c.in, err, c.want)
		}
	}
}

func TestAMillionLevels(t *testing.T) {
	const n = 1_000_000
	deep := strings.Repeat(`{"conf":0.5,"next":[`, n) + `{"conf":1}` + strings.Repeat(`]}`, n)
	got, err := tree.Fuse(nil, []byte(deep), bci.Params{Alpha: 0, Depth: 3 * n, Width: 1})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(got), `"fused":1`) != n+1 {
		t.Errorf("%d of %d nodes have the endpoint's confidence", strings.Count(string(got), `"fused":1`), n+1)
	}
	_, err = tree.Fuse(nil, []byte(deep[:len(`{"conf":0.5,"next":[`)*n]+`{"conf":2}`), half)
	if err == nil || len(err.Error()) > 300 || !strings.Contains(err.Error(), "(999992 more)") {
		t.Errorf("%v", err)
	}
}

// TestRandomTrees compares with a recursive walk of what encoding/json decodes.
func TestRandomTrees(t *testing.T) {
	type node struct {
		Conf  *float64 `json:"conf"`
		Fused *float64 `json:"fused,omitempty"`
		Next  []*node  `json:"next,omitempty"`
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var grow func(depth int) *node
	grow = func(depth int) *node {
		v := rng.Float64()
		n := &node{Conf: &v}
		for depth > 0 && rng.IntN(3) > 0 && len(n.Next) < 4 {
			n.Next = append(n.Next, grow(depth-1))
		}
		return n
	}
	var fused func(n *node, p bci.Params, steps int) float64
	fused = func(n *node, p bci.Params, steps int) float64 {
		if steps == 0 || len(n.Next) == 0 {
			return *n.Conf
		}
		sum, width := 0.0, min(p.Width, len(n.Next))
		for _, c := range n.Next[:width] {
			sum += fused(c, p, steps-1)
		}
		return p.Alpha**n.Conf + (1-p.Alpha)*sum/float64(width)
	}
	for range 200 {
		p := bci.Params{Alpha: rng.Float64(), Depth: 1 + rng.IntN(5), Width: 1 + rng.IntN(3)}
		in, _ := json.Marshal(grow(5))
		out, err := tree.Fuse(nil, in, p)
		if err != nil {
			t.Fatal(err)
		}
		var got node
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		var check func(n *node, path string)
		check = func(n *node, path string) {
			if want := fused(n, p, p.Depth); n.Fused == nil || fmt.Sprintf("%.12f", *n.Fused) != fmt.Sprintf("%.12f", want) {
				t.Fatalf("%s: %v, want %v", path, n.Fused, want)
			}
			for i, c := range n.Next {
				check(c, fmt.Sprintf("%s.next[%d]", path, i))
			}
		}
		check(&got, "$")
	}
}
