package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/finece/finece"

// packages are the Go packages for users.
var packages = []string{
	"position", "bci", "metrics", "metrics/calibrate", "metrics/calibrate/fit",
	"wasm", "wasm/stream", "wasm/estimate", "wasm/session", "wasm/calibration", "wasm/contract", "wasm/contract/record",
	"host", "host/wazero", "host/follow", "host/model", "host/gateway", "host/guardrail", "host/openai",
	"host/grade", "host/construct", "host/train", "host/trajectory", "host/baseline", "host/batch", "host/lm",
}

func goPage(path string) string { return strings.ReplaceAll(path, "/", "-") + ".md" }

// goIndex lists the packages with the first sentence of each.
func goIndex() (string, error) {
	var b strings.Builder
	b.WriteString("# Go packages\n\n`go get " + module + "` gets all of them.\n\n| package | what it does |\n| --- | --- |\n")
	for _, path := range packages {
		p, _, err := load(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| [%s](./%s) | %s |\n", path, strings.TrimSuffix(goPage(path), ".md"), cell(p.Synopsis(p.Doc)))
	}
	return b.String(), nil
}

// load reads a package's comments and exported declarations.
func load(path string) (*doc.Package, *token.FileSet, error) {
	files := token.NewFileSet()
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, nil, err
	}
	var parsed []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(files, filepath.Join(path, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, nil, err
		}
		parsed = append(parsed, f)
	}
	p, err := doc.NewFromFiles(files, parsed, module+"/"+path)
	return p, files, err
}

// goPackage returns the page of a package.
func goPackage(path, title string) (string, error) {
	p, files, err := load(path)
	if err != nil {
		return "", err
	}
	page := &goWriter{pkg: p, files: files}
	fmt.Fprintf(page, "# %s\n\n```go\nimport \"%s\"\n```\n\n", title, p.ImportPath)
	page.comment(p.Doc, 2)
	page.values("Constants", p.Consts)
	page.values("Variables", p.Vars)
	for _, f := range p.Funcs {
		page.function(f)
	}
	for _, t := range p.Types {
		fmt.Fprintf(page, "\n## type %s {#%s}\n\n", t.Name, t.Name)
		page.code(t.Decl)
		page.comment(t.Doc, 4)
		for _, v := range append(t.Consts, t.Vars...) {
			page.value(v)
		}
		for _, f := range append(t.Funcs, t.Methods...) {
			page.function(f)
		}
	}
	return page.String(), page.err
}

// goWriter writes a page about a package.
type goWriter struct {
	bytes.Buffer
	pkg   *doc.Package
	files *token.FileSet
	err   error
}

// comment writes a comment. level is the level of its headings.
func (w *goWriter) comment(text string, level int) {
	printer := w.pkg.Printer()
	printer.HeadingLevel = level
	printer.HeadingID = func(*comment.Heading) string { return "" }
	printer.DocLinkURL = func(link *comment.DocLink) string {
		if link.ImportPath == "" || link.ImportPath == w.pkg.ImportPath {
			if link.Recv == "" {
				return "#" + link.Name
			}
			if !w.hasMethod(link.Recv, link.Name) { // a field stands in its type
				return "#" + link.Recv
			}
			return "#" + link.Recv + "." + link.Name
		}
		return link.DefaultURL("https://pkg.go.dev")
	}
	out := printer.Markdown(w.pkg.Parser().Parse(text))
	w.WriteString(strings.ReplaceAll(fenced(out), "{{", "&#123;&#123;") + "\n")
}

func (w *goWriter) hasMethod(of, name string) bool {
	for _, t := range w.pkg.Types {
		if t.Name == of {
			return slices.ContainsFunc(t.Methods, func(m *doc.Func) bool { return m.Name == name })
		}
	}
	return false
}

// fenced turns code that is indented by a tab into fenced code. In fenced code, the site's
// generator reads nothing as markup.
func fenced(text []byte) string {
	var out strings.Builder
	code, blank := false, 0
	for line := range strings.Lines(string(text)) {
		if line == "\n" {
			blank++
			continue
		}
		inCode := strings.HasPrefix(line, "\t")
		if code && !inCode {
			out.WriteString("```\n")
		}
		out.WriteString(strings.Repeat("\n", blank))
		if inCode && !code {
			out.WriteString("```text\n")
		}
		out.WriteString(strings.TrimPrefix(line, "\t"))
		code, blank = inCode, 0
	}
	if code {
		out.WriteString("```\n")
	}
	return out.String()
}

func (w *goWriter) values(title string, values []*doc.Value) {
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n", title)
	for _, v := range values {
		w.value(v)
	}
}

// value writes a declaration of constants or variables, with a place for each name.
func (w *goWriter) value(v *doc.Value) {
	for _, name := range v.Names {
		if ast.IsExported(name) {
			fmt.Fprintf(w, `<span id="%s"></span>`, name)
		}
	}
	w.WriteString("\n\n")
	w.code(v.Decl)
	w.comment(v.Doc, 4)
}

func (w *goWriter) function(f *doc.Func) {
	name := f.Name
	if f.Recv != "" {
		name = strings.Trim(f.Recv, "*") + "." + f.Name
	}
	fmt.Fprintf(w, "\n### func %s {#%s}\n\n", name, name)
	w.code(f.Decl)
	w.comment(f.Doc, 4)
}

// code writes a declaration without a function's body.
func (w *goWriter) code(decl ast.Decl) {
	if f, ok := decl.(*ast.FuncDecl); ok {
		f.Body = nil
	}
	w.WriteString("```go\n")
	if err := format.Node(w, w.files, decl); err != nil && w.err == nil {
		w.err = err
	}
	w.WriteString("\n```\n\n")
}
