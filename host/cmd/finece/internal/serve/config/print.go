package config

import (
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/finece/finece/wasm/contract"
)

// hidden replaces a secret.
const hidden = "(hidden)"

// Texts returns the value of a setting in effect: the given one, or the default. A secret, or a
// password in a URL, is hidden.
func (c *Config) Texts(s *contract.Setting) []string {
	var texts []string
	switch v := c.Values[s]; {
	case v != nil:
		texts = v.Texts
	default:
		if list, ok := s.Default.([]string); ok {
			return list
		}
		texts = []string{s.DefaultText()}
	}
	return shown(s, texts)
}

func shown(s *contract.Setting, texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = text
		if s.Secret && text != "" {
			all[i] = hidden
		} else if u, err := url.Parse(text); err == nil && u.User != nil {
			all[i] = u.Redacted()
		}
	}
	return all
}

// YAML returns the configuration as an equivalent file, without secrets: a comment names each
// secret. Other comments give the origins of values that are not defaults.
func (c *Config) YAML() ([]byte, error) {
	top := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range contract.Served {
		v := c.Values[s]
		switch {
		case s.Secret && v == nil:
		case s.Secret:
			top.FootComment = strings.TrimPrefix(top.FootComment+"\n# "+s.File()+": "+hidden+", from "+c.Where(v), "\n")
		case s == contract.ClientKeys && len(c.Clients) > 0:
			list := &yaml.Node{Kind: yaml.SequenceNode}
			for _, client := range c.Clients {
				list.Content = append(list.Content, client.node())
			}
			add(top, s, list, at(c.Path, v.Line))
		default:
			from := ""
			if v != nil {
				from = c.Where(v)
			}
			add(top, s, node(s, c.Texts(s)), from)
		}
	}
	if len(c.Routes) > 0 {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range c.Routes {
			list.Content = append(list.Content, c.Routes[i].node(c.Where))
		}
		add(top, contract.Routes, list, "")
	}
	return yaml.Marshal(top)
}

// add adds a key to an object. from is the origin of its value, or "".
func add(object *yaml.Node, s *contract.Setting, value *yaml.Node, from string) {
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: s.File()}
	if from != "" && value.Kind == yaml.ScalarNode {
		value.LineComment = from
	} else if from != "" {
		key.LineComment = from
	}
	object.Content = append(object.Content, key, value)
}

// node returns a value in YAML.
func node(s *contract.Setting, texts []string) *yaml.Node {
	scalar := func(text string) *yaml.Node {
		n := new(yaml.Node)
		switch s.Default.(type) {
		case string, time.Duration, []string:
			n.SetString(text)
		default:
			n.Kind, n.Value = yaml.ScalarNode, text
		}
		return n
	}
	if _, list := s.Default.([]string); list {
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, text := range texts {
			n.Content = append(n.Content, scalar(text))
		}
		return n
	}
	return scalar(strings.Join(texts, ","))
}

// node returns the route in YAML. where returns the origins of values.
func (r *Route) node(where func(*Value) string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	if r.Path != "" {
		add(n, contract.RoutePath, node(contract.RoutePath, []string{r.Path}), "")
	}
	if r.Model != "" {
		add(n, contract.RouteModel, node(contract.RouteModel, []string{r.Model}), "")
	}
	for _, v := range r.Values {
		add(n, v.Setting, node(v.Setting, shown(v.Setting, v.Texts)), where(v))
	}
	return n
}

func (c *Client) node() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range contract.Client {
		if text := c.values[s]; text != "" {
			add(n, s, node(s, []string{text}), "")
		}
	}
	return n
}

// String returns the route in one line.
func (r *Route) String() string {
	text, err := yaml.Marshal(r.node(func(*Value) string { return "" }))
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Split(strings.TrimSpace(string(text)), "\n"), ", ")
}
