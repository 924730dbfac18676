package main

import (
	"fmt"
	"go/format"
	"slices"
	"strings"

	"github.com/finece/finece/wasm/contract"
)

// goRecords writes the records' types, their encoder and their reader.
func goRecords() ([]byte, error) {
	var b strings.Builder
	b.WriteString("// " + notice + `

package record

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)
`)
	b.WriteString("\n// The values of the key \"type\".\nconst (\n")
	for _, r := range contract.Records {
		fmt.Fprintf(&b, "\tType%s = %q\n", r.Go, r.Type)
	}
	b.WriteString(")\n")
	for _, n := range []*contract.Names{contract.Estimators, contract.Actions, contract.Words} {
		goNames(&b, n)
	}
	goCuts(&b)
	for _, r := range slices.Concat(contract.Records, contract.Parts) {
		goType(&b, r)
		goReset(&b, r)
		goMembers(&b, r)
		goField(&b, r)
	}
	return format.Source([]byte(b.String()))
}

// goNames writes the constants of names that are defined in package contract.
func goNames(b *strings.Builder, n *contract.Names) {
	fmt.Fprintf(b, "\n// %s\nconst (\n", strings.ReplaceAll(n.Doc, "`", "\""))
	for _, name := range n.List {
		fmt.Fprintf(b, "\t%s%s = %q // %s\n", n.Prefix, strings.ToUpper(name.Text[:1])+name.Text[1:], name.Text, name.Doc)
	}
	b.WriteString(")\n")
}

// goCuts writes the table of cuts.
func goCuts(b *strings.Builder) {
	b.WriteString("\n// cuts has the cut points by method, or by estimator if that has no method. The key \"\" is\n// for values that went through a fitted map.\nvar cuts = map[string]cut{\n")
	for _, c := range append(contract.Cuts, contract.Mapped) {
		fmt.Fprintf(b, "\t%q: {%v, %v}, // %s\n", c.Of, c.Medium, c.High, c.From)
	}
	b.WriteString("}\n")
}

func goType(b *strings.Builder, r *contract.Record) {
	fmt.Fprintf(b, "\n// %s %s\ntype %s struct {\n", r.Go, r.Doc, r.Go)
	if r.Place {
		b.WriteString("\tPlace\n")
	}
	for _, f := range r.Fields {
		doc := f.Doc
		if f.When == contract.Known {
			doc += absent(f)
		}
		fmt.Fprintf(b, "\t%s %s `json:%q` // %s\n", f.Go, goKind(f), f.Key, strings.ReplaceAll(doc, "`", `"`))
	}
	b.WriteString("}\n")
	switch {
	case r == contract.Place: // Position and Confidence would get its methods
	case r.Type == "":
		fmt.Fprintf(b, `
// AppendJSON appends r as one JSON object on one line.
func (r *%[1]s) AppendJSON(dst []byte) []byte {
	w := writer{append(dst, '{')}
	r.members(&w)
	return append(w.b, '}')
}

// MarshalJSON is AppendJSON, for package encoding/json.
func (r %[1]s) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// UnmarshalJSON reads what AppendJSON writes.
func (r *%[1]s) UnmarshalJSON(data []byte) error { return unmarshal(%[2]q, data, r) }
`, r.Go, strings.ToLower(r.Go))
	default:
		goMethods(b, r)
	}
}

// goMethods writes the exported methods of a record.
func goMethods(b *strings.Builder, r *contract.Record) {
	fmt.Fprintf(b, `
// Type returns %[2]q.
func (*%[1]s) Type() string { return %[2]q }

// AppendJSON appends the record as one JSON object on one line.
func (r *%[1]s) AppendJSON(dst []byte) []byte {
	w := writer{append(dst, `+"`{\"type\":%[2]q`"+`...)}
	r.members(&w)
	return append(w.b, '}')
}

// MarshalJSON is AppendJSON, for package encoding/json.
func (r %[1]s) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// UnmarshalJSON reads what AppendJSON writes.
func (r *%[1]s) UnmarshalJSON(data []byte) error { return unmarshal(%[2]q, data, r) }
`, r.Go, r.Type)
}

// absent says which value of an optional field means that the key is absent.
func absent(f contract.Field) string {
	switch f.Form {
	case contract.Number:
		return "; NaN if not known"
	case contract.Whole:
		return "; -1 if there is none"
	}
	return ""
}

func goKind(f contract.Field) string {
	switch f.Form {
	case contract.Whole:
		if f.Int {
			return "int"
		}
		return "int64"
	case contract.Number:
		return "float64"
	case contract.Truth:
		return "bool"
	case contract.Text:
		return "string"
	case contract.Texts:
		return "[]string"
	case contract.Object:
		return f.Of.Go
	}
	return f.Names.Go
}

// goReset makes every optional field absent.
func goReset(b *strings.Builder, r *contract.Record) {
	fmt.Fprintf(b, "\nfunc (r *%s) reset() {\n\t*r = %s{}\n", r.Go, r.Go)
	if r.Place {
		b.WriteString("\tr.Place.reset()\n")
	}
	for _, f := range r.Fields {
		switch {
		case f.Form == contract.Object:
			fmt.Fprintf(b, "\tr.%s.reset()\n", f.Go)
		case f.When == contract.Always:
		case f.Form == contract.Number:
			fmt.Fprintf(b, "\tr.%s = nan\n", f.Go)
		case f.Form == contract.Whole:
			fmt.Fprintf(b, "\tr.%s = -1\n", f.Go)
		}
	}
	b.WriteString("}\n")
}

