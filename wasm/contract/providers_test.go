package contract

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/finece/finece/wasm/stream"
)

func TestEveryFormatHasAProvider(t *testing.T) {
	for _, f := range stream.Formats() {
		if f == stream.Auto || f == stream.Text {
			continue
		}
		if !slices.ContainsFunc(Providers, func(p Provider) bool { return p.Format == f }) {
			t.Errorf("no provider with the format %s", f)
		}
	}
}

func TestProvidersAreWhole(t *testing.T) {
	for _, p := range Providers {
		if ask := "{" + p.Ask + "}"; !json.Valid([]byte(ask)) {
			t.Errorf("%s: %s is no JSON", p.Name, ask)
		}
		if (p.Ask == "") != (p.Logprobs == Never) {
			t.Errorf("%s: log-probabilities %s, asked for by %q", p.Name, p.Logprobs, p.Ask)
		}
		if p.Source == "" {
			t.Errorf("%s: no source", p.Name)
		}
	}
}

func TestServersAreProviders(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range LocalServers {
		if !slices.ContainsFunc(Providers, func(p Provider) bool { return p.Name == s.Provider && p.Source == Recorded }) || seen[s.Provider] {
			t.Errorf("%s is no provider whose streams were recorded, or is there twice", s.Provider)
		}
		seen[s.Provider] = true
		if s.Version == "" || s.Start == "" || s.Install == "" && len(s.Notes) == 0 {
			t.Errorf("%s: %+v", s.Provider, s)
		}
	}
}
