package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
)

// python writes the Python package's names, records and settings.
func python() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", notice)
	b.WriteString(`"""The names, records and settings that FineCE's parts agree on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypedDict

from finece._wire import Field, Wire
`)
	pyABI(&b)
	for _, n := range contract.TypeScript() {
		pyNames(&b, n)
	}
	pyRecords(&b)
	pyFigures(&b)
	pyCuts(&b)
	pySettings(&b)
	return []byte(b.String()), nil
}

// pyABI writes what finece.wasm exports.
func pyABI(b *strings.Builder) {
	fmt.Fprintf(b, "\nABI_VERSION: Final = %d\n\"\"\"The ABI version that this package speaks.\"\"\"\n", abi.Version)
	fmt.Fprintf(b, "\nMAX_INPUT: Final = %d\n\"\"\"The most bytes that one call of the core takes.\"\"\"\n", abi.MaxInput)
	fmt.Fprintf(b, "\nMAX_PAIRS: Final = %d\n\"\"\"The most bytes that finece_evaluate takes.\"\"\"\n", abi.MaxPairs)
	b.WriteString("\nFUNCTIONS: Final[Mapping[str, tuple[int, int]]] = {\n    \"_initialize\": (0, 0),\n")
	for _, f := range abi.Functions {
		fmt.Fprintf(b, "    %q: (%d, %d),\n", f.Name, len(f.Params), len(f.Results))
	}
	b.WriteString("}\n\"\"\"The functions that a core exports, with their numbers of parameters and results.\"\"\"\n")
}

// pyNames writes a list of names and its type. If the numbers begin with 1, the list begins
// with "". If numbers are missing between, the list is a dictionary by number.
func pyNames(b *strings.Builder, n *contract.Names) {
	var texts, entries []string
	sparse := false
	for i, name := range n.List {
		if n.Prefix != "" {
			name.Number = i
		}
		if text := fmt.Sprintf("%q", name.Text); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		if i == 0 && name.Number == 1 && !n.Bits {
			entries = append(entries, `""`)
		}
		sparse = sparse || name.Number != len(entries)
		entries = append(entries, fmt.Sprintf("%q", name.Text))
	}
	doc := pyDoc("", n.Doc)
	fmt.Fprintf(b, "\n%s: TypeAlias = Literal[%s]\n%s", n.Type, pyWrapped(texts), doc)
	if !sparse {
		fmt.Fprintf(b, "\n%s: Final[tuple[%s, ...]] = (%s)\n%s", n.Const, pyElement(n, entries), pyWrapped(append(entries, "")), doc)
		return
	}
	entries = entries[:0]
	for _, name := range n.List {
		entries = append(entries, fmt.Sprintf("%d: %q", name.Number, name.Text))
	}
	fmt.Fprintf(b, "\n%s: Final[Mapping[int, %s]] = {%s}\n%s", n.Const, n.Type, pyWrapped(entries), pyDoc("", n.Doc+" By number."))
}

func pyElement(n *contract.Names, entries []string) string {
	if entries[0] == `""` {
		return n.Type + ` | Literal[""]`
	}
	return n.Type
}

// pyWrapped joins entries by commas, on one line if that is short.
func pyWrapped(entries []string) string {
	wrapped := wrapped(slices.DeleteFunc(slices.Clone(entries), func(e string) bool { return e == "" }))
	if strings.HasPrefix(wrapped, "\n") {
		return strings.ReplaceAll(wrapped, "\n  ", "\n    ")
	}
	if len(entries) > 1 && entries[len(entries)-1] == "" {
		wrapped += "," // makes a tuple of one entry
	}
	return wrapped
}

func pyDoc(indent, text string) string {
	return fmt.Sprintf("%s\"\"\"%s\"\"\"\n", indent, strings.ReplaceAll(text, "`", "``"))
}

