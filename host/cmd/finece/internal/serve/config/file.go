package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

// Client is a client key of the file.
type Client struct {
	line   string // as gateway.ParseKeys reads it
	where  string
	values map[*contract.Setting]string
}

// reader reads a file into a configuration, and collects what is wrong with it.
type reader struct {
	path   string
	config *Config
	wrong  []error
}

func at(path string, line int) string { return path + ":" + strconv.Itoa(line) }

func (r *reader) errorf(n *yaml.Node, format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Errorf("%s: %w", at(r.path, n.Line), fmt.Errorf(format, args...)))
}

// yamlLine is the line in an error of package yaml.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (r *reader) read(text []byte) {
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	if err == io.EOF {
		return // an empty file
	}
	if err == nil {
		if err = decoder.Decode(&more); err == nil {
			r.errorf(&more, "a second document; want one")
			return
		}
	}
	if err != io.EOF {
		said := yamlLine.FindStringSubmatch(err.Error())
		where := r.path
		if len(said) > 1 && said[1] != "" {
			where += ":" + said[1]
		}
		r.wrong = append(r.wrong, fmt.Errorf("%s: this is not YAML: %s", where, yamlLine.ReplaceAllString(err.Error(), "")))
		return
	}
	top := slices.Concat(contract.Served, []*contract.Setting{contract.Routes})
	r.object(document.Content[0], "", top, func(s *contract.Setting, n *yaml.Node) {
		switch {
		case s == contract.Routes:
			r.list(n, "routes", r.route)
		case s == contract.ClientKeys && n.Kind == yaml.SequenceNode:
			r.list(n, "keys", r.client)
			r.config.Values[s] = &Value{Setting: s, From: File, Line: n.Line}
		default:
			if v := r.value(s, n); v != nil {
				r.config.Values[s] = v
			}
		}
	})
}

// object reads a mapping whose keys are settings. what is the mapping's name in errors; "" is the top.
func (r *reader) object(n *yaml.Node, what string, settings []*contract.Setting, take func(*contract.Setting, *yaml.Node)) {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		r.errorf(n, "%swant settings, such as policy: annotate", prefix(what))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolved(n.Content[i+1])
		if line, again := seen[key.Value]; again {
			r.errorf(key, "%s%s is set in line %d already", prefix(what), key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		found := slices.IndexFunc(settings, func(s *contract.Setting) bool { return s.File() == key.Value })
		if found < 0 {
			r.errorf(key, "%s%s", prefix(what), unknown(key.Value, what, settings))
			continue
		}
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
			r.errorf(key, "%s%s has no value", prefix(what), key.Value)
			continue
		}
		take(settings[found], value)
	}
}

func prefix(what string) string {
	if what == "" {
		return ""
	}
	return what + ": "
}

// unknown returns what is wrong with a key that is not a setting.
func unknown(key, what string, settings []*contract.Setting) string {
	if what != "" && slices.ContainsFunc(contract.Served, func(s *contract.Setting) bool { return s.File() == key }) {
		return key + " applies to all routes; set it outside of routes"
	}
	var all []string
	for _, s := range settings {
		all = append(all, s.File())
	}
	if near := nearest(key, all); near != "" {
		return strconv.Quote(key) + " is not a setting; did you mean " + near + "?"
	}
	if len(all) > 10 {
		return strconv.Quote(key) + ` is not a setting; "finece serve --help" lists them as flags`
	}
	return strconv.Quote(key) + " is not a setting here; want " + strings.Join(all, ", ")
}

// nearest returns the name that somebody may have meant, or "".
func nearest(text string, all []string) (near string) {
	plain := func(s string) string { return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s)) }
	least := 3 + len(text)/6 // with more differences it is another word
	for _, name := range all {
		if d := levenshtein.ComputeDistance(plain(text), plain(name)); d < least && d <= len(name)/2 {
			near, least = name, d
		}
	}
	return near
}

// list reads a sequence of objects.
func (r *reader) list(n *yaml.Node, what string, read func(n *yaml.Node, what string)) {
	if n.Kind != yaml.SequenceNode {
		r.errorf(n, "%s: want a list, each of its elements beginning with -", what)
		return
	}
	for i, element := range n.Content {
		read(element, what+"["+strconv.Itoa(i+1)+"]")
	}
}

