// Command answers measures, on the built-in models, how much the gateway's policies improve the
// answers of a client, and how far a text that dictates its own score changes that score. It
// writes host/cmd/bench/ANSWERS.md:
//
//	answers                  all parts
//	answers in long          best-of and vote against the first answer and a majority vote, on
//	                         questions that the models know, and on longer ones
//	answers attempts         the attempts of package attempts
//
// The same seeds give the same answers on one machine. `make bench-answers` runs it, from the
// repository's root.
package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train/problems"
)

const (
	saved   = "build/bench/answers" // one file per part
	results = "host/cmd/bench/ANSWERS.md"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "answers:", err)
		os.Exit(1)
	}
}

var parts = []struct {
	name    string
	measure func(*models, *strings.Builder) error
}{{"in", policies(problems.InDomain)}, {"long", policies(problems.LongChains)}, {"attempts", dictated}}

func run(names []string) error {
	m, err := serveModels()
	if err != nil {
		return err
	}
	defer m.close()
	if err := os.MkdirAll(saved, 0o755); err != nil {
		return err
	}
	for _, part := range parts {
		if len(names) > 0 && !slices.Contains(names, part.name) {
			continue
		}
		var b strings.Builder
		if err := part.measure(m, &b); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		text := strings.Replace(b.String(), "DAY", time.Now().Format(time.DateOnly), 1)
		if err := os.WriteFile(filepath.Join(saved, part.name+".md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	all := "# Answers of the built-in models\n\nWritten by `make bench-answers`; do not edit. The command is documented in [answers/main.go](answers/main.go).\n"
	for _, part := range parts {
		text, err := os.ReadFile(filepath.Join(saved, part.name+".md"))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		all += string(text)
	}
	return os.WriteFile(results, []byte(all), 0o644)
}

// models are the built-in generator and its confidence model, served.
type models struct {
	*httptest.Server
	generator *lm.Engine
	engines   []*lm.Engine
}

func serveModels() (*models, error) {
	m := &models{}
	var served []lm.Served
	for _, name := range []string{weights.Generator, weights.Confidence} {
		loaded, err := weights.Load(name)
		if err != nil {
			return nil, err
		}
		e, err := lm.NewEngine(loaded, lm.DefaultOptions())
		if err != nil {
			return nil, err
		}
		m.engines = append(m.engines, e)
		served = append(served, lm.Served{Name: name, Engine: e})
	}
	m.generator = m.engines[0]
	server, err := lm.NewServer(served...)
	if err != nil {
		return nil, err
	}
	m.Server = httptest.NewServer(server)
	return m, nil
}

func (m *models) close() {
	m.Close()
	for _, e := range m.engines {
		e.Close()
	}
}
