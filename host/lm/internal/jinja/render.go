package jinja

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/nikolalohinski/gonja/v2/nodes"
)

// Dict is an ordered dictionary.
type Dict []Field

// Field is an entry of a [Dict].
type Field struct {
	Name  string
	Value any
}

func (d Dict) get(name string) any {
	for _, f := range d {
		if f.Name == name {
			return f.Value
		}
	}
	return undefined{name}
}

// The values of a template are nil, bool, int, float64, string, []any, Dict and these.
type (
	undefined struct{ name string } // the value of a name that nothing has set
	namespace struct{ names map[string]any }
	function  string // a function by its name
)

// Work is counted in units. A node of an expression or a turn of a loop costs step, and
// a text or a list that is made costs its size.
const (
	step  = 32
	basic = 1 << 24 // units that any template has
)

// ErrWork says that a template did too much work.
var ErrWork = errors.New("the template does too much work: it was stopped")

// Render returns the text that the template makes of variables: nil, bool, int, string,
// []any and [Dict]. Its work is bounded: by a constant, and by size, the number of bytes in
// the variables. With short variables, no template allocates more than 100 MB. A template
// that needs more ends with [ErrWork].
func (t *Template) Render(variables map[string]any, size int) (text string, err error) {
	e := &evaluator{left: basic + 64*size, scope: &scope{names: maps.Clone(variables)}, out: &strings.Builder{}}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			text, err = "", r.error
			if e.line > 0 && !errors.Is(err, ErrWork) {
				err = fmt.Errorf("line %d of the template: %w", e.line, err)
			}
		default:
			text, err = "", fmt.Errorf("the template cannot be computed: %v", r)
		}
	}()
	e.run(t.body)
	return e.out.String(), nil
}

// failure is an error on its way to Render, as a panic.
type failure struct{ error }

func fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

type scope struct {
	names  map[string]any
	parent *scope
}

func (s *scope) get(name string) (any, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.names[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// evaluator computes a template.
type evaluator struct {
	left  int // units of work
	line  int // of the current statement
	scope *scope
	out   *strings.Builder
}

func (e *evaluator) spend(n int) {
	if e.left -= n; e.left < 0 {
		panic(failure{ErrWork})
	}
}

func (e *evaluator) write(text string) {
	e.spend(len(text))
	e.out.WriteString(text)
}

// flow says what comes after a statement.
type flow int

const (
	goesOn flow = iota
	breaks
	continues
)

func (e *evaluator) run(body []nodes.Node) flow {
	for _, n := range body {
		if f := e.execute(n); f != goesOn {
			return f
		}
	}
	return goesOn
}

func (e *evaluator) execute(n nodes.Node) flow {
	e.spend(step)
	switch n := n.(type) {
	case nil, *nodes.Comment:
		return goesOn
	case *nodes.Data:
		e.write(trimmed(n))
		return goesOn
	case *nodes.Output:
		e.line = n.Start.Line
		e.write(e.text(e.conditional(n.Expression, n.Condition, n.Alternative)))
		return goesOn
	case *nodes.ControlStructureBlock:
		e.line = n.Location.Line
		switch s := n.ControlStructure.(type) {
		case *loopStatement:
			e.loop(s)
			return goesOn
		case *ifStatement:
			return e.choose(s)
		case *setStatement:
			e.set(s)
			return goesOn
		case *bodyStatement:
			return e.run(s.body)
		case *jumpStatement:
			return s.to
		}
	}
	fail("%T is not supported", n)
	return goesOn
}

// trimmed returns the text between two tags without the white space that the tags take.
func trimmed(n *nodes.Data) string {
	const space = " \r\n\t"
	text := n.Data.Val
	if n.RemoveFirstLineReturn {
		text = strings.TrimPrefix(text, "\n")
	}
	if n.Trim.Left {
		text = strings.TrimLeft(text, space)
	}
	if n.Trim.Right {
		text = strings.TrimRight(text, space)
	}
	return text
}

// conditional computes "value if condition else alternative". condition may be nil.
func (e *evaluator) conditional(value, condition, alternative nodes.Expression) any {
	switch {
	case condition == nil || truth(e.eval(condition)):
		return e.eval(value)
	case alternative == nil:
		return undefined{}
	}
	return e.eval(alternative)
}

func (e *evaluator) choose(s *ifStatement) flow {
	for i, c := range s.conditions {
		if truth(e.eval(c)) {
			return e.run(s.bodies[i])
		}
	}
	if len(s.bodies) > len(s.conditions) {
		return e.run(s.bodies[len(s.conditions)])
	}
	return goesOn
}

func (e *evaluator) set(s *setStatement) {
	var v any
	if s.value != nil {
		v = e.conditional(s.value, s.condition, s.alternative)
	} else {
		whole := e.out
		e.out = &strings.Builder{}
		e.run(s.body)
		v, e.out = e.out.String(), whole
	}
	if s.attribute == "" {
		e.scope.names[s.name] = v
		return
	}
	target, _ := e.scope.get(s.name)
	n, ok := target.(*namespace)
	if !ok {
		fail("%s is not a namespace, so %s.%s cannot be set", s.name, s.name, s.attribute)
	}
	n.names[s.attribute] = v
}

func (e *evaluator) loop(s *loopStatement) {
	outer := e.scope
	defer func() { e.scope = outer }()
	items := e.items(e.eval(s.over))
	if s.where != nil {
		var some []any
		for _, item := range items {
			e.enter(outer, s.names, item)
			if truth(e.eval(s.where)) {
				some = append(some, item)
			}
		}
		items = some
	}
	if len(items) == 0 {
		e.scope = outer
		e.run(s.empty)
		return
	}
	neighbour := func(i int) any {
		if i < 0 || i >= len(items) {
			return undefined{}
		}
		return items[i]
	}
	for i, item := range items {
		e.enter(outer, s.names, item)
		e.scope.names["loop"] = Dict{
			{"index", i + 1}, {"index0", i}, {"revindex", len(items) - i}, {"revindex0", len(items) - i - 1}, {"first", i == 0},
			{"last", i == len(items)-1}, {"length", len(items)}, {"previtem", neighbour(i - 1)}, {"nextitem", neighbour(i + 1)},
		}
		if e.run(s.body) == breaks {
			return
		}
	}
}

// enter begins a turn of a loop in a scope of its own.
func (e *evaluator) enter(outer *scope, names []string, item any) {
	e.spend(16 * step)
	e.scope = &scope{names: map[string]any{}, parent: outer}
	if len(names) == 1 {
		e.scope.names[names[0]] = item
		return
	}
	pair, ok := item.([]any)
	if !ok || len(pair) != 2 {
		fail("the items of the loop are not pairs")
	}
	e.scope.names[names[0]], e.scope.names[names[1]] = pair[0], pair[1]
}

// items returns what a loop goes over.
func (e *evaluator) items(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case undefined:
		return nil
	case string:
		e.spend(step * len(v))
		items := make([]any, 0, len(v))
		for _, r := range v {
			items = append(items, string(r))
		}
		return items
	case Dict:
		e.spend(step * len(v))
		items := make([]any, len(v))
		for i, f := range v {
			items[i] = f.Name
		}
		return items
	}
	fail("a loop goes over %s", kind(v))
	return nil
}
