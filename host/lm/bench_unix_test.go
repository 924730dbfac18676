//go:build unix

package lm

import (
	"syscall"
	"testing"
	"time"
)

// processor is the processor time that the process has had: on a machine that
// others use, work is better measured by it than by the clock.
func processor(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