// goMembers writes the method that appends a record's members.
func goMembers(b *strings.Builder, r *contract.Record) {
	fmt.Fprintf(b, "\nfunc (r *%s) members(w *writer) {\n", r.Go)
	if r.Place {
		b.WriteString("\tr.Place.members(w)\n")
	}
	for _, f := range r.Fields {
		condition := goKnown(r, f)
		if condition != "" {
			fmt.Fprintf(b, "\tif %s {\n", condition)
		}
		if f.Form == contract.Object {
			fmt.Fprintf(b, "\tw.key(%q)\n\tw.b = r.%s.AppendJSON(w.b)\n", f.Key, f.Go)
		} else {
			fmt.Fprintf(b, "\tw.%s\n", goWrite(f))
		}
		if condition != "" {
			b.WriteString("\t}\n")
		}
	}
	b.WriteString("}\n")
	if r.Type == "" && r != contract.Place {
		fmt.Fprintf(b, "\nfunc (r *%s) known() bool {\n\treturn %s\n}\n", r.Go, anyKnown(r))
	}
}

// anyKnown is the condition under which a part of a record has a field.
func anyKnown(r *contract.Record) string {
	var conditions []string
	for _, f := range r.Fields {
		conditions = append(conditions, goKnown(r, f))
	}
	return strings.Join(conditions, " || ")
}

// goKnown is the condition under which a field is written, "" for always.
func goKnown(r *contract.Record, f contract.Field) string {
	field := "r." + f.Go
	switch {
	case f.When == contract.Always:
		return ""
	case f.When == contract.WithValue:
		return "r.HasValue()"
	}
	switch f.Form {
	case contract.Whole:
		return field + " >= 0"
	case contract.Number:
		return field + " == " + field
	case contract.Truth:
		return field
	case contract.Text:
		return field + ` != ""`
	case contract.Texts:
		return "len(" + field + ") > 0"
	case contract.Object:
		return field + ".known()"
	}
	return field + " != 0"
}

func goWrite(f contract.Field) string {
	field := "r." + f.Go
	switch f.Form {
	case contract.Whole:
		if f.Int {
			field = "int64(" + field + ")"
		}
		return fmt.Sprintf("whole(%q, %s)", f.Key, field)
	case contract.Number:
		return fmt.Sprintf("number(%q, %s)", f.Key, field)
	case contract.Truth:
		return fmt.Sprintf("truth(%q, %s)", f.Key, field)
	case contract.Text:
		return fmt.Sprintf("text(%q, %s)", f.Key, field)
	case contract.Texts:
		return fmt.Sprintf("texts(%q, %s)", f.Key, field)
	case contract.Set:
		return fmt.Sprintf("kinds(%q, %s)", f.Key, field)
	}
	name := f.Names.GoName
	if method, ok := strings.CutPrefix(name, f.Names.Go+"."); ok {
		return fmt.Sprintf("text(%q, %s.%s())", f.Key, field, method)
	}
	return fmt.Sprintf("text(%q, %s(%s))", f.Key, name, field)
}

// goField writes the method that reads the value of a key.
func goField(b *strings.Builder, r *contract.Record) {
	fmt.Fprintf(b, "\nfunc (r *%s) field(from *reader, key []byte) bool {\n", r.Go)
	if len(r.Fields) == 0 {
		b.WriteString("\treturn r.Place.field(from, key)\n}\n")
		return
	}
	b.WriteString("\tswitch string(key) {\n")
	for _, f := range r.Fields {
		fmt.Fprintf(b, "\tcase %q:\n\t\t%s\n", f.Key, goRead(f))
	}
	b.WriteString("\tdefault:\n")
	if r.Place {
		b.WriteString("\t\treturn r.Place.field(from, key)\n")
	} else {
		b.WriteString("\t\treturn false\n")
	}
	b.WriteString("\t}\n\treturn true\n}\n")
}

func goRead(f contract.Field) string {
	read := ""
	switch f.Form {
	case contract.Whole:
		read = fmt.Sprintf("from.whole(%q)", f.Key)
		if f.Int {
			read = "int(" + read + ")"
		}
	case contract.Number:
		read = fmt.Sprintf("from.number(%q)", f.Key)
	case contract.Truth:
		read = fmt.Sprintf("from.truth(%q)", f.Key)
	case contract.Text:
		read = fmt.Sprintf("from.text(%q)", f.Key)
	case contract.Texts:
		read = fmt.Sprintf("from.texts(%q)", f.Key)
	case contract.Set:
		read = fmt.Sprintf("from.kinds(%q)", f.Key)
	case contract.Object:
		return fmt.Sprintf("from.part(%q, &r.%s)", f.Key, f.Go)
	default:
		read = fmt.Sprintf("named(from, %q, %s)", f.Key, f.Names.GoName)
	}
	return fmt.Sprintf("r.%s = %s", f.Go, read)
}
