package jinja

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// eval computes an expression.
func (e *evaluator) eval(n nodes.Node) any {
	e.spend(step)
	switch n := n.(type) {
	case *nodes.String:
		return n.Val
	case *nodes.Integer:
		return n.Val
	case *nodes.Float:
		return n.Val
	case *nodes.Bool:
		return n.Val
	case *nodes.None:
		return nil
	case *nodes.Name:
		return e.name(n.Name.Val)
	case *nodes.List:
		return e.list(n.Val)
	case *nodes.Tuple:
		return e.list(n.Val)
	case *nodes.Dict:
		d := Dict{}
		for _, p := range n.Pairs {
			key, ok := e.eval(p.Key).(string)
			if !ok {
				fail("a key of a dictionary is not a string")
			}
			d = append(d, Field{key, e.eval(p.Value)})
		}
		return d
	case *nodes.GetAttribute:
		if n.Attribute == "" {
			return e.item(e.eval(n.Node), n.Index)
		}
		return attribute(e.eval(n.Node), n.Attribute)
	case *nodes.GetItem:
		if n.Arg == nil {
			fail("an index is missing")
		}
		return e.item(e.eval(n.Node), e.eval(n.Arg))
	case *nodes.GetSlice:
		return e.slice(e.eval(n.Node), e.bound(n.Start), e.bound(n.End), e.bound(n.Step))
	case *nodes.Negation:
		return !truth(e.eval(n.Term))
	case *nodes.UnaryExpression:
		return signed(e.eval(n.Term), n.Negative)
	case *nodes.BinaryExpression:
		return e.binary(n)
	case *nodes.FilteredExpression:
		v := e.eval(n.Expression)
		for _, f := range n.Filters {
			e.spend(step)
			filter, ok := filters[f.Name]
			if !ok {
				fail("the filter %s is not supported", f.Name)
			}
			v = filter(e, v, e.arguments(f.Args, f.Kwargs))
		}
		return v
	case *nodes.TestExpression:
		return e.test(n.Test.Name, e.eval(n.Expression), e.arguments(n.Test.Args, n.Test.Kwargs))
	case *nodes.Call:
		return e.call(n)
	}
	fail("an expression is missing or not supported")
	return nil
}

func (e *evaluator) name(name string) any {
	if v, ok := e.scope.get(name); ok {
		return v
	}
	if name == "none" {
		return nil
	}
	if _, ok := functions[name]; ok {
		return function(name)
	}
	return undefined{name}
}

func (e *evaluator) list(of []nodes.Expression) []any {
	list := make([]any, len(of))
	for i, n := range of {
		list[i] = e.eval(n)
	}
	return list
}

// arguments are those of a call.
type arguments struct {
	list  []any
	named map[string]any
}

func (e *evaluator) arguments(list []nodes.Expression, named map[string]nodes.Expression) arguments {
	a := arguments{list: e.list(list)}
	for name, n := range named {
		if a.named == nil {
			a.named = map[string]any{}
		}
		a.named[name] = e.eval(n)
	}
	return a
}

// at returns the argument with a place and a name, or without one a default.
func (a arguments) at(i int, name string, without any) any {
	if i < len(a.list) {
		return a.list[i]
	}
	if v, ok := a.named[name]; ok {
		return v
	}
	return without
}

func (a arguments) text(i int, name string) string {
	s, ok := a.at(i, name, undefined{}).(string)
	if !ok {
		fail("the argument %s is not a string", name)
	}
	return s
}

func (e *evaluator) call(n *nodes.Call) any {
	args := e.arguments(n.Args, n.Kwargs)
	switch f := n.Func.(type) {
	case *nodes.GetAttribute:
		if f.Attribute != "" {
			return e.method(e.eval(f.Node), f.Attribute, args)
		}
	case *nodes.Name:
		name, ok := e.name(f.Name.Val).(function)
		if !ok {
			fail("the function %s is not supported", f.Name.Val)
		}
		return functions[string(name)](e, args)
	}
	fail("a call of this expression is not supported")
	return nil
}