// value reads the value of a setting. It returns nil if the value is wrong.
func (r *reader) value(s *contract.Setting, n *yaml.Node) *Value {
	v := &Value{Setting: s, From: File, Line: n.Line}
	elements := []*yaml.Node{n}
	if _, list := s.Default.([]string); list && n.Kind == yaml.SequenceNode {
		elements = n.Content
	}
	for _, e := range elements {
		if e = resolved(e); e.Kind != yaml.ScalarNode {
			r.errorf(n, "%s: want one value", s.File())
			return nil
		}
		text := e.Value
		if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil && e.Tag == "!!bool" {
			text = strconv.FormatBool(b)
		}
		if err := s.Check(text); err != nil {
			if _, isTime := s.Default.(time.Duration); isTime && e.Tag == "!!int" {
				err = fmt.Errorf("%w, with its unit", err)
			}
			r.wrong = append(r.wrong, refused(at(r.path, e.Line)+": "+s.File(), s, text, err))
			return nil
		}
		if slices.Contains(contract.Files, s) && text != "" && !filepath.IsAbs(text) {
			text = filepath.Join(filepath.Dir(r.path), text)
		}
		v.Texts = append(v.Texts, text)
	}
	return v
}

// route reads an element of routes.
func (r *reader) route(n *yaml.Node, what string) {
	route := Route{Line: n.Line}
	known := slices.Concat([]*contract.Setting{contract.RoutePath, contract.RouteModel}, contract.Routed)
	r.object(n, what, known, func(s *contract.Setting, n *yaml.Node) {
		v := r.value(s, n)
		switch {
		case v == nil:
		case s == contract.RoutePath:
			route.Path = v.Text()
		case s == contract.RouteModel:
			route.Model = v.Text()
		default:
			route.Values = append(route.Values, v)
		}
	})
	r.config.Routes = append(r.config.Routes, route)
}

// client reads an element of keys. Errors do not quote the hash, which may be a key by mistake.
func (r *reader) client(n *yaml.Node, what string) {
	fields := map[*contract.Setting]string{}
	was := len(r.wrong)
	r.object(n, what, contract.Client, func(s *contract.Setting, n *yaml.Node) {
		if v := r.value(s, n); v != nil {
			fields[s] = v.Text()
		}
	})
	if len(r.wrong) > was {
		return
	}
	line := fields[contract.ClientName] + " " + fields[contract.ClientHash]
	number := func(s *contract.Setting) int64 {
		n, _ := strconv.ParseInt(fields[s], 10, 64) // checked by value
		return n
	}
	limits := gateway.Limits{Rate: int(number(contract.RateLimit)), Streams: int(number(contract.StreamLimit)), Tokens: number(contract.TokenLimit)}
	line = strings.TrimSpace(line + " " + limits.String())
	if len(strings.Fields(fields[contract.ClientName])) != 1 {
		r.errorf(n, "%s: name is missing, or has spaces in it", what)
		return
	}
	if _, err := gateway.ParseKeys([]byte(line)); err != nil {
		r.errorf(n, "%s: want a name and a hash: sha256: with 64 hexadecimal digits, as finece key new writes them", what)
		return
	}
	for _, c := range r.config.Clients {
		if c.values[contract.ClientName] == fields[contract.ClientName] {
			r.errorf(n, "%s: %s has a client of this name already", what, c.where)
			return
		}
	}
	r.config.Clients = append(r.config.Clients, Client{line, at(r.path, n.Line), fields})
}

// resolved returns the node that an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Keys returns the client keys of the file, nil if it has none.
func (c *Config) Keys() (*gateway.Keys, error) {
	if len(c.Clients) == 0 {
		return nil, nil
	}
	var lines strings.Builder
	for _, client := range c.Clients {
		lines.WriteString(client.line + "\n")
	}
	keys, err := gateway.ParseKeys([]byte(lines.String()))
	if err != nil {
		return nil, errors.New("the keys of the file: " + err.Error())
	}
	return keys, nil
}
