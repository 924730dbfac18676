package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/finece/finece/wasm/contract"
)

// documents are the files in which the text between these markers is generated. A file without
// the markers does not change:
//
//	<!-- providers -->
//	<!-- /providers -->
var documents = []string{"README.md"}

// filled returns a document with its tables.
func filled(root, path string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	for name, write := range map[string]func() string{"providers": providersTable} {
		if text, err = between(text, name, write()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return text, nil
}

// between returns text with content between the markers of that name.
func between(text []byte, name, content string) ([]byte, error) {
	begin, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- /"+name+" -->")
	i := bytes.Index(text, begin)
	if i < 0 {
		return text, nil
	}
	i += len(begin)
	n := bytes.Index(text[i:], end)
	if n < 0 {
		return nil, fmt.Errorf("%q is not closed by %q", bytes.TrimSpace(begin), end)
	}
	out := append([]byte{}, text[:i]...)
	return append(append(out, content...), text[i+n:]...), nil
}

// providersTable returns the README's table of providers. It has the columns that say whether
// streams can be scored; the documentation's page of providers has all columns.
func providersTable() string {
	var b strings.Builder
	b.WriteString("| provider or server | log-probabilities | request fields | notes | source |\n| --- | --- | --- | --- | --- |\n")
	for _, p := range contract.Providers {
		ask := p.Ask
		if ask != "" {
			ask = "`" + ask + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", p.Name, p.Logprobs, ask, p.Notes, p.Source)
	}
	return b.String()
}
