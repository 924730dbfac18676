package jinja

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
)

// golden is what testdata/make.py wrote.
type golden struct {
	Variables map[string]any
	Cases     []struct {
		Template string
		Text     *string // nil for an error
	}
}

func read(t testing.TB) golden {
	t.Helper()
	file, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(file, &g); err != nil {
		t.Fatal(err)
	}
	messages := g.Variables["messages"].([]any)
	for i, m := range messages { // JSON's objects are not ordered in Go
		m := m.(map[string]any)
		messages[i] = Dict{{"role", m["role"]}, {"content", m["content"]}}
	}
	return g
}

// TestTextsAreThoseOfTransformers compares with what transformers made of the same templates.
func TestTextsAreThoseOfTransformers(t *testing.T) {
	g := read(t)
	for _, c := range g.Cases {
		text, err := render(c.Template, g.Variables)
		switch {
		case c.Text == nil && err == nil:
			t.Errorf("%q is %q, want an error", c.Template, text)
		case c.Text != nil && (err != nil || text != *c.Text):
			t.Errorf("%q is\n%q, want\n%q: %v", c.Template, text, *c.Text, err)
		}
	}
}

func render(source string, variables map[string]any) (string, error) {
	t, err := Parse(source)
	if err != nil {
		return "", err
	}
	return t.Render(variables, 100)
}

// TestWorkIsBounded runs templates that would loop for ever, or fill the memory.
func TestWorkIsBounded(t *testing.T) {
	loop := func(body string) string {
		return "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}" + body + strings.Repeat("{% endfor %}", 3)
	}
	double := func(set string) string { return "{% set n = namespace(x='aaaaaaaa') %}" + strings.Repeat(set, 100) }
	for name, source := range map[string]string{
		"a long list":         "{{ range(1000000000000) | length }}",
		"a list that wraps":   "{% for i in range(9223372036854775806, 9223372036854775807, 2) %}{% endfor %}",
		"an empty loop":       loop(""),
		"a loop of text":      loop("text"),
		"a loop of values":    loop("{{ messages[0].content }}"),
		"a condition":         "{% for a in range(100000000) if false %}{% endfor %}",
		"doubled text":        double("{% set n.x = n.x ~ n.x %}"),
		"doubled sum":         double("{% set n.x = n.x + n.x %}"),
		"a doubled list":      "{% set n = namespace(x=[1]) %}" + strings.Repeat("{% set n.x = n.x + n.x %}", 100),
		"a body":              double("{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}"),
		"replace":             double("{% set n.x = n.x | replace('a', n.x) %}"),
		"replace of nothing":  double("{% set n.x = n.x.replace('', n.x) %}"),
		"join":                double("{% set n.x = n.x | list | join(n.x) %}"),
		"split":               double("{% set n.x = n.x ~ n.x %}{% set y = n.x.split('a') %}"),
		"equal lists":         "{% set n = namespace(x=[1]) %}" + strings.Repeat("{% set n.x = [n.x, n.x] %}", 60) + "{{ n.x == n.x }}",
		"strip by characters": double("{% set n.x = n.x ~ n.x %}{% set y = n.x.strip(n.x) %}"),
	} {
		t.Run(name, func(t *testing.T) {
			g := read(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			text, err := render(source, g.Variables)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrWork) {
				t.Errorf("%.100q and %v", text, err)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > 100<<20 {
				t.Errorf("%d MB were allocated", made>>20)
			}
		})
	}
}

// TestTemplatesThatAreRefused checks what a template cannot do, and that the error names it.
func TestTemplatesThatAreRefused(t *testing.T) {
	deep := strings.Repeat("(", 10000) + "1" + strings.Repeat(")", 10000)
	for source, says := range map[string]string{
		"{% include '/etc/passwd' %}":          "line 1, before \"\": the statement include is not supported",
		"\n{% if a %}{% import 'x' as y %}":    "the statement import is not supported",
		"{% extends 'x' %}":                    "the statement extends is not supported",
		"{% filter upper %}a{% endfilter %}":   "the statement filter is not supported",
		"{% macro f() %}{% endmacro %}{{f()}}": "line 1 of the template: the function f is not supported",
		"a\n{{ messages | tojson }}":           "line 2 of the template: the filter tojson is not supported",
		"{{ 'a'.format(1) }}":                  "the method format of a string is not supported",
		"{{ messages.append(1) }}":             "the method append of a list is not supported",
		"{{ messages }}":                       "to print a list is not supported",
		"{{ namespace(a=1) }}":                 "to print a namespace is not supported",
		"{{ messages[::2] }}":                  "a slice with the step 2 is not supported",
		"{{ raise_exception('only users') }}":  "the template says: only users",
		"{{ who.name }}":                       "who is undefined",
		"{{ " + deep + " }}":                   "brackets are nested more than 64 deep",
		strings.Repeat("a", MaxSource+1):       "want 65536 at most",
		"{% set n = namespace(x=[1]) %}{% for i in range(100) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x == n.x }}": "a list is nested more than 64 deep",
	} {
		if text, err := render(source, read(t).Variables); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.100q is %q, %v: want %s", source, text, err, says)
		}
	}
	// A long expression is no deep one.
	if text, err := render("{{ 1"+strings.Repeat("+1", 30000)+" }}", nil); text != "30001" {
		t.Errorf("%q, %v", text, err)
	}
	// What is not reached is not an error.
	if text, err := render("{% if tools %}{{ tools | tojson }}{% endif %}a", read(t).Variables); text != "a" {
		t.Errorf("%q, %v", text, err)
	}
}

// FuzzTemplate checks that no template makes this package panic or run without end, and
// that texts stay within the bound.
func FuzzTemplate(f *testing.F) {
	g := read(f)
	for _, c := range g.Cases {
		f.Add(c.Template)
	}
	f.Fuzz(func(t *testing.T, source string) {
		text, err := render(source, g.Variables)
		if err == nil && len(text) > basic+64*100 {
			t.Errorf("%d bytes", len(text))
		}
	})
}
