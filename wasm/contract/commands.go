package contract

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Check returns an error if value is not allowed: it is not one of the setting's names, not of
// its type, or out of its range. The error says what is allowed. If the setting is a list,
// value is one element.
func (s *Setting) Check(value string) error {
	wanted, ok := "", true
	var number float64
	var err error
	switch s.Default.(type) {
	case bool:
		wanted, ok = "true or false", value == "true" || value == "false"
	case int:
		var n int64
		n, err = strconv.ParseInt(value, 10, 64)
		wanted, number = "a whole number", float64(n)
	case float64:
		number, err = strconv.ParseFloat(value, 64)
		wanted = "a number"
	case time.Duration:
		var d time.Duration
		d, err = time.ParseDuration(value)
		wanted, number = "a time such as 1m30s", float64(d)
	case string:
		if len(s.Names) > 0 {
			wanted, ok = strings.Join(s.Names, ", "), slices.Contains(s.Names, value) || value == s.Default
		}
	}
	if allowed := s.Range(); allowed != "" {
		wanted += ", " + allowed
		ok = err == nil && number >= s.Low && number <= s.High
	}
	if ok {
		return nil
	}
	return errors.New("want " + wanted)
}

// forever stands for no upper bound of a time span.
const forever = float64(math.MaxInt64)

// atLeast returns a whole number or a time span without an upper bound.
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

// DefaultText returns the default as a command line shows it.
func (s *Setting) DefaultText() string {
	if s.Default == nil {
		return ""
	}
	return fmt.Sprint(s.Default)
}
