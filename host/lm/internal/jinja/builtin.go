package jinja

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// functions are the functions that a template can call.
var functions = map[string]func(*evaluator, arguments) any{
	"namespace": func(e *evaluator, a arguments) any {
		n := &namespace{map[string]any{}}
		for name, v := range a.named {
			n.names[name] = v
		}
		return n
	},
	"raise_exception": func(e *evaluator, a arguments) any {
		fail("the template says: %s", a.text(0, "message"))
		return nil
	},
	"range": func(e *evaluator, a arguments) any {
		begin, end, stride := 0, integer(a.at(0, "stop", undefined{})), integer(a.at(2, "step", 1))
		if len(a.list) > 1 {
			begin, end = end, integer(a.list[1])
		}
		if stride == 0 {
			fail("range with the step 0")
		}
		list := []any{}
		for ; begin < end && stride > 0 || begin > end && stride < 0; begin += stride {
			e.spend(step)
			list = append(list, begin)
		}
		return list
	},
}

func integer(v any) int {
	i, ok := v.(int)
	if !ok {
		fail("%s is not an integer", kind(v))
	}
	return i
}

// IsSpace reports whether Python's strip removes a character.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// strip removes characters at the ends: those of the argument, or white space.
func (e *evaluator) strip(s string, a arguments, left, right bool) string {
	remove := IsSpace
	if chars := a.at(0, "chars", nil); chars != nil {
		set := e.text(chars)
		e.spend(len(set))
		remove = func(r rune) bool {
			e.spend(len(set))
			return strings.ContainsRune(set, r)
		}
	}
	e.spend(len(s))
	if left {
		s = strings.TrimLeftFunc(s, remove)
	}
	if right {
		s = strings.TrimRightFunc(s, remove)
	}
	return s
}

// method calls a method of a string or a dictionary.
func (e *evaluator) method(of any, name string, a arguments) any {
	switch of := of.(type) {
	case string:
		if m, ok := methods[name]; ok {
			return m(e, of, a)
		}
	case Dict:
		switch name {
		case "get":
			if v := of.get(a.text(0, "key")); !isUndefined(v) {
				return v
			}
			return a.at(1, "default", nil)
		case "items":
			return e.pairs(of)
		case "keys":
			return e.items(of)
		case "values":
			e.spend(step * len(of))
			list := make([]any, len(of))
			for i, f := range of {
				list[i] = f.Value
			}
			return list
		}
	case undefined:
		fail("%s is undefined", of.name)
	}
	fail("the method %s of %s is not supported", name, kind(of))
	return nil
}

func isUndefined(v any) bool { _, ok := v.(undefined); return ok }

func (e *evaluator) pairs(d Dict) []any {
	e.spend(4 * step * len(d))
	list := make([]any, len(d))
	for i, f := range d {
		list[i] = []any{f.Name, f.Value}
	}
	return list
}

// methods are the methods of strings.
var methods = map[string]func(*evaluator, string, arguments) any{
	"strip":      func(e *evaluator, s string, a arguments) any { return e.strip(s, a, true, true) },
	"lstrip":     func(e *evaluator, s string, a arguments) any { return e.strip(s, a, true, false) },
	"rstrip":     func(e *evaluator, s string, a arguments) any { return e.strip(s, a, false, true) },
	"upper":      func(e *evaluator, s string, a arguments) any { return e.mapped(s, strings.ToUpper) },
	"lower":      func(e *evaluator, s string, a arguments) any { return e.mapped(s, strings.ToLower) },
	"title":      func(e *evaluator, s string, a arguments) any { return e.mapped(s, title) },
	"capitalize": func(e *evaluator, s string, a arguments) any { return e.mapped(s, capitalized) },
	"startswith": func(e *evaluator, s string, a arguments) any { return strings.HasPrefix(s, a.text(0, "prefix")) },
	"endswith":   func(e *evaluator, s string, a arguments) any { return strings.HasSuffix(s, a.text(0, "suffix")) },
	"replace":    (*evaluator).replace,
	"split": func(e *evaluator, s string, a arguments) any {
		by := a.at(0, "sep", nil)
		most := integer(a.at(1, "maxsplit", -1))
		var parts []string
		switch {
		case by == nil && most < 0:
			e.spend(step * (1 + len(s)/2))
			parts = strings.FieldsFunc(s, IsSpace)
		case by == nil:
			fail("split at white space with maxsplit is not supported")
		default:
			separator, ok := by.(string)
			if !ok || separator == "" {
				fail("split at %s", kind(by))
			}
			e.spend(len(s) + step*(1+strings.Count(s, separator)))
			if most >= 0 {
				most++
			}
			parts = strings.SplitN(s, separator, most)
		}
		list := make([]any, len(parts))
		for i, p := range parts {
			list[i] = p
		}
		return list
	},
}

