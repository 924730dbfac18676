// Package processes collects the test coverage of processes that a test starts.
package processes

import (
	"os"
	"strings"
)

// CountCoverage sets GOCOVERDIR to the folder in which `go test -cover` collects the coverage of
// this test binary. Processes of the same binary then write their coverage there, too. Without
// -cover there is no such folder. TestMain calls CountCoverage.
func CountCoverage() {
	for _, arg := range os.Args {
		if dir, ok := strings.CutPrefix(arg, "-test.gocoverdir="); ok {
			os.Setenv("GOCOVERDIR", dir) // the last flag counts, and go test sets the variable to the first
		}
	}
}
