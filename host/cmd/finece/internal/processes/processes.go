// Package processes counts the coverage of the processes that a test starts.
package processes

import (
	"os"
	"strings"
)

// CountCoverage sets GOCOVERDIR to the folder where `go test -cover` collects
// what this test binary covers. Processes of the same binary then write theirs
// there. Without -cover there is no such folder. TestMain calls it.
func CountCoverage() {
	for _, arg := range os.Args {
		if dir, ok := strings.CutPrefix(arg, "-test.gocoverdir="); ok {
			os.Setenv("GOCOVERDIR", dir) // the last flag counts, and go test sets the variable to the first
		}
	}
}
