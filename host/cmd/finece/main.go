// Command finece estimates, while a language model is still writing, how likely
// its answer is to be correct. Run `finece --help` for its commands.
//
// Each group of commands is a package under internal. So is each helper that several commands
// share.
package main

import (
	"os"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

func main() {
	cmd, err := newRoot().ExecuteC()
	os.Exit(exit.Report(cmd, err))
}
