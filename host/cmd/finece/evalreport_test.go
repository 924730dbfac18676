package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// hostile are names and values that would be markup, if they were not escaped.
var hostile = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</style><svg onload=alert(1)>`, `{{.Name}}`, `javascript:alert(1)`, "\x00\x1b[31m\u202e"}

// TestEvalReport writes a page of hostile names and values, and reads it as a browser does.
func TestEvalReport(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var in strings.Builder
	fmt.Fprintf(&in, "id,confidence,%s,correct,%s\n", csvCell(hostile[0]), csvCell(hostile[1]))
	for i := range 300 {
		c := rng.Float64()
		fmt.Fprintf(&in, "%d,%.3f,%.3f,%v,%s\n", i/2, c, rng.Float64(), rng.Float64() < c, csvCell(hostile[i%len(hostile)]))
	}
	in.WriteString("1,nothing,0,1,x\n")
	dir := t.TempDir()
	file := filepath.Join(dir, `<b onclick=alert(1)>.csv`)
	if err := os.WriteFile(file, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var pages []string
	for i := range 2 {
		path := filepath.Join(dir, fmt.Sprint(i, ".html"))
		finece(t, "", "eval", "--against", hostile[0], "--by", csvCell(hostile[1]), "--resamples", "20", "--report", path, file).wants(t, exit.Faults, "confidence is not a number: 1 (line 302)")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, string(page))
	}
	if pages[0] != pages[1] {
		t.Error("two reports of the same input differ")
	}
	root, err := html.Parse(strings.NewReader(pages[0]))
	if err != nil {
		t.Fatal(err)
	}
	drawings, text := 0, ""
	for n := range root.Descendants() {
		switch n.Type {
		case html.TextNode:
			text += n.Data + "\n"
		case html.ElementNode:
			switch n.Data {
			case "script", "img", "link", "iframe", "b":
				t.Errorf("the page has an element %s", n.Data)
			case "svg":
				drawings++
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "href" || a.Key == "src" || strings.Contains(a.Val, "url(") {
					t.Errorf("the element %s has %s=%q", n.Data, a.Key, a.Val)
				}
			}
		}
	}
	if want := 6 + len(hostile); drawings != want {
		t.Errorf("%d drawings, want %d", drawings, want)
	}
	for _, want := range append([]string{"<b onclick=alert(1)>.csv", "DeLong's test", "Left out: confidence is not a number: 1 (line 302)", "Within questions"}, hostile[:5]...) {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the page's text", want)
		}
	}
	if strings.Contains(pages[0], "@import") || strings.Contains(pages[0], "ZgotmplZ") {
		t.Error("the page has an import, or a value that the template has refused")
	}
}

func csvCell(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// TestEvalReportOfOneClass: a report on answers that are all correct has no ROC curve, and
// says why.
func TestEvalReportOfOneClass(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.html")
	finece(t, "confidence,correct\n0.5,1\n1,1\n", "eval", "--report", path, "-").wants(t, 0)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(page); strings.Contains(text, ">ROC<") || !strings.Contains(text, "Not defined here: all answers are correct or all are wrong.") || strings.Contains(text, "NaN") {
		t.Errorf("%s", text)
	}
	finece(t, "", "eval", "--report", "x.pdf", "-").wants(t, exit.Usage, "want a name that ends in .html")
	finece(t, "confidence,correct\n0.5,1\n", "eval", "--report", filepath.Join(t.TempDir(), "no", "r.html"), "-").wants(t, exit.IO, "--report: open")
}
