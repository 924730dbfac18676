package train

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Flag is a flag of a command of the Python trainer. python/flags.json lists all flags. The
// trainer parses its arguments by that file, and finece train makes its help from it.
type Flag struct {
	Name     string         `json:"name"`
	Of       []string       `json:"of"`       // the commands that have it
	Type     string         `json:"type"`     // int, float, text, path, file, files, switch, or choice (--NAME and --no-NAME)
	Required bool           `json:"required"` // must be given
	Either   string         `json:"either"`   // at most one flag with the same word here may be given
	Default  any            `json:"default"`  // nil if there is none
	Defaults map[string]any `json:"defaults"` // by command, where they differ
	Help     string         `json:"help"`
}

// DefaultOf returns the default in a command, as text, or "" if there is none.
func (f *Flag) DefaultOf(command string) string {
	value := f.Default
	if v, ok := f.Defaults[command]; ok {
		value = v
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// Flags returns the flags of a command of the trainer, such as "ift", required ones first.
func Flags(command string) []Flag {
	data, err := scripts.ReadFile("python/flags.json")
	if err != nil {
		panic(err) // it is embedded
	}
	var all []Flag
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("train: flags.json: %v", err)) // the tests read it
	}
	all = slices.DeleteFunc(all, func(f Flag) bool { return !slices.Contains(f.Of, command) })
	slices.SortStableFunc(all, func(a, b Flag) int { return strings.Compare(rank(a), rank(b)) })
	return all
}

func rank(f Flag) string {
	switch {
	case f.Required:
		return "0"
	case f.Either == "start":
		return "1"
	}
	return "2"
}
