package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/finece/finece/wasm/jsonscan"
)

// field is a setting with a pointer to its value.
type field struct {
	name  string
	value any // *string, *bool, *int, *float64, *time.Duration or *[]Policy
}

// settings returns the settings of h by their names in files.
func (h *Handling) settings() []field {
	return []field{
		{"policy", (*string)(&h.Policy)},
		{"withhold_below", &h.WithholdBelow},
		{"warn_below", &h.WarnBelow},
		{"warn_text", &h.WarnText},
		{"stop_below", &h.StopBelow},
		{"stop_after", &h.StopAfter},
		{"skip_above", &h.SkipAbove},
		{"escalate_below", &h.EscalateBelow},
		{"escalate_model", &h.EscalateModel},
		{"escalate_share", &h.EscalateShare},
		{"escalate_mode", (*string)(&h.EscalateMode)},
		{"restart_text", &h.RestartText},
		{"answers", &h.Answers},
		{"finish_reason", &h.FinishReason},
		{"failure", (*string)(&h.Failure)},
		{"carrier", (*string)(&h.Carrier)},
		{"uncalibrated", (*string)(&h.Uncalibrated)},
		{"carrier_delay", &h.CarrierDelay},
		{"settle", &h.Settle},
		{"max_delay", &h.MaxDelay},
		{"max_held", &h.MaxHeld},
		{"keep_request", &h.KeepRequest},
		{"allow_policy", &h.AllowPolicy},
	}
}

// SetAll sets each setting to the text that text returns for its name, unless that is "". The
// names are those in a file of finece serve. SetAll is for programs that do not link the table
// of settings, such as the Worker. It checks types, and New checks ranges. If a text does not
// have the type of its setting, wrong is the setting's name.
func (h *Handling) SetAll(text func(name string) string) (wrong string, err error) {
	for _, s := range h.settings() {
		if t := text(s.name); t != "" {
			if err := s.set(t); err != nil {
				return s.name, err
			}
		}
	}
	return "", nil
}

func (s *field) set(text string) (err error) {
	switch v := s.value.(type) {
	case *string:
		*v = text
	case *bool:
		*v, err = strconv.ParseBool(text)
	case *int:
		*v, err = strconv.Atoi(text)
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case *time.Duration:
		*v, err = time.ParseDuration(text)
	case *[]Policy:
		*v = nil
		for name := range strings.SplitSeq(text, ",") {
			*v = append(*v, Policy(strings.TrimSpace(name)))
		}
	}
	return err
}

// ParseRoutes reads routes in JSON: a list of objects with a path, a model or both, and
// settings by the names of a file of finece serve, such as
//
//	[{"model":"small-*","policy":"warn","warn_below":0.7}]
//
// Settings that a route does not set are those of base.
func ParseRoutes(text []byte, base Handling) (routes []Route, err error) {
	s := &jsonscan.Scanner{}
	s.Reset(text)
	if s.Kind() != jsonscan.Array {
		return nil, errors.New("want a list of routes in JSON")
	}
	s.EnterArray()
	for s.NextElement() {
		r := Route{Handling: base}
		if err := r.read(s); err != nil {
			return nil, &RouteError{len(routes), err}
		}
		routes = append(routes, r)
	}
	if !s.End() {
		return nil, fmt.Errorf("want a list of routes in JSON: %w", s.Err())
	}
	return routes, nil
}

// read reads one route.
func (r *Route) read(s *jsonscan.Scanner) error {
	if s.Kind() != jsonscan.Object {
		return errors.New(`want an object, such as {"model":"small-*","policy":"warn"}`)
	}
	settings := append(r.settings(), field{"path", &r.Path}, field{"model", &r.Model})
	s.EnterObject()
	for s.NextKey() {
		key := string(s.Key())
		i := slices.IndexFunc(settings, func(f field) bool { return f.name == key })
		if i < 0 {
			var names []string
			for _, known := range settings {
				names = append(names, known.name)
			}
			return fmt.Errorf("%q is not a setting of a route; want %s", key, strings.Join(names, ", "))
		}
		var value []byte
		switch s.Kind() {
		case jsonscan.String:
			value, _ = s.Text()
		case jsonscan.Array:
			value = list(s)
		default:
			value = s.Raw()
		}
		if err := settings[i].set(string(value)); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// list returns the strings of an array, joined by commas.
func list(s *jsonscan.Scanner) (joined []byte) {
	s.EnterArray()
	for s.NextElement() {
		if text, ok := s.Text(); ok {
			if joined != nil {
				joined = append(joined, ',')
			}
			joined = append(joined, text...)
		}
	}
	return joined
}
