// Package jinja renders chat templates, which are files of a model's folder and may come
// from anyone. A template can read only the values it is given: it cannot read files, the
// clock or other templates. Its work is bounded, see [Template.Render].
//
// The library gonja reads the text of a template. This package computes it, because gonja
// has no limits: its template can loop for ever or fill the memory. Supported is what chat
// templates use: if, for, set, break, continue and generation; expressions; and the most
// common functions, methods, filters and tests of Jinja. Results are those of Jinja with
// trim_blocks and lstrip_blocks, as transformers uses it.
//
// Anything else is an error that names it. An unsupported expression is an error only when
// it is computed, so a template may have unsupported parts, such as those for tools, that a
// conversation does not reach.
package jinja

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// MaxSource is the largest size of a template in bytes.
const MaxSource = 1 << 16

// maxDepth bounds how deep brackets and lists are nested, as the work on them is recursive.
const maxDepth = 64

// Template is a template that was read. It is safe for concurrent use.
type Template struct{ body []nodes.Node }

// Parse reads a template.
func Parse(source string) (t *Template, err error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("the template has %d bytes: want %d at most", len(source), MaxSource)
	}
	defer func() {
		if r := recover(); r != nil { // the library indexes tokens that are not there in some incomplete templates
			t, err = nil, fmt.Errorf("the template cannot be read: %v", r)
		}
	}()
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	if err := checkDepth(tokens.LexAll(source, c)); err != nil {
		return nil, err
	}
	p := parser.NewParser("chat template", tokens.LexAll(source, c), c, nil, statements)
	root, err := p.Parse()
	if err != nil {
		return nil, plain(err)
	}
	if p.Stream().IsError() { // the library stops there without an error
		return nil, errors.New(p.Current().Val)
	}
	return &Template{root.Nodes}, nil
}

// plain returns the cause of the library's error, which names every statement around it.
func plain(err error) error {
	var s *parser.SyntaxError
	if !errors.As(err, &s) {
		return err
	}
	return fmt.Errorf("line %d, before %q: %s", s.Line, s.Raw, s.Message)
}

// checkDepth returns an error if brackets are nested too deep.
func checkDepth(s *tokens.Stream) error {
	depth := 0
	for ; !s.End(); s.Next() {
		switch t := s.Current(); t.Type {
		case tokens.LeftParenthesis, tokens.LeftBracket, tokens.LeftBrace:
			if depth++; depth > maxDepth {
				return fmt.Errorf("line %d: brackets are nested more than %d deep", t.Line, maxDepth)
			}
		case tokens.RightParenthesis, tokens.RightBracket, tokens.RightBrace:
			depth--
		}
	}
	return nil
}

// place is where a statement is.
type place struct{ token *tokens.Token }

func (p place) Position() *tokens.Token { return p.token }
func (p place) String() string          { return p.token.Val }

// The statements. The library keeps them in its tree of nodes.
type (
	loopStatement struct {
		place
		names       []string // one, or two for pairs
		over, where nodes.Expression
		body, empty []nodes.Node
	}
	ifStatement struct {
		place
		conditions []nodes.Expression
		bodies     [][]nodes.Node // one more than conditions if there is an else
	}
	setStatement struct {
		place
		name, attribute               string // attribute of a namespace, or ""
		value, condition, alternative nodes.Expression
		body                          []nodes.Node // if value is nil
	}
	bodyStatement struct {
		place
		body []nodes.Node
	}
	jumpStatement struct {
		place
		to flow
	}
)

// table looks statements up for the library's parser.
type table map[string]parser.ControlStructureParser

func (t table) Get(name string) (parser.ControlStructureParser, bool) {
	p, ok := t[name]
	if !ok {
		return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
			return nil, p.Error(fmt.Sprintf("the statement %s is not supported", name), p.Current())
		}, true
	}
	return p, true
}

var statements parser.ControlStructureGetter

func init() { // the parsers refer to the table
	statements = table{
		"for": parseFor, "if": parseIf, "set": parseSet,
		"break": parseJump(breaks), "continue": parseJump(continues),
		"generation": func(p, args *parser.Parser) (nodes.ControlStructure, error) {
			body, err := wrapped(p, "endgeneration")
			return &bodyStatement{at(p), body}, err
		},
		// The body is skipped. A call of the macro is an error.
		"macro": func(p, args *parser.Parser) (nodes.ControlStructure, error) {
			_, err := wrapped(p, "endmacro")
			return &bodyStatement{at(p), nil}, err
		},
	}
}

func at(p *parser.Parser) place { return place{p.Current()} }

// wrapped parses a body up to its end.
func wrapped(p *parser.Parser, end string) ([]nodes.Node, error) {
	w, _, err := p.WrapUntil(end)
	if err != nil {
		return nil, err
	}
	return w.Nodes, nil
}

func parseFor(p, args *parser.Parser) (nodes.ControlStructure, error) {
	s := &loopStatement{place: at(p)}
	for len(s.names) < 2 {
		name := args.Match(tokens.Name)
		if name == nil {
			return nil, args.Error("for has no variable", args.Current())
		}
		s.names = append(s.names, name.Val)
		if args.Match(tokens.Comma) == nil {
			break
		}
	}
	if args.Match(tokens.In) == nil {
		return nil, args.Error("for has no in", args.Current())
	}
	var err error
	if s.over, err = args.ParseExpression(); err != nil {
		return nil, err
	}
	if args.MatchName("if") != nil {
		if s.where, err = args.ParseExpression(); err != nil {
			return nil, err
		}
	}
	if !args.End() {
		return nil, args.Error("for has more than a list and a condition", args.Current())
	}
	w, _, err := p.WrapUntil("else", "endfor")
	if err != nil {
		return nil, err
	}
	s.body = w.Nodes
	if w.EndTag == "else" {
		s.empty, err = wrapped(p, "endfor")
	}
	return s, err
}

func parseIf(p, args *parser.Parser) (nodes.ControlStructure, error) {
	s := &ifStatement{place: at(p)}
	for {
		condition, err := args.ParseExpression()
		if err != nil {
			return nil, err
		}
		if !args.End() {
			return nil, args.Error("if has more than a condition", args.Current())
		}
		s.conditions = append(s.conditions, condition)
		w, more, err := p.WrapUntil("elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		s.bodies = append(s.bodies, w.Nodes)
		switch w.EndTag {
		case "else":
			body, err := wrapped(p, "endif")
			s.bodies = append(s.bodies, body)
			return s, err
		case "endif":
			return s, nil
		}
		args = more
	}
}

func parseSet(p, args *parser.Parser) (nodes.ControlStructure, error) {
	s := &setStatement{place: at(p)}
	target, err := args.ParseVariableOrLiteral()
	if err != nil {
		return nil, err
	}
	if a, ok := target.(*nodes.GetAttribute); ok {
		target, s.attribute = a.Node, a.Attribute
	}
	name, ok := target.(*nodes.Name)
	if !ok {
		return nil, args.Error("set has neither a variable nor an attribute of a namespace", args.Current())
	}
	s.name = name.Name.Val
	if args.Match(tokens.Assign) == nil {
		if !args.End() {
			return nil, args.Error("set has no =", args.Current())
		}
		s.body, err = wrapped(p, "endset")
		return s, err
	}
	if s.value, err = args.ParseExpression(); err != nil {
		return nil, err
	}
	if s.condition, s.alternative, err = args.ParseCondition(); err != nil {
		return nil, err
	}
	if !args.End() {
		return nil, args.Error("set has more than a value", args.Current())
	}
	return s, nil
}

func parseJump(to flow) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) { return &jumpStatement{at(p), to}, nil }
}
