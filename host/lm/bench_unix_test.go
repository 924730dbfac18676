//go:build unix

package lm

import (
	"syscall"
	"testing"
	"time"
)

// processor returns the processor time of this process. On a busy machine it measures work
// better than the clock.
func processor(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
