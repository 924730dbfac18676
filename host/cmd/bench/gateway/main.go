// Command gateway measures `finece serve` against a plain proxy and against other gateways, in
// one run, and writes host/cmd/bench/GATEWAY.md:
//
//	gateway                  everything
//	gateway burst faults     these parts: burst, adversarial, paced, memory, faults, leaving, open, long
//
// Every system runs in a process of its own. The upstream and the client are in this process, so
// that both read the same clock. The systems take turns in rounds, because other work on the
// machine then slows all of them. Many figures are ratios to ReverseProxy's in the same rounds.
// `make bench-gateway` installs the peers first (peers.sh) and runs it, from the repository's root.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/finece/finece/host/cmd/bench/internal/report"
)

func main() {
	var err error
	if args := os.Args[1:]; len(args) == 2 && args[0] == "reverse-proxy" {
		err = reverseProxy(args[1])
	} else {
		err = run(args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// parts are the parts of the measurement, in the order of the report.
var parts = []struct {
	name    string
	measure func(*bench) error
}{{"burst", burst}, {"adversarial", adversarial}, {"paced", pacedStreams}, {"memory", memory}, {"faults", faults}, {"leaving", leaving}, {"open", open}, {"long", long}}

// bench is a run.
type bench struct {
	upstream *upstream
	report   *report.Report
	running  []*system // the systems that parts share
}

func run(names []string) error {
	if out, err := exec.Command("go", "build", "-o", finece, "./host/cmd/finece").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	b := &bench{upstream: newUpstream(), report: report.New(saved)}
	defer b.upstream.Close()
	defer func() {
		for _, s := range b.running {
			s.stop()
		}
	}()
	for _, part := range parts {
		if len(names) > 0 && !slices.Contains(names, part.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring:", part.name)
		if err := part.measure(b); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := b.report.Save(part.name); err != nil {
			return err
		}
	}
	return b.write()
}

// all starts the systems once. A peer that is not installed is left out.
func (b *bench) all() ([]*system, error) {
	if b.running != nil {
		return b.running, nil
	}
	for _, s := range systems() {
		if err := s.start(b.upstream); err != nil {
			if s.short && errors.Is(err, os.ErrNotExist) {
				fmt.Fprintf(os.Stderr, "%s is not installed: run host/cmd/bench/gateway/peers.sh\n", s.name)
				continue
			}
			return nil, err
		}
		b.running = append(b.running, s)
	}
	return b.running, nil
}

// fresh runs f with a system in a new process.
func (b *bench) fresh(s *system, f func(*system) error) error {
	if err := s.start(b.upstream); err != nil {
		return err
	}
	defer s.stop()
	return f(s)
}
