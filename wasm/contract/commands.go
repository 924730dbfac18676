package contract

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Check reports whether a value of a setting with a list of names is one of
// them. Any value of another setting is.
func (s *Setting) Check(value string) error {
	if len(s.Names) == 0 || slices.Contains(s.Names, value) {
		return nil
	}
	return errors.New("want " + strings.Join(s.Names, ", "))
}

// forever is the upper bound of a time span that has none.
const forever = float64(math.MaxInt64)

// atLeast is a whole number or a time span without an upper bound.
func atLeast(name string, low float64, value any, help, unit string) *Setting {
	s := &Setting{Name: name, Help: help, Unit: unit, Default: value, Low: low, High: math.MaxInt32}
	if _, isDuration := value.(time.Duration); isDuration {
		s.High = forever
	}
	return s
}

func text(name, value, help string) *Setting { return &Setting{Name: name, Help: help, Default: value} }

func ofNames(name, value, help string, names ...string) *Setting {
	return &Setting{Name: name, Help: help, Default: value, Names: names}
}

func yes(name, help string) *Setting { return &Setting{Name: name, Help: help, Default: false} }

// DefaultText is the default as a command line shows it.
func (s *Setting) DefaultText() string {
	if s.Default == nil {
		return ""
	}
	return fmt.Sprint(s.Default)
}