// pyRecords writes the types of records.
func pyRecords(b *strings.Builder) {
	fmt.Fprintf(b, "\nRECORD_VERSION: Final = %d\n\"\"\"The version of the records that this package reads.\"\"\"\n", record.Version)
	var types []string
	for _, r := range slices.Concat(contract.Parts, contract.Records) {
		base := "Wire"
		if r.Place {
			base = "Place"
		}
		fmt.Fprintf(b, "\n\n@dataclass(frozen=True, slots=True, kw_only=True)\nclass %s(%s):\n%s\n", r.Go, base, pyDoc("    ", r.Go+" "+r.Doc))
		if r.Type != "" {
			fmt.Fprintf(b, "    type: Literal[%[1]q] = %[1]q\n", r.Type)
			types = append(types, r.Go)
		}
		for _, f := range r.Fields {
			fmt.Fprintf(b, "    %s: %s\n%s", f.Key, pyField(f), pyDoc("    ", upper(f.Doc)+"."))
		}
		b.WriteString("\n    WIRE: ClassVar[tuple[Field, ...]] = (\n")
		for _, f := range fieldsOf(r) {
			fmt.Fprintf(b, "        Field(%s),\n", pyWire(f))
		}
		b.WriteString("    )\n")
	}
	fmt.Fprintf(b, "\n\nRecord: TypeAlias = %s\n\"\"\"Every record.\"\"\"\n", strings.Join(types, " | "))
	b.WriteString("\nRECORDS: Final[Mapping[str, type[Record]]] = {\n")
	for _, r := range contract.Records {
		fmt.Fprintf(b, "    %q: %s,\n", r.Type, r.Go)
	}
	b.WriteString("}\n\"\"\"The class of each type of record.\"\"\"\n")
}

// pyField returns the type of a field and its default: None if the key may be absent.
func pyField(f contract.Field) string {
	t := ""
	switch f.Form {
	case contract.Whole:
		t = "int"
	case contract.Number:
		t = "float"
	case contract.Truth:
		if f.When == contract.Always {
			return "bool"
		}
		return "bool = False"
	case contract.Texts, contract.Set:
		t = "tuple[" + f.Names.Type + ", ...]"
		if f.When != contract.Always {
			t += " = ()"
		}
		return t
	case contract.Object:
		t = f.Of.Go
	case contract.Text, contract.Named, contract.Named0:
		if t = "str"; f.Names != nil {
			t = f.Names.Type
			if !f.Names.Closed {
				t += ` | Literal["unknown"]`
			}
		}
	}
	if f.When != contract.Always {
		t += " | None = None"
	}
	return t
}

// pyWire returns the arguments by which a field is read and written: its key, form, presence,
// names and class.
func pyWire(f contract.Field) string {
	form := map[contract.Form]string{
		contract.Whole: "whole", contract.Number: "number", contract.Truth: "truth", contract.Text: "text", contract.Texts: "texts",
		contract.Named: "text", contract.Named0: "text", contract.Set: "texts", contract.Object: "object",
	}[f.Form]
	when := map[contract.Presence]string{contract.Always: "always", contract.Known: "known", contract.WithValue: "value"}[f.When]
	out := fmt.Sprintf("%q, %q, %q", f.Key, form, when)
	if f.Names != nil {
		values := f.Names.Const
		if slices.ContainsFunc(f.Names.List, func(n contract.Name) bool { return n.Number > len(f.Names.List) }) {
			values = "tuple(" + values + ".values())"
		}
		out += fmt.Sprintf(", names=%s", values)
		if f.Names.Closed {
			out += ", closed=True"
		}
	}
	if f.Of != nil {
		out += ", of=" + f.Of.Go
	}
	return out
}

// pyFigures writes the figures of finece_evaluate.
func pyFigures(b *strings.Builder) {
	b.WriteString("\n\n@dataclass(frozen=True, kw_only=True)\nclass Figures:\n    \"\"\"The figures of a set of pairs. One that the data do not define is NaN.\"\"\"\n\n")
	for _, f := range contract.Figures {
		fmt.Fprintf(b, "    %s: float\n%s", f.Name, pyDoc("    ", f.Doc))
	}
}

