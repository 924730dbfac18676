package main

import (
	"fmt"
	"go/format"
	"strings"
	"time"

	"github.com/finece/finece/wasm/contract"
)

// goDefaults writes package defaults: one constant for each setting whose default is
// not a zero value.
func goDefaults() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "// %s\n\n", notice)
	b.WriteString("// Package defaults has the defaults of the settings in package contract, as Go\n" +
		"// constants. It links no names and no help texts, so the Worker can use it.\n" +
		"package defaults\n\nimport \"time\"\n")
	for _, g := range contract.Groups {
		var lines strings.Builder
		for _, s := range g.Settings {
			if value := goLiteral(s.Default); value != "" {
				fmt.Fprintf(&lines, "\t%s%s = %s // %s\n", g.Name, upper(s.Camel()), value, s.Help)
			}
		}
		if lines.Len() > 0 {
			fmt.Fprintf(&b, "\n// The settings %s.\nconst (\n%s)\n", g.Doc, &lines)
		}
	}
	return format.Source([]byte(b.String()))
}

// goLiteral returns a default in Go, or "" for a zero value.
func goLiteral(value any) string {
	switch v := value.(type) {
	case string:
		if v != "" {
			return fmt.Sprintf("%q", v)
		}
	case bool:
		if v {
			return "true"
		}
	case int:
		if v != 0 {
			return fmt.Sprint(v)
		}
	case float64:
		if v != 0 {
			return fmt.Sprint(v)
		}
	case time.Duration:
		switch {
		case v == 0:
		case v%time.Minute == 0:
			return fmt.Sprintf("%d * time.Minute", v/time.Minute)
		case v%time.Second == 0:
			return fmt.Sprintf("%d * time.Second", v/time.Second)
		default:
			return fmt.Sprintf("%d * time.Millisecond", v/time.Millisecond)
		}
	}
	return ""
}