func attribute(of any, name string) any {
	switch of := of.(type) {
	case Dict:
		return of.get(name)
	case *namespace:
		if v, ok := of.names[name]; ok {
			return v
		}
	case undefined:
		fail("%s is undefined", of.name)
	}
	return undefined{name}
}

func (e *evaluator) item(of, key any) any {
	i, isInt := key.(int)
	switch of := of.(type) {
	case []any:
		if i, ok := within(i, len(of)); ok && isInt {
			return of[i]
		}
	case string:
		e.spend(len(of))
		if i, ok := within(i, utf8.RuneCountInString(of)); ok && isInt {
			return string([]rune(of)[i])
		}
	case Dict, *namespace, undefined:
		if name, ok := key.(string); ok {
			return attribute(of, name)
		}
		if u, ok := of.(undefined); ok {
			fail("%s is undefined", u.name)
		}
	}
	return undefined{}
}

// within counts a negative index from the end.
func within(i, length int) (int, bool) {
	if i < 0 {
		i += length
	}
	return i, i >= 0 && i < length
}

// bound computes a bound of a slice, or returns nil.
func (e *evaluator) bound(n nodes.Node) *int {
	if n == nil {
		return nil
	}
	v := e.eval(n)
	if v == nil {
		return nil
	}
	i, ok := v.(int)
	if !ok {
		fail("a bound of a slice is %s", kind(v))
	}
	return &i
}

// slice computes of[from:to:by].
func (e *evaluator) slice(of any, from, to, by *int) any {
	stride := 1
	if by != nil {
		stride = *by
	}
	if stride != 1 && stride != -1 {
		fail("a slice with the step %d is not supported", stride)
	}
	some := func(length int) (begin, end int) {
		clip := func(i *int, without, least, most int) int {
			if i == nil {
				return without
			}
			at := *i
			if at < 0 {
				at += length
			}
			return min(max(at, least), most)
		}
		if stride > 0 {
			return clip(from, 0, 0, length), clip(to, length, 0, length)
		}
		return clip(from, length-1, -1, length-1), clip(to, -1, -1, length-1)
	}
	switch of := of.(type) {
	case []any:
		begin, end := some(len(of))
		return strided(e, of, begin, end, stride)
	case string:
		e.spend(4 * len(of))
		runes := []rune(of)
		begin, end := some(len(runes))
		return string(strided(e, runes, begin, end, stride))
	}
	fail("a slice of %s", kind(of))
	return nil
}

func strided[T any](e *evaluator, of []T, begin, end, stride int) []T {
	list := []T{}
	for i := begin; (end-i)*stride > 0; i += stride {
		e.spend(step)
		list = append(list, of[i])
	}
	return list
}

func signed(v any, negative bool) any {
	sign := 1
	if negative {
		sign = -1
	}
	switch v := v.(type) {
	case int:
		return sign * v
	case float64:
		return float64(sign) * v
	}
	fail("a sign before %s", kind(v))
	return nil
}

func (e *evaluator) binary(n *nodes.BinaryExpression) any {
	left := e.eval(n.Left)
	switch n.Operator.Token.Type {
	case tokens.And:
		if !truth(left) {
			return left
		}
		return e.eval(n.Right)
	case tokens.Or:
		if truth(left) {
			return left
		}
		return e.eval(n.Right)
	}
	right := e.eval(n.Right)
	switch n.Operator.Token.Type {
	case tokens.Equals:
		return e.equal(left, right, 0)
	case tokens.Ne:
		return !e.equal(left, right, 0)
	case tokens.LowerThan:
		return e.compare(left, right) < 0
	case tokens.LowerThanOrEqual:
		return e.compare(left, right) <= 0
	case tokens.GreaterThan:
		return e.compare(left, right) > 0
	case tokens.GreaterThanOrEqual:
		return e.compare(left, right) >= 0
	case tokens.Tilde:
		return e.join(e.text(left), e.text(right))
	case tokens.Addition:
		switch l := left.(type) {
		case string:
			if r, ok := right.(string); ok {
				return e.join(l, r)
			}
		case []any:
			if r, ok := right.([]any); ok {
				e.spend(step * (len(l) + len(r)))
				return append(append(make([]any, 0, len(l)+len(r)), l...), r...)
			}
		}
	}
	return arithmetic(n.Operator.Token, left, right)
}

