package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/finece/finece/wasm/contract"
)

// pyProviders writes the Python package's table of providers.
func pyProviders() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", notice)
	b.WriteString(`"""The providers and servers whose streams the core reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from finece._contract import Format


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider or server, and what is known about its log-probabilities."""

    name: str
    hosts: tuple[str, ...]
    """The ends of its hosts' names; none for a server that you run yourself."""
    format: Format
    logprobs: Literal["yes", "partly", "no", "unknown"]
    """Whether its streams have log-probabilities, if the request asks for them."""
    ask: str
    """The fields of a request that ask for log-probabilities, a JSON object."""
    notes: str
    """One line; empty if there is nothing to say."""


PROVIDERS: Final[tuple[Provider, ...]] = (
`)
	for _, p := range contract.Providers {
		hosts := ""
		for _, h := range contract.Hosts {
			if h.Name == p.Name {
				hosts += fmt.Sprintf("%q, ", h.Suffix)
			}
		}
		ask := "{" + p.Ask + "}"
		if !json.Valid([]byte(ask)) {
			return nil, fmt.Errorf("%s: %s is not a JSON object", p.Name, ask)
		}
		fmt.Fprintf(&b, "    Provider(%q, (%s), %q, %q, %q, %q),\n", p.Name, strings.TrimSuffix(hosts, " "), p.Format, p.Logprobs, ask, p.Notes)
	}
	b.WriteString(")\n\"\"\"The providers, hosted ones first.\"\"\"\n")
	return []byte(b.String()), nil
}
