package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

func TestFusePaths(t *testing.T) {
	const a, x, y, z = 0.7, 0.2, 0.5, 0.9
	for _, c := range []struct {
		name, in string
		args     []string
		want     []float64
	}{
		{"d=1", "[0.2,0.5,0.9]", []string{"--alpha", "0.7", "--depth", "1", "--width", "1"},
			[]float64{a*x + (1-a)*y, a*y + (1-a)*z, z}},
		{"d=2", "[0.2,0.5,0.9]", []string{"--alpha", "0.7", "--depth", "2", "--width", "1"},
			[]float64{a*x + (1-a)*(a*y+(1-a)*z), a*y + (1-a)*z, z}},
		{"d=0 integrates nothing", "[0.2,0.5,0.9]", []string{"--depth", "0"}, []float64{x, y, z}},
		{"w=0 integrates nothing", "[0.2,0.5,0.9]", []string{"--width", "0"}, []float64{x, y, z}},
		{"a=1 keeps every estimate", "[0.2,0.5,0.9]", []string{"--alpha", "1"}, []float64{x, y, z}},
		{"a=0 takes the endpoint's", "[0.2,0.5,0.9]", []string{"--alpha", "0", "--depth", "9"}, []float64{z, z, z}},
		{"nothing", "[]", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := finece(t, c.in, append([]string{"fuse"}, c.args...)...)
			r.wants(t, 0)
			var got []float64
			if err := json.Unmarshal([]byte(r.out), &got); err != nil {
				t.Fatalf("%s: %v", r.out, err)
			}
			if !near(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func near(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-12 {
			return false
		}
	}
	return true
}

func TestFuseTree(t *testing.T) {
	const in = `{"id": "root", "conf": 0.25, "next": [{"conf": 0.5, "text": "a"}, {"conf": 1, "next": []}, {"conf": 0.1}]}`
	r := finece(t, in, "fuse", "--alpha", "0.5", "--depth", "2", "--width", "2")
	r.wants(t, 0)
	const want = `{"id": "root", "conf": 0.25, "next": [{"conf": 0.5, "text": "a","fused":0.5}, {"conf": 1, "next": [],"fused":1}, {"conf": 0.1,"fused":0.1}],"fused":0.5}` + "\n"
	if r.out != want {
		t.Errorf("%s\nwant\n%s", r.out, want)
	}
	all := finece(t, in, "fuse", "--alpha", "0.5")
	all.wants(t, 0)
	var root struct{ Fused float64 }
	if err := json.Unmarshal([]byte(all.out), &root); err != nil || math.Abs(root.Fused-(0.5*0.25+0.5*(0.5+1+0.1)/3)) > 1e-12 {
		t.Errorf("without --width all children count: %v, %s", err, all.out)
	}
	if fromFile := finece(t, "", "fuse", "--alpha", "0.5", file(t, "tree.json", in)); fromFile != all {
		t.Errorf("from a file: %+v", fromFile)
	}
}

func TestFuseErrors(t *testing.T) {
	for _, c := range []struct {
		in   string
		args []string
		code int
		says string
	}{
		{"", nil, exit.Faults, "want a path such as"},
		{"[0.2,0.5", nil, exit.Faults, "standard input: $[2] (byte 8): want a comma or the end of the array"},
		{"[0.2,1.5]", nil, exit.Faults, "$[1] (byte 5): want a number from 0 to 1"},
		{"[0.2,NaN]", nil, exit.Faults, "$[1] (byte 5)"},
		{`["very sure"]`, nil, exit.Faults, "$[0] (byte 1)"},
		{`{"conf":0.5,"next":[{"text":"x"}]}`, nil, exit.Faults, `$.next[0] (byte 31): no "conf"`},
		{"\xff\xfe[", nil, exit.Faults, "byte 0"},
		{"[0.5]", []string{"--alpha", "1.5"}, exit.Usage, "want a number in [0,1]"},
		{"[0.5]", []string{"--alpha", "NaN"}, exit.Usage, "NaN"},
		{"[0.5]", []string{"--depth", "-1"}, exit.Usage, "-1"},
	} {
		t.Run(fmt.Sprintf("%.20q %v", c.in, c.args), func(t *testing.T) {
			r := finece(t, c.in, append([]string{"fuse"}, c.args...)...)
			r.wants(t, c.code, c.says)
			if r.out != "" {
				t.Errorf("it wrote %q", r.out)
			}
		})
	}
	// What came before is not lost.
	if r := finece(t, "[0.5]\n[2]", "fuse"); r.code != exit.Faults || r.out != "[0.5]\n" {
		t.Errorf("%+v", r)
	}
	deep := strings.Repeat(`{"conf":0.5,"next":[`, 100_000) + `{"conf":1}` + strings.Repeat("]}", 100_000)
	if r := finece(t, deep, "fuse"); r.code != 0 || strings.Count(r.out, `"fused"`) != 100_001 {
		t.Errorf("a deep tree: exit code %d, %.200s", r.code, r.err)
	}
}
