package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/finece/finece/host/cmd/finece/internal/serve/metrics"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

const recordHead = `# The record

FineCE writes a confidence as a JSON object, a record. All parts use the same records: the streams of the gateway and the
Worker, ` + "`finece watch --json`" + `, the events of the npm and Python packages, and the lines of ` + "`finece score`" + `. A key
without a value is absent in JSON, and null in TypeScript. Readers have to ignore keys and types that they do not know. The JSON schema is
[record.json](https://github.com/finece/finece/blob/main/wasm/contract/schema/record.json).

In a stream, records are in the key ` + "`finece`" + ` of a chunk or in a comment line:

` + "```json" + `
{"finece": {"version": 1, "id": "...", "generator": "...", "events": [{"type": "confidence"}]}}
` + "```" + `
`

// record returns the page of the records, their parts, and the names in them.
func record() (string, error) {
	var b strings.Builder
	b.WriteString(recordHead)
	used := []*contract.Names{}
	for _, r := range slices.Concat(contract.Records, contract.Parts) {
		name := r.Type
		if name == "" {
			name = strings.ToLower(r.Go)
		}
		fmt.Fprintf(&b, "\n## %s {#%s}\n\nA `%s` %s\n", name, name, name, r.Doc)
		if r.Place {
			b.WriteString("The fields of [place](#place) come first.\n")
		}
		if len(r.Fields) == 0 {
			continue
		}
		b.WriteString("\n| key | value | present if | meaning |\n| --- | --- | --- | --- |\n")
		for _, f := range r.Fields {
			if f.Names != nil && !slices.Contains(used, f.Names) {
				used = append(used, f.Names)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Key, form(f), presence(f), cell(f.Doc))
		}
	}
	b.WriteString("\n## Names\n\nA reader treats a name that it does not know as `unknown`.\n")
	for _, n := range used {
		fmt.Fprintf(&b, "\n### %s {#%s}\n\n%s\n\n", n.Type, strings.ToLower(n.Type), n.Doc)
		for _, name := range n.List {
			if name.Text == "" {
				continue
			}
			fmt.Fprintf(&b, "- `%s`", name.Text)
			if name.Doc != "" {
				b.WriteString(": " + name.Doc)
			}
			b.WriteString("\n")
		}
	}
	return b.String(), nil
}

func form(f contract.Field) string {
	named := func() string { return fmt.Sprintf("[%s](#%s)", f.Names.Type, strings.ToLower(f.Names.Type)) }
	switch f.Form {
	case contract.Whole:
		return "whole number"
	case contract.Number:
		return "number"
	case contract.Truth:
		return "true or false"
	case contract.Object:
		name := strings.ToLower(f.Of.Go)
		return fmt.Sprintf("[%s](#%s)", name, name)
	case contract.Set, contract.Texts:
		if f.Names == nil {
			return "list of texts"
		}
		return "list of " + named()
	}
	if f.Names == nil {
		return "text"
	}
	return named()
}

func presence(f contract.Field) string {
	switch {
	case f.When == contract.Known:
		return "known"
	case f.When == contract.WithValue:
		return "`fused` is present"
	case f.Form == contract.Named0:
		return "there is one"
	}
	return "always"
}

const settingsHead = `# Settings

A setting has one name in four spellings: in a file of settings ` + "`withhold_below`" + `, as a flag ` + "`--withhold-below`" + `, in the
environment ` + "`FINECE_WITHHOLD_BELOW`" + `, and in TypeScript ` + "`withholdBelow`" + `. The tables have the spelling of files. A flag has
precedence over the environment, and the environment over the file. In the column "meaning", a word
before a colon says when a setting counts: "warn:" means with the policy warn, "periodic:" with the strategy periodic, and
"URL:" with the address of a confidence model as the estimator. The JSON schemas are
[settings.json](https://github.com/finece/finece/blob/main/wasm/contract/schema/settings.json) and, for the file of
` + "`finece serve --config`" + `, [serve.json](https://github.com/finece/finece/blob/main/wasm/contract/schema/serve.json).
`

// settingsPage returns the page of all settings, group by group.
func settingsPage() (string, error) {
	var b strings.Builder
	b.WriteString(settingsHead)
	settingsTable(&b, "Session", "of one stream, in the core", contract.Session)
	for _, g := range contract.Groups {
		settingsTable(&b, g.Name, g.Doc, g.Settings)
	}
	return b.String(), nil
}

