package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
)

// typeScript writes www/src/contract.ts.
func typeScript() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "/* eslint-disable max-lines */\n// %s\n", notice)
	tsABI(&b)
	for _, n := range contract.TypeScript() {
		tsNames(&b, n)
	}
	tsRecords(&b)
	tsFigures(&b)
	tsCuts(&b)
	tsSettings(&b)
	return []byte(b.String()), nil
}

func tsDoc(b *strings.Builder, indent, text string) {
	fmt.Fprintf(b, "\n%s/** %s */\n", indent, text)
}

// tsABI writes what finece.wasm exports.
func tsABI(b *strings.Builder) {
	tsDoc(b, "", "The ABI version that this package speaks, as `finece_abi()` returns it.")
	fmt.Fprintf(b, "export const ABI_VERSION = %d;\n", abi.Version)
	tsDoc(b, "", "The most bytes that one call of the core takes.")
	fmt.Fprintf(b, "export const MAX_INPUT = %d;\n", abi.MaxInput)
	tsDoc(b, "", "The most bytes that finece_evaluate takes.")
	fmt.Fprintf(b, "export const MAX_PAIRS = %d;\n", abi.MaxPairs)
	tsDoc(b, "", "The functions that a core exports, with their numbers of parameters.")
	b.WriteString("export const FUNCTIONS = {\n  _initialize: 0,\n")
	for _, f := range abi.Functions {
		fmt.Fprintf(b, "  %s: %d,\n", f.Name, len(f.Params))
	}
	b.WriteString("} as const;\n")
	tsDoc(b, "", "The name of one of a core's functions.")
	b.WriteString("export type FunctionName = keyof typeof FUNCTIONS;\n")
}

// tsCuts writes the table of cuts.
func tsCuts(b *strings.Builder) {
	tsDoc(b, "", "The words for a certainty: the lowest values that are `medium` and `high`, by method, or by estimator if that has no method. The key `\"\"` is for values that went through a fitted map.")
	b.WriteString("export const CUTS: Readonly<Record<string, readonly [number, number]> & Record<\"\", readonly [number, number]>> = {\n")
	for _, c := range append(contract.Cuts, contract.Mapped) {
		fmt.Fprintf(b, "  /** Source: %s. */\n  %q: [%v, %v],\n", c.From, c.Of, c.Medium, c.High)
	}
	b.WriteString("};\n")
}

// tsFigures writes the figures of finece_evaluate.
func tsFigures(b *strings.Builder) {
	names := make([]string, len(contract.Figures))
	for i, f := range contract.Figures {
		names[i] = fmt.Sprintf("%q", f.Name)
	}
	tsDoc(b, "", "The figures that the core computes.")
	fmt.Fprintf(b, "export const FIGURES = [%s] as const;\n", strings.Join(names, ", "))
	tsDoc(b, "", "The figures of a set of pairs. One that the data do not define is NaN.")
	b.WriteString("export interface Figures {\n")
	for _, f := range contract.Figures {
		fmt.Fprintf(b, "  /** %s */\n  readonly %s: number;\n", f.Doc, f.Name)
	}
	b.WriteString("}\n")
}

// tsNames writes a list of names and its type. If the numbers begin with 1, the list begins
// with "". If numbers are missing between, the list is an object by number.
func tsNames(b *strings.Builder, n *contract.Names) {
	tsDoc(b, "", n.Doc)
	entries, sparse, exclude := []string{}, false, false
	for i, name := range n.List {
		if n.Prefix != "" {
			name.Number = i
		}
		if i == 0 && name.Number == 1 && !n.Bits {
			entries, exclude = append(entries, `""`), true
		}
		sparse = sparse || name.Number != len(entries)
		entries = append(entries, fmt.Sprintf("%q", name.Text))
	}
	if sparse {
		tsSparse(b, n)
		return
	}
	fmt.Fprintf(b, "export const %s = [%s] as const;\n", n.Const, wrapped(entries))
	tsDoc(b, "", n.Doc)
	if exclude {
		fmt.Fprintf(b, "export type %s = Exclude<(typeof %s)[number], \"\">;\n", n.Type, n.Const)
	} else {
		fmt.Fprintf(b, "export type %s = (typeof %s)[number];\n", n.Type, n.Const)
	}
}