func (e *evaluator) join(a, b string) string {
	e.spend(len(a) + len(b))
	return a + b
}

// arithmetic computes with numbers. Division and remainder are those of Python, whose signs
// differ from Go's.
func arithmetic(operator *tokens.Token, left, right any) any {
	a, whole := left.(int)
	b, too := right.(int)
	if whole && too {
		switch operator.Type {
		case tokens.Addition:
			return a + b
		case tokens.Subtraction:
			return a - b
		case tokens.Multiply:
			return a * b
		case tokens.FloorDivision, tokens.Modulo:
			if b == 0 {
				fail("a division by zero")
			}
			quotient, remainder := a/b, a%b
			if remainder != 0 && (remainder < 0) != (b < 0) {
				quotient, remainder = quotient-1, remainder+b
			}
			if operator.Type == tokens.Modulo {
				return remainder
			}
			return quotient
		}
	}
	x, isNumber := number(left)
	y, isToo := number(right)
	if isNumber && isToo {
		switch operator.Type {
		case tokens.Addition:
			return x + y
		case tokens.Subtraction:
			return x - y
		case tokens.Multiply:
			return x * y
		case tokens.Division:
			if y == 0 {
				fail("a division by zero")
			}
			return x / y
		}
	}
	fail("%s %s %s is not supported", kind(left), operator.Val, kind(right))
	return nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func (e *evaluator) compare(a, b any) int {
	s, isText := a.(string)
	t, isToo := b.(string)
	if isText && isToo {
		e.spend(min(len(s), len(t)))
		return strings.Compare(s, t)
	}
	x, ok := number(a)
	y, too := number(b)
	if !ok || !too {
		fail("a comparison of %s with %s", kind(a), kind(b))
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func (e *evaluator) equal(a, b any, depth int) bool {
	e.spend(step)
	if depth > maxDepth {
		fail("a list is nested more than %d deep", maxDepth)
	}
	switch a := a.(type) {
	case undefined:
		_, ok := b.(undefined)
		return ok
	case string:
		b, ok := b.(string)
		if ok && len(a) == len(b) {
			e.spend(len(a))
		}
		return ok && a == b
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !e.equal(a[i], b[i], depth+1) {
				return false
			}
		}
		return true
	case Dict:
		b, ok := b.(Dict)
		if !ok || len(a) != len(b) {
			return false
		}
		for _, f := range a {
			if !e.equal(f.Value, b.get(f.Name), depth+1) {
				return false
			}
		}
		return true
	}
	if x, ok := number(a); ok {
		y, too := number(b)
		return too && x == y
	}
	switch b.(type) {
	case []any, Dict: // Go cannot compare them
		return false
	}
	return a == b
}

// truth reports whether a condition holds, by the rules of Python.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case Dict:
		return len(v) > 0
	}
	return true
}

// text returns what Python prints.
func (e *evaluator) text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case undefined:
		return ""
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int:
		return strconv.Itoa(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e16 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	fail("to print %s is not supported", kind(v))
	return ""
}

// kind names the type of a value in errors.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "none"
	case bool:
		return "a boolean"
	case int, float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case Dict:
		return "a dictionary"
	case *namespace:
		return "a namespace"
	case function:
		return "a function"
	}
	return "an undefined value"
}
