package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// listed is a line of the list of commands in a command's help.
var listed = regexp.MustCompile(`(?m)^  ([a-z]+) +\S`)

// commands returns the page of the command and its subcommands, made from their help.
func commands() (string, error) {
	dir, err := os.MkdirTemp("", "finece")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "finece")
	if out, err := exec.Command("go", "build", "-o", program, "./host/cmd/finece").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	var b strings.Builder
	b.WriteString("# The command\n\nThis is the help of `finece` and of its commands, as `finece COMMAND --help` prints it.\n")
	err = command(&b, program)
	return b.String(), err
}

func command(b *strings.Builder, program string, path ...string) error {
	help := exec.Command(program, append(path, "--help")...)
	help.Env = append(os.Environ(), "COLUMNS=100")
	out, err := help.Output()
	if err != nil {
		return fmt.Errorf("finece %s --help: %w", strings.Join(path, " "), err)
	}
	text := string(out)
	if len(path) > 0 {
		text, _, _ = strings.Cut(text, "\nExit codes:") // the same everywhere
	}
	fmt.Fprintf(b, "\n## %s\n\n```text\n%s\n```\n", strings.Join(append([]string{"finece"}, path...), " "), strings.TrimSpace(text))
	_, list, ok := strings.Cut(text, "\nAvailable Commands:\n")
	if !ok {
		return nil
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for _, found := range listed.FindAllStringSubmatch(list, -1) {
		if found[1] == "help" || found[1] == "completion" {
			continue
		}
		if err := command(b, program, append(path, found[1])...); err != nil {
			return err
		}
	}
	return nil
}
