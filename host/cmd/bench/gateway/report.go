package main

import (
	"fmt"
	"runtime"
)

const (
	saved   = "build/bench/gateway" // one file per part
	results = "host/cmd/bench/GATEWAY.md"
)

// write makes the report of all parts that were measured so far.
func (b *bench) write() error {
	var names []string
	for _, part := range parts {
		names = append(names, part.name)
	}
	return b.report.Write(results, fmt.Sprintf(`# The gateway, compared with a plain proxy and other gateways

Written by %[1]s; do not edit. The systems take turns in one run, each in a process of its own, with the
upstream and the client in another, on %[3]s, %[4]s/%[5]s, %[6]d CPUs. The machine may be shared (the load is that of one
minute, on these CPUs): trust the ratios. %[2]sfinece%[2]s is %[2]sfinece serve%[2]s with its default policy, annotate. The
command is documented in [gateway/main.go](gateway/main.go).
`, "`make bench-gateway`", "`", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), names)
}