// pyCuts writes the table of cuts.
func pyCuts(b *strings.Builder) {
	b.WriteString("\n\nCUTS: Final[Mapping[str, tuple[float, float]]] = {\n")
	for _, c := range append(contract.Cuts, contract.Mapped) {
		fmt.Fprintf(b, "    %q: (%v, %v),  # %s\n", c.Of, c.Medium, c.High, c.From)
	}
	b.WriteString("}\n\"\"\"The lowest values of the words medium and high, by method, or by estimator if that has no method. The key \"\" is for values that went through a fitted map.\"\"\"\n")
}

const pyPrelude = `
Object: TypeAlias = Mapping[str, Any]
"""A file of finece calibrate, or a card, as JSON. The core checks its content."""

`

// pySettings writes the types of a session's settings, the defaults for evaluate and fuse, and
// the settings that the package's guardrail shares with the gateway.
func pySettings(b *strings.Builder) {
	b.WriteString(pyPrelude)
	pyTypedDict(b, "Instructions", instructionsDoc, "model.instructions", nil)
	pyTypedDict(b, "ModelSettings", "How a confidence model is asked, and how its reply is read.", "model", []string{`"instructions": Instructions`})
	pyTypedDict(b, "Settings", "The settings of a scored stream. Each has a default.", "", []string{`"model": ModelSettings`})
	for _, s := range append([]*contract.Setting{contract.Bins, contract.WithholdBelow}, fusion...) {
		fmt.Fprintf(b, "\n%s: Final = %v\n%s", strings.ToUpper(s.Name), s.Default, pyDoc("", upper(s.Help)+"."))
	}
	for _, s := range []*contract.Setting{contract.Failure, contract.Uncalibrated} {
		names, doc := `"`+strings.Join(s.Names, `", "`)+`"`, pyDoc("", upper(s.Help)+".")
		fmt.Fprintf(b, "\n%s: TypeAlias = Literal[%s]\n%s", upper(s.Name), names, doc)
		fmt.Fprintf(b, "\n%s: Final[tuple[%s, ...]] = (%s)\n%s", strings.ToUpper(s.Name), upper(s.Name), names, doc)
	}
}

// pyTypedDict writes the settings of an object. Some names are keywords of Python, so the
// members are in a dictionary.
func pyTypedDict(b *strings.Builder, name, doc, object string, more []string) {
	fmt.Fprintf(b, "%s = TypedDict(\n    %q,\n    {\n", name, name)
	for _, s := range contract.Session {
		if !s.In(object) {
			continue
		}
		help := upper(s.Help)
		if allowed := s.Range(); allowed != "" {
			help += strings.TrimRight("; "+allowed+" "+s.Unit, " ")
		}
		if s.Default != nil && s.Default != "" {
			help += fmt.Sprintf("; default %v", s.Default)
		}
		key := s.Name[strings.LastIndexByte(s.Name, '.')+1:]
		fmt.Fprintf(b, "        # %s.\n        %q: %s,\n", help, key, pySettingType(s))
	}
	for _, m := range more {
		fmt.Fprintf(b, "        %s,\n", m)
	}
	fmt.Fprintf(b, "    },\n    total=False,\n)\n%s\n", pyDoc("", doc))
}

var quoted = regexp.MustCompile(`"[^"]*"`)

// pySettingType returns a setting's type, made from its type in TypeScript.
func pySettingType(s *contract.Setting) string {
	switch t := s.Typed(); t {
	case "string", "Strategy":
		return "str"
	case "boolean":
		return "bool"
	case "number":
		if _, whole := s.Default.(int); whole {
			return "int"
		}
		return "float"
	case "Calibration", "Trajectory", "Card":
		return "Object"
	default:
		return quoted.ReplaceAllString(t, "Literal[$0]")
	}
}