// mapped returns a string with other characters. Those of one character take at most three
// times its bytes.
func (e *evaluator) mapped(s string, change func(string) string) string {
	e.spend(3 * len(s))
	return change(s)
}

func capitalized(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + strings.ToLower(s[n:])
}

// title begins each word with a capital.
func title(s string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		was := inside
		inside = unicode.IsLetter(r)
		switch {
		case was:
			return unicode.ToLower(r)
		case inside:
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

func (e *evaluator) replace(s string, a arguments) any {
	before, after := a.text(0, "old"), a.text(1, "new")
	most := -1
	if n := a.at(2, "count", nil); n != nil {
		most = integer(n)
	}
	found := strings.Count(s, before)
	if most >= 0 {
		found = min(found, most)
	}
	e.spend(len(s))
	e.spend(found * (1 + len(after))) // before it is made
	return strings.Replace(s, before, after, most)
}

// filters are the filters. The argument before a filter is the value v.
var filters map[string]func(e *evaluator, v any, a arguments) any

func init() { // map refers to them
	ofText := func(m func(*evaluator, string, arguments) any) func(*evaluator, any, arguments) any {
		return func(e *evaluator, v any, a arguments) any { return m(e, e.text(v), a) }
	}
	filters = map[string]func(*evaluator, any, arguments) any{
		"trim": ofText(methods["strip"]), "upper": ofText(methods["upper"]), "lower": ofText(methods["lower"]), "title": ofText(methods["title"]),
		"capitalize": ofText(methods["capitalize"]), "replace": ofText(methods["replace"]),
		"string": func(e *evaluator, v any, a arguments) any { return e.text(v) },
		"safe":   func(e *evaluator, v any, a arguments) any { return e.text(v) },
		"length": length, "count": length, "default": byDefault, "d": byDefault,
		"list":  func(e *evaluator, v any, a arguments) any { return e.items(v) },
		"first": func(e *evaluator, v any, a arguments) any { return e.item(any(e.items(v)), 0) },
		"last":  func(e *evaluator, v any, a arguments) any { return e.item(any(e.items(v)), -1) },
		"reverse": func(e *evaluator, v any, a arguments) any {
			back := -1
			return e.slice(v, nil, nil, &back)
		},
		"int": func(e *evaluator, v any, a arguments) any {
			switch v := v.(type) {
			case int:
				return v
			case string:
				if i, err := strconv.Atoi(strings.TrimFunc(v, IsSpace)); err == nil {
					return i
				}
			case float64:
				if v > -1e15 && v < 1e15 {
					return int(v)
				}
			}
			return a.at(0, "default", 0)
		},
		"items": func(e *evaluator, v any, a arguments) any {
			d, ok := v.(Dict)
			if !ok {
				fail("items of %s", kind(v))
			}
			return e.pairs(d)
		},
		"join": func(e *evaluator, v any, a arguments) any {
			if name := a.at(1, "attribute", nil); name != nil {
				v = e.attributes(v, name)
			}
			between := e.text(a.at(0, "d", ""))
			var parts []string
			for _, item := range e.items(v) {
				parts = append(parts, e.text(item))
				e.spend(len(parts[len(parts)-1]) + len(between))
			}
			return strings.Join(parts, between)
		},
		"map": func(e *evaluator, v any, a arguments) any {
			if name := a.at(1<<30, "attribute", nil); name != nil {
				return e.attributes(v, name)
			}
			name := a.text(0, "filter")
			filter, ok := filters[name]
			if !ok {
				fail("the filter %s is not supported", name)
			}
			list := []any{}
			for _, item := range e.items(v) {
				e.spend(step)
				list = append(list, filter(e, item, arguments{list: a.list[1:]}))
			}
			return list
		},
		"selectattr": func(e *evaluator, v any, a arguments) any { return e.selected(v, a, true) },
		"rejectattr": func(e *evaluator, v any, a arguments) any { return e.selected(v, a, false) },
	}
}

func length(e *evaluator, v any, a arguments) any {
	switch v := v.(type) {
	case string:
		e.spend(len(v))
		return utf8.RuneCountInString(v)
	case []any:
		return len(v)
	case Dict:
		return len(v)
	case undefined:
		return 0
	}
	fail("the length of %s", kind(v))
	return nil
}

func byDefault(e *evaluator, v any, a arguments) any {
	if isUndefined(v) || truth(a.at(1, "boolean", false)) && !truth(v) {
		return a.at(0, "default_value", "")
	}
	return v
}

// attributes returns an attribute of each item.
func (e *evaluator) attributes(of, name any) []any {
	list := []any{}
	for _, item := range e.items(of) {
		e.spend(step)
		list = append(list, attribute(item, e.text(name)))
	}
	return list
}

// selected returns the items with an attribute for which a test is as wanted.
func (e *evaluator) selected(of any, a arguments, want bool) []any {
	name := a.text(0, "attribute")
	list := []any{}
	for _, item := range e.items(of) {
		e.spend(step)
		v := attribute(item, name)
		holds := truth(v)
		if len(a.list) > 1 {
			holds = e.test(a.text(1, "test"), v, arguments{list: a.list[2:]})
		}
		if holds == want {
			list = append(list, item)
		}
	}
	return list
}

// test computes "v is name".
func (e *evaluator) test(name string, v any, a arguments) bool {
	other := func() any {
		if len(a.list) == 0 {
			fail("the test %s has nothing to compare with", name)
		}
		return a.list[0]
	}
	switch name {
	case "defined":
		return !isUndefined(v)
	case "undefined":
		return isUndefined(v)
	case "none", "None":
		return v == nil
	case "true", "True":
		b, ok := v.(bool)
		return ok && b
	case "false", "False":
		b, ok := v.(bool)
		return ok && !b
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "string":
		_, ok := v.(string)
		return ok
	case "integer":
		_, ok := v.(int)
		return ok
	case "float":
		_, ok := v.(float64)
		return ok
	case "number":
		switch v.(type) {
		case bool, int, float64:
			return true
		}
		return false
	case "mapping":
		_, ok := v.(Dict)
		return ok
	case "iterable", "sequence":
		switch v.(type) {
		case string, []any, Dict, undefined:
			return true
		}
		return false
	case "callable":
		_, ok := v.(function)
		return ok
	case "odd":
		return integer(v)%2 != 0
	case "even":
		return integer(v)%2 == 0
	case "in":
		return e.contains(other(), v)
	case "equalto", "eq", "==":
		return e.equal(v, other(), 0)
	case "ne", "!=":
		return !e.equal(v, other(), 0)
	}
	fail("the test %s is not supported", name)
	return false
}

// contains computes "v in whole".
func (e *evaluator) contains(whole, v any) bool {
	switch whole := whole.(type) {
	case undefined:
		return false
	case string:
		part, ok := v.(string)
		if !ok {
			fail("%s in a string", kind(v))
		}
		e.spend(len(whole))
		return strings.Contains(whole, part)
	case []any:
		for _, item := range whole {
			if e.equal(item, v, 0) {
				return true
			}
		}
		return false
	case Dict:
		name, ok := v.(string)
		return ok && !isUndefined(whole.get(name))
	}
	fail("in %s", kind(whole))
	return false
}
