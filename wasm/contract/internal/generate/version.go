package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/finece/finece/wasm/contract"
)

// versioned has the files that state the version of a package, and the place in each of them.
var versioned = map[string]*regexp.Regexp{
	"www/package.json":           regexp.MustCompile(`("name": "finece",\n\s+"version": ")[^"]+`),
	"www/package-lock.json":      regexp.MustCompile(`("name": "finece",\n\s+"version": ")[^"]+`),
	"host/python/pyproject.toml": regexp.MustCompile(`(name = "finece"\nversion = ")[^"]+`),
}

// withVersion returns a file with the version of the contract.
func withVersion(root, path string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	place := versioned[path]
	if !place.Match(text) {
		return nil, fmt.Errorf("%s: no version after the package's name", path)
	}
	return place.ReplaceAll(text, []byte("${1}"+contract.Version)), nil
}
