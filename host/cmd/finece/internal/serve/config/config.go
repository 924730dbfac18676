// Package config is the configuration of finece serve: the values of settings from the command
// line, the environment and a YAML file, with the origin of each value.
//
// A flag overrides the environment, and the environment overrides the file. The file has one key
// that is not a flag: routes, a list of exceptions. Its key keys may also be a list of client
// keys instead of the name of a file.
package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/finece/finece/wasm/contract"
)

// Value is one setting as it was given.
type Value struct {
	Setting *contract.Setting
	Texts   []string // one text; for a list, any number
	From    Source
	Line    int // of the file
}

// Source is the origin of a value. A greater Source overrides a lower one.
type Source int

// The sources of values.
const (
	Default Source = iota
	File
	Environment
	Flag
)

// Text returns the value as a flag has it.
func (v *Value) Text() string { return strings.Join(v.Texts, ",") }

// Config is the settings that finece serve was given.
type Config struct {
	Path    string // of the file; "" if there is none
	Values  map[*contract.Setting]*Value
	Routes  []Route
	Clients []Client // the keys of the file if they are a list
}

// Route is an exception from the other settings.
type Route struct {
	Path, Model string   // patterns
	Values      []*Value // of settings in contract.Routed
	Line        int
}

// Given returns the values of the settings on a command line.
func Given(flags *pflag.FlagSet) []*Value {
	var all []*Value
	for _, s := range contract.Served {
		f := flags.Lookup(s.Flag())
		if f == nil || !f.Changed {
			continue
		}
		texts := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			texts = list.GetSlice()
		}
		all = append(all, &Value{Setting: s, Texts: texts, From: Flag})
	}
	return all
}

// Load adds the values of the environment and of the file at path to those of a command line.
// path may be "". An error has a line for each problem, and quotes no secret.
func Load(path string, given []*Value, getenv func(name string) string) (*Config, error) {
	c := &Config{Path: path, Values: map[*contract.Setting]*Value{}}
	var wrong []error
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := reader{path: path, config: c}
		r.read(text)
		wrong = r.wrong
	}
	for _, s := range contract.Served {
		text := getenv(s.Env())
		if text == "" {
			continue
		}
		v := &Value{Setting: s, Texts: []string{text}, From: Environment}
		if _, list := s.Default.([]string); list {
			v.Texts = strings.Split(text, ",")
		}
		for _, one := range v.Texts {
			if err := s.Check(one); err != nil {
				wrong = append(wrong, refused(s.Env(), s, one, err))
			}
		}
		c.Values[s] = v
		if s == contract.ClientKeys {
			c.Clients = nil
		}
	}
	for _, v := range given {
		c.Values[v.Setting] = v
		if v.Setting == contract.ClientKeys {
			c.Clients = nil
		}
	}
	return c, errors.Join(wrong...)
}

// refused returns the error of a value that a setting cannot have.
func refused(where string, s *contract.Setting, text string, err error) error {
	said := "this value"
	if !s.Secret {
		said = fmt.Sprintf("%q", text)
	}
	hint := ""
	if near := nearest(text, s.Names); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return fmt.Errorf("%s: %s is not allowed: %w%s", where, said, err, hint)
}

// Set sets the flags of the values. Values without a flag are skipped.
func (c *Config) Set(flags *pflag.FlagSet) error {
	for _, s := range contract.Served {
		if v := c.Values[s]; v != nil {
			if err := v.set(flags); err != nil {
				return fmt.Errorf("%s: %w", c.Where(v), err)
			}
		}
	}
	return nil
}

// Set sets the flags of the route's values.
func (r *Route) Set(flags *pflag.FlagSet) error {
	for _, v := range r.Values {
		if err := v.set(flags); err != nil {
			return err
		}
	}
	return nil
}

func (v *Value) set(flags *pflag.FlagSet) error {
	f := flags.Lookup(v.Setting.Flag())
	if f == nil {
		return nil // a secret, which has no flag
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		f.Changed = true
		return list.Replace(v.Texts)
	}
	return flags.Set(f.Name, v.Text())
}

// Where returns the origin of a value, such as finece.yaml:7, FINECE_POLICY or --policy.
func (c *Config) Where(v *Value) string {
	switch v.From {
	case Flag:
		return "--" + v.Setting.Flag()
	case Environment:
		return v.Setting.Env()
	case File:
		return at(c.Path, v.Line)
	}
	return "default"
}

// Secret returns the secret of the setting value, or of the file that the setting file names. If
// both are given by different sources, the overriding one counts.
func (c *Config) Secret(value, file *contract.Setting) (string, error) {
	v, f := c.Values[value], c.Values[file]
	if v != nil && f != nil && v.From == f.From {
		return "", fmt.Errorf("%s and %s: give one of the two", c.Where(v), c.Where(f))
	}
	if f == nil || v != nil && v.From > f.From {
		if v == nil {
			return "", nil
		}
		return strings.TrimSpace(v.Text()), nil
	}
	text, err := os.ReadFile(f.Text())
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.Where(f), err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return "", fmt.Errorf("%s: %s: want one line, the key", c.Where(f), f.Text())
	}
	return secret, nil
}

// HasSecret reports whether the file itself contains a secret.
func (c *Config) HasSecret() bool {
	return slices.ContainsFunc(contract.Served, func(s *contract.Setting) bool {
		return s.Secret && c.Values[s] != nil && c.Values[s].From == File
	})
}

// Unknown lists variables of an environment that look like settings with a wrong name.
func Unknown(environ []string) (said []string) {
	names := []string{contract.ConfigFile.Env()}
	for _, s := range contract.Served {
		names = append(names, s.Env())
	}
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "FINECE_") || slices.Contains(names, name) {
			continue
		}
		if near := nearest(name, names); near != "" {
			said = append(said, name+" is not a setting; did you mean "+near+"?")
		}
	}
	return said
}

// Explain adds the origins of the settings that an error names to the error. A value from a flag
// needs no explanation. route is the route that the error is about, or nil.
func (c *Config) Explain(err error, route *Route) error {
	if err == nil {
		return nil
	}
	var said []string
	add := func(v *Value) {
		if s := v.Setting; v.From != Flag && (names(err.Error(), s.File()) || names(err.Error(), "--"+s.Flag())) {
			said = append(said, s.File()+" is from "+c.Where(v))
		}
	}
	if route != nil {
		for _, v := range route.Values {
			add(v)
		}
	}
	for _, s := range contract.Served {
		if v := c.Values[s]; v != nil && (route == nil || !route.has(s)) {
			add(v)
		}
	}
	if route != nil && len(said) == 0 {
		said = append(said, "the route is from "+at(c.Path, route.Line))
	}
	if len(said) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(said, ", "))
}

func (r *Route) has(s *contract.Setting) bool {
	return slices.ContainsFunc(r.Values, func(v *Value) bool { return v.Setting == s })
}

// names reports whether a text has a name as a word of its own.
func names(text, name string) bool {
	part := func(c rune) bool { return c != '_' && c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }
	return slices.Contains(strings.FieldsFunc(text, part), name)
}