func tsSparse(b *strings.Builder, n *contract.Names) {
	var entries, texts []string
	for _, name := range n.List {
		entries = append(entries, fmt.Sprintf("%d: %q", name.Number, name.Text))
		if text := fmt.Sprintf("| %q", name.Text); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	fmt.Fprintf(b, "export type %s =\n  %s;\n", n.Type, strings.Join(texts, "\n  "))
	tsDoc(b, "", n.Doc+" By number.")
	fmt.Fprintf(b, "export const %s: Readonly<Record<number, %s>> = {%s};\n", n.Const, n.Type, wrapped(entries))
}

// wrapped joins entries by commas, on one line if that is short, otherwise on
// lines of at most about 110 characters.
func wrapped(entries []string) string {
	if short := strings.Join(entries, ", "); len(short) < 70 {
		return short
	}
	var b strings.Builder
	line := " "
	for _, e := range entries {
		if len(line)+len(e) > 110 {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + e + ","
	}
	return "\n" + b.String() + line + "\n"
}

// tsRecords writes the types of records.
func tsRecords(b *strings.Builder) {
	tsDoc(b, "", "The version of the records that this package reads.")
	fmt.Fprintf(b, "export const RECORD_VERSION = %d;\n", record.Version)
	for _, r := range slices.Concat(contract.Parts, contract.Records) {
		name, extends := r.Go, ""
		if r.Type != "" {
			name += "Record"
		}
		if r.Place {
			extends = " extends Place"
		}
		tsDoc(b, "", r.Go+" "+r.Doc)
		fmt.Fprintf(b, "export interface %s%s {\n", name, extends)
		if r.Type != "" {
			fmt.Fprintf(b, "  readonly type: %q;\n", r.Type)
		}
		for _, f := range r.Fields {
			fmt.Fprintf(b, "  /** %s. */\n  readonly %s: %s;\n", upper(f.Doc), f.Key, tsType(f))
		}
		b.WriteString("}\n")
	}
	var types, defaults []string
	for _, r := range contract.Records {
		types = append(types, r.Go+"Record")
		defaults = append(defaults, fmt.Sprintf("  %s: { %s },\n", r.Type, strings.Join(tsDefaults(r), ", ")))
	}
	for _, r := range []*contract.Record{contract.Source, contract.Entropy} {
		defaults = append(defaults, fmt.Sprintf("  %s: { %s },\n", strings.ToLower(r.Go), strings.Join(tsDefaults(r), ", ")))
	}
	tsDoc(b, "", "Every record.")
	fmt.Fprintf(b, "export type FineceRecord =\n  | %s;\n", strings.Join(types, " | "))
	tsDoc(b, "", "The values of keys that are absent on the wire, by the type of the record, and for a source and an entropy.")
	fmt.Fprintf(b, "export const RECORD_DEFAULTS = {\n%s} as const;\n", strings.Join(defaults, ""))
	tsDoc(b, "", "The value of the key `finece` of a chunk or of a whole answer.")
	b.WriteString("export interface Envelope {\n  readonly version: number;\n  readonly id: string | null;\n  readonly generator: string | null;\n  readonly events: readonly FineceRecord[];\n}\n")
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// tsType returns a field's type, with null if the key may be absent.
func tsType(f contract.Field) string {
	t := ""
	switch f.Form {
	case contract.Whole, contract.Number:
		t = "number"
	case contract.Truth:
		return "boolean"
	case contract.Texts, contract.Set:
		return "readonly " + f.Names.Type + "[]"
	case contract.Object:
		t = f.Of.Go
	case contract.Text, contract.Named, contract.Named0:
		if t = "string"; f.Names != nil {
			t = f.Names.Type
			if !f.Names.Closed {
				t += ` | "unknown"`
			}
		}
	}
	if f.When != contract.Always {
		t += " | null"
	}
	return t
}

// tsDefaults returns the values of the keys that may be absent.
func tsDefaults(r *contract.Record) []string {
	var list []string
	for _, f := range fieldsOf(r) {
		if f.When == contract.Always {
			continue
		}
		value := "null"
		switch f.Form {
		case contract.Truth:
			value = "false"
		case contract.Texts, contract.Set:
			value = "[]"
		}
		list = append(list, f.Key+": "+value)
	}
	return list
}
