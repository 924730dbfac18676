package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/finece/finece/wasm/contract"
)

// providersModule writes www/src/providers-table.ts.
func providersModule() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "// %s\nimport type { Format } from \"./config.js\";\n", notice)
	tsDoc(&b, "", "A provider or server, and what is known about its log-probabilities.")
	b.WriteString(`export interface Provider {
  readonly name: string;
  /** The ends of its hosts' names; none for a server that you run yourself. */
  readonly hosts: readonly string[];
  readonly format: Format;
  /** Whether its streams have log-probabilities, if the request asks for them. */
  readonly logprobs: "yes" | "partly" | "no" | "unknown";
  /** The fields of a request that ask for log-probabilities. */
  readonly ask: Readonly<Record<string, unknown>>;
  /** One line; empty if there is nothing to say. */
  readonly notes: string;
}
`)
	tsDoc(&b, "", "The providers and servers whose streams the core reads.")
	b.WriteString("export const PROVIDERS: readonly Provider[] = [\n")
	for _, p := range contract.Providers {
		hosts := []string{}
		for _, h := range contract.Hosts {
			if h.Name == p.Name {
				hosts = append(hosts, h.Suffix)
			}
		}
		var ask bytes.Buffer
		if err := json.Compact(&ask, []byte("{"+p.Ask+"}")); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		list, err := json.Marshal(hosts)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "  { name: %q, hosts: %s, format: %q, logprobs: %q, ask: %s, notes: %q },\n", p.Name, list, p.Format, p.Logprobs, ask.String(), p.Notes)
	}
	b.WriteString("];\n")
	tsDoc(&b, "", "The ends of the paths of requests, and the format of the answers. The first entry that matches applies.")
	b.WriteString("export const PATHS: readonly (readonly [string, Format])[] = [\n")
	for _, p := range contract.Paths {
		fmt.Fprintf(&b, "  [%q, %q],\n", p.Suffix, p.Format)
	}
	b.WriteString("];\n")
	return []byte(b.String()), nil
}
