// Command notice writes host/cmd/finece/NOTICE: the licences of all modules that the command
// finece links. Each copy of the command comes with that file. `make notice` runs it from the
// repository's root. A test fails when a module is missing.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	command = "./host/cmd/finece"
	target  = "host/cmd/finece/NOTICE"
	own     = "github.com/finece/finece"
)

// systems are the operating systems of releases. They link different modules.
var systems = []string{"linux", "darwin", "windows"}

const head = `FineCE is under the MIT License; see LICENSE. The command finece is linked with the
modules below, and finece.wasm with Go's standard library and TinyGo's runtime. Each
licence stands after the modules that are under it.

Data: host/lm/weights was trained from scratch on problems of this project's own.
host/experiment/real/data, which is in the repository and not in the command, has a
NOTICE of its own.

Made by "make notice".
`

// tinygo is the module whose runtime is linked into finece.wasm; wasm/toolchain names it.
const tinygo = "github.com/tinygo-org/tinygo"

func main() {
	text, err := notice()
	if err == nil {
		err = os.WriteFile(target, text, 0o644)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "notice: %v\n", err)
		os.Exit(1)
	}
}

// notice is the file's content. Modules whose texts have the same words share one.
func notice() ([]byte, error) {
	linked, err := modules(".", systems, command)
	if err != nil {
		return nil, err
	}
	listed, err := list("wasm/toolchain", "", "-m", "-f", format, tinygo)
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	linked = append(linked, "Go's standard library\t"+runtime.Version()+"\t"+strings.TrimSpace(string(root)))
	linked = append(linked, listed...)
	var order []string             // texts
	under := map[string][]string{} // modules, by the words of the text
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	for _, line := range linked {
		field := strings.Split(line, "\t")
		texts, err := licences(field[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field[0], err)
		}
		for _, text := range texts {
			if under[words(text)] == nil {
				order = append(order, text)
			}
			under[words(text)] = append(under[words(text)], field[0]+" "+field[1])
		}
	}
	out := bytes.NewBufferString(head)
	for _, text := range order {
		fmt.Fprintf(out, "\n%s\n\n", strings.Repeat("=", 80))
		for _, name := range slices.Compact(under[words(text)]) {
			fmt.Fprintln(out, name)
		}
		fmt.Fprintf(out, "\n%s\n", text)
	}
	return out.Bytes(), nil
}

// format is the format of a listed module: path, version and folder, separated by tabs.
const format = "{{.Path}}\t{{.Version}}\t{{.Dir}}"

// modules returns the modules that packages link on any of the systems, sorted by path.
func modules(dir string, systems []string, packages ...string) ([]string, error) {
	var all []string
	for _, system := range systems {
		lines, err := list(dir, system, append([]string{"-deps", "-f", "{{with .Module}}" + format + "{{end}}"}, packages...)...)
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(line string) bool { return strings.HasPrefix(line, own+"\t") }), nil
}

// list runs go list in a folder, and returns the lines that are not empty.
func list(dir, system string, args ...string) ([]string, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if system != "" {
		cmd.Env = append(cmd.Env, "GOOS="+system)
	}
	out, err := cmd.Output()
	if err != nil {
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			err = fmt.Errorf("go list: %s", bytes.TrimSpace(e.Stderr))
		}
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return line == "" }), nil
}

// licences returns the texts of the licence files in a module's folder.
func licences(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("no licence file in %s", dir)
	}
	return texts, nil
}
