// Command main is only `finece demo`. `make demo` runs it: it links less code than the whole
// command, so the first build is faster.
package main

import (
	"os"

	"github.com/finece/finece/host/cmd/finece/internal/demo"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

func main() {
	cmd, err := demo.New().ExecuteC()
	os.Exit(exit.Report(cmd, err))
}
