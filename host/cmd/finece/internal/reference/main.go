// Command reference writes the reference pages of the documentation site, in Markdown:
// records, settings, commands, metrics, the ABI, and the API of the Go packages. The pages are
// made from the tables and comments of the code. `make docs` runs it from the repository's root.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// pages has the function that writes each page, by the page's path in the folder.
var pages = map[string]func() (string, error){
	"record.md":    record,
	"settings.md":  settingsPage,
	"command.md":   commands,
	"metrics.md":   metricsPage,
	"providers.md": func() (string, error) { return providersPage(), nil },
	"abi.md":       func() (string, error) { return goPackage("wasm/abi", "The WebAssembly interface") },
	"http.md":      func() (string, error) { return goPackage("host/gateway", "HTTP") },
	"faults.md":    faults,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "reference: %v\n", err)
		os.Exit(1)
	}
}

// write writes all pages, and one for each Go package.
func write(folder string) error {
	for _, path := range packages {
		pages[filepath.Join("go", goPage(path))] = func() (string, error) { return goPackage(path, "Package "+path) }
	}
	pages["go/index.md"] = goIndex
	for name, page := range pages {
		text, err := page()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// faults returns the table of faults of host/gateway.
func faults() (string, error) {
	text, err := os.ReadFile("host/gateway/FAULTS.md")
	return string(text), err
}