func settingsTable(b *strings.Builder, name, doc string, settings []*contract.Setting) {
	fmt.Fprintf(b, "\n## %s\n\nThe settings %s.\n\n| name | default | values | meaning |\n| --- | --- | --- | --- |\n", name, doc)
	for _, s := range settings {
		values := s.Range()
		if len(s.Names) > 0 {
			values = strings.Join(s.Names, ", ")
		}
		if s.Unit != "" {
			values = strings.TrimSpace(values + " " + s.Unit)
		}
		value := ""
		if text := fmt.Sprint(s.Default); text != "" && text != "[]" {
			value = "`" + text + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", s.Name, value, cell(values), cell(s.Help))
	}
}

const providersHead = `# Providers

FineCE recognises the format of a stream by itself. A stream with log-probabilities needs no confidence model; any other
stream does. The last two columns:

- **Continuing** is how a request asks the server to continue a partial answer. The partial answer is always the last message.
  ` + "`continue-final`" + ` adds ` + "`continue_final_message`" + ` (true) and ` + "`add_generation_prompt`" + ` (false) to the request, ` + "`prefix`" + ` adds
  ` + "`prefix`" + ` (true) to the message, and ` + "`trailing`" + ` adds nothing. ` + "`none`" + ` means that the
  server cannot continue an answer, or that we do not know how.
- **Source** is where a row comes from. Recorded: we recorded streams of the server in November 2026. Documentation: we
  read about the request fields in a copy of the provider's documentation, which may be old. Not checked: ask your provider.

| provider or server | format | log-probabilities | request fields | notes | continuing | source |
| --- | --- | --- | --- | --- | --- | --- |
`

const serversHead = `
## Servers that you run

How each is installed and started, and what it cannot do. We ran all of them in November 2026, and ` + "`make test-servers`" + ` in
the repository runs FineCE's commands on some of them.
`

// providersPage is the page of the providers.
func providersPage() string {
	var b strings.Builder
	b.WriteString(providersHead)
	for _, p := range contract.Providers {
		ask := p.Ask
		if ask != "" {
			ask = "`" + ask + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s |\n", p.Name, p.Format, p.Logprobs, ask, cell(p.Notes), p.Continue, p.Source)
	}
	b.WriteString(serversHead)
	for _, s := range contract.LocalServers {
		fmt.Fprintf(&b, "\n### %s\n\nVersion: %s.\n\n```sh\n", s.Provider, s.Version)
		if s.Install != "" {
			fmt.Fprintln(&b, s.Install)
		}
		fmt.Fprintf(&b, "%s\n```\n\n", s.Start)
		for _, note := range s.Notes {
			fmt.Fprintf(&b, "- %s\n", cell(note))
		}
	}
	return b.String()
}

// described finds the parts of a metric's description, which the library returns only as text.
var described = regexp.MustCompile(`fqName: "([^"]+)", help: "([^"]*)".*variableLabels: \{([^}]*)\}`)

// metricsPage returns the page of the metrics of finece serve.
func metricsPage() (string, error) {
	m := metrics.New(func() gateway.Breaker { return gateway.BreakerClosed })
	to := make(chan *prometheus.Desc)
	go func() { m.Describe(to); close(to) }()
	var rows []string
	for d := range to {
		parts := described.FindStringSubmatch(d.String())
		if parts == nil || !strings.HasPrefix(parts[1], "finece_") {
			continue
		}
		labels := parts[3]
		if parts[1] == "finece_breaker" {
			labels = "state"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", parts[1], strings.ReplaceAll(labels, ",", ", "), cell(parts[2])))
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	if len(rows) < 10 {
		return "", fmt.Errorf("%d metrics were described", len(rows))
	}
	return "# Metrics\n\n`finece serve --metrics-listen ADDRESS` serves these metrics to Prometheus, with the metrics of the Go runtime and the process.\n" +
		"The repository has a [Grafana dashboard](https://github.com/finece/finece/blob/main/host/cmd/finece/grafana.json).\n\n" +
		"| name | labels | meaning |\n| --- | --- | --- |\n" + strings.Join(rows, ""), nil
}

// cell returns a text for the cell of a table. It escapes markup, except in code.
func cell(text string) string {
	parts := strings.Split(strings.ReplaceAll(text, "|", "\\|"), "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer("<", "&lt;", "{{", "&#123;&#123;", "*", "\\*").Replace(parts[i])
	}
	return strings.Join(parts, "`")
}
